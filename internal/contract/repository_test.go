package contract_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/contract"
	"github.com/gsmservice-gateway/client-go/internal/fewer"
)

const repositoryRoot = "../.."

var openOnce = sync.OnceValues(func() (*contract.Repository, error) { return contract.Open(repositoryRoot) })

func open(t *testing.T) *contract.Repository {
	t.Helper()
	repository, err := openOnce()
	require.NoError(t, err)
	return repository
}

// leftOut reports whether the ith of some cases is not tried: all are in make ci, each step-th by default, and fewer with -race.
func leftOut(i, step int) bool {
	if fewer.Raced {
		step *= 4
	}
	return i%step > 0 && !fewer.Full()
}

func texts(changes []contract.Change) []string {
	var lines []string
	for _, change := range changes {
		lines = append(lines, change.Text)
	}
	return lines
}

// assertLines compares the texts of changes with patterns in which "..." stands for anything.
func assertLines(t *testing.T, patterns []string, changes []contract.Change) {
	t.Helper()
	lines := texts(changes)
	if !assert.Len(t, lines, len(patterns), strings.Join(lines, "\n")) {
		return
	}
	for i, pattern := range patterns {
		assert.Regexp(t, "^"+strings.ReplaceAll(regexp.QuoteMeta(pattern), `\.\.\.`, ".*")+"$", lines[i])
	}
}

func TestEachChangeOfADocumentIsOneLine(t *testing.T) {
	t.Parallel()
	for i, d := range documents {
		if leftOut(i, 3) {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			derived, err := open(t).Derive([]byte(d.edit(t, vendorDocument(t))))
			assertLines(t, d.changes, derived.Changes)
			switch {
			case d.refused == "", strings.Contains(d.refused, "compile"): // what compiles is another test
				require.NoError(t, err)
			default:
				require.ErrorContains(t, err, d.refused)
			}
		})
	}
}

// A document that states the same facts gives a contract that is valid and has its examples, whatever else it has.
func TestADocumentWithTheSameFactsGivesAWholeContract(t *testing.T) {
	t.Parallel()
	for i, d := range documents {
		if leftOut(i, 3) {
			continue
		}
		if slices.ContainsFunc(d.changes, func(line string) bool { return !strings.HasPrefix(line, "server ") }) { // the contract has its own
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			derived, err := open(t).Derive([]byte(d.edit(t, vendorDocument(t))))
			require.NoError(t, err)
			doc, err := openapi3.NewLoader().LoadFromData(derived.Contract)
			require.NoError(t, err)
			require.NoError(t, doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation()))
			assert.Len(t, doc.Paths.Map(), 2)
			assert.Equal(t, "https://api.szybkisms.pl/rest", doc.Servers[0].URL)
			assert.NotContains(t, string(derived.Contract), "x-codeSamples")
			for _, item := range doc.Paths.Map() {
				for id, op := range item.Operations() {
					assert.NotNil(t, op.Responses.Value("200").Value.Content["application/json"].Example, id)
				}
			}
		})
	}
}

func TestTakingADocumentInTwiceChangesNothing(t *testing.T) {
	repository := open(t)
	first, err := repository.Derive([]byte(vendorDocument(t)))
	require.NoError(t, err)
	second, err := repository.Derive(first.Vendor)
	require.NoError(t, err)
	assert.Equal(t, string(first.Vendor), string(second.Vendor))
	assert.Equal(t, string(first.Contract), string(second.Contract))
}

// Servers are facts of the document, and not taken from it.
func TestADerivedContractSaysWhetherTheCodeHasToFollow(t *testing.T) {
	for name, want := range map[string]bool{
		"the vendor's document": false, "a new type first": true, "limits moved to 100": true,
		"other servers, no examples, no int64, floats, 25 operations": false,
	} {
		derived, err := open(t).Derive(documentNamed(t, name))
		require.NoError(t, err)
		assert.Equal(t, want, derived.Outdated, name)
	}
}

func TestServersThatAreNotTakenAreNamed(t *testing.T) {
	derived, err := open(t).Derive([]byte(replaced("https://api.gsmservice.pl/rest", "https://gateway.example/v3")(t, vendorDocument(t))))
	require.NoError(t, err)
	assertLines(t, []string{
		`server 1: was "https://api.gsmservice.pl/rest", is "https://gateway.example/v3" (...)`,
		`server 2: was "https://api.gsmservice.pl/rest-sandbox", is "https://gateway.example/v3-sandbox" (...)`,
	}, derived.Changes)
	assert.NotContains(t, string(derived.Contract), "gateway.example")
}

// Servers of single operations would change the URLs, and no addition takes them out.
func TestAServerOfAnOperationIsAChange(t *testing.T) {
	derived, err := open(t).Derive([]byte(replaced("      operationId: listMessages\n",
		"      operationId: listMessages\n      servers: [{url: 'https://history.example'}]\n")(t, vendorDocument(t))))
	require.NoError(t, err)
	assertLines(t, []string{`listMessages: was "GET /messages", is "GET /messages, servers 1 url https://history.example" (...)`}, derived.Changes)
}

// What only other operations state is not said of one that states nothing.
func TestAnOperationDoesNotTakeWhatOnlyOthersState(t *testing.T) {
	derived, err := open(t).Derive([]byte(changedTree(func(d tree) {
		for _, op := range []object{d.get(), d.cancel()} {
			op["servers"], op["security"] = d.root["servers"], d.root["security"]
		}
		delete(d.root, "servers")
		delete(d.root, "security")
	})(t, vendorDocument(t))))
	require.NoError(t, err)
	assertLines(t, []string{
		`listMessages: was "GET /messages", is "GET /messages, servers 1 url /" (...)`,
		`listMessages security: was "http bearer", is "none" (...)`,
	}, derived.Changes)
}
