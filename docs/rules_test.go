package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	rule     = regexp.MustCompile(`^[A-Z][0-9]+$`)
	ruleText = regexp.MustCompile(`(?m)^- \*\*([A-Z][0-9]+)\*\* \S`)
	link     = regexp.MustCompile("\\[`?([^]`]*)`?\\]\\(([^)#]*)(?:#[^)]*)?\\)")
	snippet  = regexp.MustCompile("(?s)```.*?```")
	testName = regexp.MustCompile(`^(?:Test|Fuzz|Benchmark|Example)`)
)

// functions returns the names of the tests, fuzz targets, benchmarks and examples of the repository, by file: the path
// from its root.
func functions(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	root := os.DirFS("..")
	require.NoError(t, fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(file, "_test.go"):
			return nil
		}
		source, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		found[file] = testsOf(parsed)
		return nil
	}))
	return found
}

// testsOf returns the names of a file's tests, fuzz targets, benchmarks and examples.
func testsOf(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && testName.MatchString(f.Name.Name) {
			names = append(names, f.Name.Name)
		}
	}
	return names
}

// rulesOf returns the rules that a test has in its name: B8 and B9 for TestB8_B9_RowsAreSorted.
func rulesOf(name string) []string {
	parts := strings.Split(testName.ReplaceAllString(name, ""), "_")
	end := slices.IndexFunc(parts, func(part string) bool { return !rule.MatchString(part) })
	if end < 0 {
		end = len(parts)
	}
	return parts[:end]
}

// without returns the rules that are not among others.
func without(rules, others []string) []string {
	return slices.DeleteFunc(slices.Clone(rules), func(r string) bool { return slices.Contains(others, r) })
}

func TestRulesAreThoseThatTestsProve(t *testing.T) {
	text, err := os.ReadFile("rules.md")
	require.NoError(t, err)
	var described, proved []string
	for _, match := range ruleText.FindAllStringSubmatch(string(text), -1) {
		described = append(described, match[1])
	}
	for _, tests := range functions(t) {
		for _, name := range tests {
			proved = append(proved, rulesOf(name)...)
		}
	}
	assert.Empty(t, without(proved, described), "tests have rules in their names that are not described")
	assert.Empty(t, without(described, proved), "rules have no test")
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(described))), len(described), "a rule is described twice")
}

// Links to other hosts are not followed. A link whose text is the name of a test leads to a file with that test, or with
// tests whose names begin with that rule.
func TestEveryLinkOfADocumentLeadsToAFile(t *testing.T) {
	documents, err := filepath.Glob("../*.md")
	require.NoError(t, err)
	pages, err := filepath.Glob("*.md")
	require.NoError(t, err)
	tests := functions(t)
	for _, document := range append(documents, pages...) {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, match := range link.FindAllStringSubmatch(snippet.ReplaceAllString(string(text), ""), -1) {
			name, target := match[1], match[2]
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			file := filepath.Join(filepath.Dir(document), filepath.FromSlash(target))
			assert.FileExists(t, file, "%s: [%s](%s)", document, name, target)
			if !testName.MatchString(name) {
				continue
			}
			begins := regexp.MustCompile("^" + regexp.QuoteMeta(name) + "([^0-9]|$)")
			file, err := filepath.Rel("..", file)
			require.NoError(t, err)
			found := slices.ContainsFunc(tests[filepath.ToSlash(file)], begins.MatchString)
			assert.True(t, found, "%s: there is no %s in %s", document, name, target)
		}
	}
}
