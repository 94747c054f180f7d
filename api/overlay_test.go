package api_test

import (
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	vendorFile    = "testdata/vendor-0.9.2.yaml"
	generatedFile = "../gen/outgoing.gen.go"
)

// generate runs the generator of gen/generate.go on another document.
func generate(t *testing.T, document string) (source, output string, err error) {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "vendor.yaml"), filepath.Join(dir, "out.go")
	require.NoError(t, os.WriteFile(in, []byte(document), 0o600))

	cmd := exec.CommandContext(t.Context(), "go", "run", "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen",
		"-config", "../oapi-codegen.yaml", "-o", out, in)
	cmd.Dir = "../gen"
	printed, err := cmd.CombinedOutput()
	if err != nil {
		return "", string(printed), err
	}
	code, err := os.ReadFile(out)
	require.NoError(t, err)
	return string(code), string(printed), nil
}

// exported gives what others can see of a Go file: one line for each declaration, with types and tags, without comments
// and bodies.
func exported(t *testing.T, source string) []string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "gen.go", source, parser.SkipObjectResolution)
	require.NoError(t, err)
	ast.FileExports(file)

	var lines []string
	for _, decl := range file.Decls {
		if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			continue
		}
		if f, ok := decl.(*ast.FuncDecl); ok {
			f.Body = nil
		}
		var text strings.Builder
		require.NoError(t, printer.Fprint(&text, fset, decl))
		lines = append(lines, strings.Join(strings.Fields(text.String()), " "))
	}
	require.NotEmpty(t, lines)
	return lines
}

func readVendor(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(vendorFile)
	require.NoError(t, err)
	return string(text)
}

func replaced(t *testing.T, document, before, after string) string {
	t.Helper()
	require.Equal(t, 1, strings.Count(document, before), "%q", before)
	return strings.Replace(document, before, after, 1)
}

func TestVendorDocumentGivesTheSameGoNamesAndTypes(t *testing.T) {
	committed, err := os.ReadFile(generatedFile)
	require.NoError(t, err)
	want := exported(t, string(committed))
	vendor := readVendor(t)

	tests := map[string]string{
		"as it is": vendor,
		"with operations and schemas that we do not use": replaced(t, replaced(t, vendor,
			"\npaths:\n", `
paths:
  /ping:
    get:
      operationId: ping
      responses:
        '200':
          description: pong
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Ping'
`),
			"\n  schemas:\n", `
  schemas:
    Ping:
      type: object
      properties:
        server_time:
          type: string
    Unused:
      type: object
`),
	}
	for name, document := range tests {
		t.Run(name, func(t *testing.T) {
			source, output, err := generate(t, document)
			require.NoError(t, err, output)
			assert.Equal(t, want, exported(t, source))
		})
	}
}

func TestOverlayThatNoLongerFitsIsNamed(t *testing.T) {
	_, output, err := generate(t, replaced(t, readVendor(t), "\n        price:\n", "\n        cost:\n"))
	require.Error(t, err)
	assert.Contains(t, output, "overlay.yaml")
	assert.Contains(t, output, "$.components.schemas.Message.properties.price")
}

func TestNewPropertyThatCanBeNullBecomesAPointer(t *testing.T) {
	source, output, err := generate(t, replaced(t, readVendor(t), "\n        price:\n", `
        delay:
          type: integer
          nullable: true
        price:
`))
	require.NoError(t, err, output)
	assert.Contains(t, strings.Join(exported(t, source), "\n"), "Delay *int `json:\"delay\"`")
}
