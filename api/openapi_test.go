// Package api_test proves what the rest of the module takes for granted about the contract in this folder.
package api_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/contract"
)

const root = ".."

func open(t *testing.T) *contract.Repository {
	t.Helper()
	repository, err := contract.Open(root)
	require.NoError(t, err)
	return repository
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	require.NoError(t, err)
	return string(text)
}

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(read(t, contract.ContractFile)))
	require.NoError(t, err)
	return doc
}

func TestContractStatesWhatTheCodeDependsOn(t *testing.T) {
	repository := open(t)
	for _, change := range repository.Expected.Diff(repository.Expected.Facts, repository.Contract.Facts()) {
		t.Errorf("%s and %s differ, and so will the code that depends on it:\n%s", contract.ContractFile, contract.FactsFile, change.Text)
	}
}

func TestFilesThatDependOnFactsExist(t *testing.T) {
	expected := open(t).Expected
	require.NotEmpty(t, expected.Files)
	for _, files := range expected.Files {
		for file := range strings.SplitSeq(files, ", ") {
			assert.FileExists(t, filepath.Join(root, filepath.FromSlash(file)))
		}
	}
}

// So a fact that no document states is in api/additions.yaml, with its source, and not slipped into the contract.
func TestContractIsTheVendorDocumentWithTheAdditions(t *testing.T) {
	derived, err := open(t).Derive([]byte(read(t, contract.VendorFile)))
	require.NoError(t, err)
	const remedy = "make generate SPEC=" + contract.VendorFile + " writes it so, with the words that it has"
	assert.Equal(t, string(derived.Contract), read(t, contract.ContractFile), remedy)
	assert.Equal(t, string(derived.Vendor), read(t, contract.VendorFile), remedy)
}

func TestContractIsValidAndItsExamplesFit(t *testing.T) {
	require.NoError(t, load(t).Validate(t.Context(),
		openapi3.EnableExamplesValidation(),
		openapi3.EnableSchemaFormatValidation(),
		openapi3.EnableSchemaPatternValidation(),
		openapi3.EnableSchemaDefaultsValidation(),
	))
}

func TestContractIsFreeOfGo(t *testing.T) {
	text := read(t, contract.ContractFile)
	assert.NotContains(t, text, "x-go")
	assert.NotContains(t, text, "x-oapi-codegen")
	assert.NotContains(t, text, "x-order")
	assert.NotRegexp(t, `(?i)\bgolang\b`, text)
}

func TestContractNamesAContact(t *testing.T) {
	contact := load(t).Info.Contact
	require.NotNil(t, contact)
	assert.NotEmpty(t, contact.Name)
	assert.NotEmpty(t, contact.URL)
}

// operation returns an operation, and skips the test if the contract has none, which TestContractStatesWhatTheCodeDependsOn says.
func operation(t *testing.T, id string) *openapi3.Operation {
	t.Helper()
	for _, item := range load(t).Paths.Map() {
		for _, op := range item.Operations() {
			if op.OperationID == id {
				return op
			}
		}
	}
	t.Skipf("the contract has no %s", id)
	return nil
}

// examples returns the rows and the headers of the example of an operation, as far as the contract has them.
func examples(t *testing.T, id string) (rows []map[string]any, headers map[string]any) {
	t.Helper()
	response := operation(t, id).Responses.Value("200")
	if response == nil || response.Value.Content["application/json"] == nil {
		t.Skipf("%s answers otherwise", id)
	}
	headers = make(map[string]any)
	for name, header := range response.Value.Headers {
		if header.Value.Example != nil {
			headers[name] = header.Value.Example
		}
	}
	list, _ := response.Value.Content["application/json"].Example.([]any)
	for _, item := range list {
		row, _ := item.(map[string]any)
		rows = append(rows, row)
	}
	return rows, headers
}

func TestExamplesOfACancelAgree(t *testing.T) {
	rows, headers := examples(t, "cancelMessages")
	cancelled := 0
	for _, row := range rows {
		if row["status"] == 204.0 {
			cancelled++
		}
	}
	assert.EqualValues(t, cancelled, headers["X-Success-Count"])
	assert.EqualValues(t, len(rows)-cancelled, headers["X-Error-Count"])
}

func TestExamplesOfALookUpAgree(t *testing.T) {
	rows, headers := examples(t, "getMessages")
	assert.EqualValues(t, len(rows), headers["X-Success-Count"])
	assert.EqualValues(t, 0, headers["X-Error-Count"])
}

func TestExamplesOfAPageAgree(t *testing.T) {
	rows, headers := examples(t, "listMessages")
	number := func(name string) int {
		n, ok := headers[name].(float64)
		if !ok {
			t.Skipf("the contract has no %s", name) // which TestContractStatesWhatTheCodeDependsOn says
		}
		return int(n)
	}
	limit, total, current := number("X-Limit"), number("X-Total-Results"), number("X-Current-Page")
	pages := (total + limit - 1) / limit
	assert.Equal(t, pages, number("X-Total-Pages"))
	assert.Len(t, rows, min(limit, total-(current-1)*limit))
	assert.Contains(t, headers["Link"], fmt.Sprintf(`page=%d&limit=%d>; rel="next"`, current+1, limit))
	assert.Contains(t, headers["Link"], fmt.Sprintf(`page=%d&limit=%d>; rel="last"`, pages, limit))

	for name, want := range map[string]int{"page": current, "limit": limit} {
		if p := operation(t, "listMessages").Parameters.GetByInAndName("query", name); p != nil {
			assert.EqualValues(t, want, p.Example, name)
		}
	}
}

// No document states another status, and an example reads like one.
func TestExamplesHaveOnlyStatusesThatADocumentStates(t *testing.T) {
	for _, id := range []string{"getMessages", "listMessages"} {
		rows, _ := examples(t, id)
		require.NotEmpty(t, rows, id)
		for _, row := range rows {
			assert.Contains(t, []any{"QUEUED", "SCHEDULED"}, row["status_code"])
		}
	}
}
