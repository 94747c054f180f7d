package docs_test

import (
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the tests column of rules.md")

var (
	rule     = regexp.MustCompile(`^[A-Z][0-9]+$`)
	ruleText = regexp.MustCompile(`(?m)^- \*\*([A-Z][0-9]+)\*\* \S`)
	ruleRow  = regexp.MustCompile(`(?m)^\| ([A-Z][0-9]+) \| ([^|\n]*) \| ([^|\n]*) ?\|$`)
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

// rulesOf returns the rules that a test has in its name: B8 and B9 for TestB8_B9_RowsAreSorted.
func rulesOf(name string) []string {
	parts := strings.Split(testName.ReplaceAllString(name, ""), "_")
	end := slices.IndexFunc(parts, func(part string) bool { return !rule.MatchString(part) })
	if end < 0 {
		end = len(parts)
	}
	return parts[:end]
}

// testFiles returns the files with tests of each rule, sorted.
func testFiles(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	all := functions(t)
	for _, file := range slices.Sorted(maps.Keys(all)) {
		for _, name := range all[file] {
			for _, r := range rulesOf(name) {
				if !slices.Contains(files[r], file) {
					files[r] = append(files[r], file)
				}
			}
		}
	}
	return files
}

// cell returns links to files, as the table of rules.md has them.
func cell(files []string) string {
	links := make([]string, len(files))
	for i, file := range files {
		links[i] = fmt.Sprintf("[%s](../%s)", strings.TrimPrefix(file, "outgoing/"), file)
	}
	return strings.Join(links, ", ")
}

// without returns the rules that are not among others.
func without(rules, others []string) []string {
	return slices.DeleteFunc(slices.Clone(rules), func(r string) bool { return slices.Contains(others, r) })
}

func TestRulesAreThoseThatTestsProve(t *testing.T) {
	document, err := os.ReadFile("rules.md")
	require.NoError(t, err)
	text := string(document)
	tests := testFiles(t)
	if *update {
		text = ruleRow.ReplaceAllStringFunc(text, func(row string) string {
			column := ruleRow.FindStringSubmatch(row)
			return fmt.Sprintf("| %s | %s | %s |", column[1], column[2], cell(tests[column[1]]))
		})
		require.NoError(t, os.WriteFile("rules.md", []byte(text), 0o600))
	}

	var described, listed []string
	for _, match := range ruleText.FindAllStringSubmatch(text, -1) {
		described = append(described, match[1])
	}
	for _, row := range ruleRow.FindAllStringSubmatch(text, -1) {
		listed = append(listed, row[1])
		assert.Equal(t, cell(tests[row[1]]), strings.TrimSpace(row[3]), "the tests of %s: go test ./docs -update", row[1])
		code := link.FindAllStringSubmatch(row[2], -1)
		assert.NotEmpty(t, code, "%s: which file implements it?", row[1])
		for _, file := range code {
			assert.NotContains(t, file[2], "_test.go", "%s: a test in the code column", row[1])
			assert.Equal(t, path.Base(file[2]), path.Base(file[1]), "%s: the link says one file and leads to another", row[1])
		}
	}
	assert.Equal(t, described, listed, "the table has the rules above it, in their order")
	assert.Empty(t, without(slices.Sorted(maps.Keys(tests)), described), "tests have rules in their names that are not described")
	assert.Empty(t, without(described, slices.Collect(maps.Keys(tests))), "rules have no test")
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(described))), len(described), "a rule is described twice")
}

// Links to other hosts are not followed. A link whose text is the name of a test leads to a file with that test, or with
// tests whose names begin with that rule.
func TestEveryLinkOfADocumentLeadsToAFile(t *testing.T) {
	documents, err := filepath.Glob("../*.md")
	require.NoError(t, err)
	tests := functions(t)
	for _, document := range append(documents, "rules.md") {
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
