package docs_test

import (
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

var (
	ruleRow  = regexp.MustCompile(`(?m)^\| ([A-Z]\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$`)
	link     = regexp.MustCompile(`\]\(([^)]+)\)`)
	testName = regexp.MustCompile(`(?m)^func (?:Test|Benchmark)((?:[BCEHMPRSU]\d{1,2}_?)+)(?:_|\()`)
	ruleName = regexp.MustCompile(`[A-Z]\d+`)
)

// TestRulesAndTestsAgree holds docs/rules.md against the names of the tests in the repository.
func TestRulesAndTestsAgree(t *testing.T) {
	document, err := os.ReadFile("rules.md")
	require.NoError(t, err)
	tested := testedRules(t)
	listed := make(map[string]bool)
	for _, row := range ruleRow.FindAllStringSubmatch(string(document), -1) {
		rule, code, tests := row[1], row[2], row[3]
		assert.False(t, listed[rule], "%s stands in rules.md twice", rule)
		listed[rule] = true
		for _, file := range targets(code) {
			assert.FileExists(t, file, "%s: the code", rule)
		}
		assert.Equal(t, slices.Sorted(maps.Keys(tested[rule])), targets(tests), "%s: the files with a test that names it", rule)
		assert.NotEmpty(t, tested[rule], "%s has no test", rule)
	}
	assert.NotEmpty(t, listed)
	for rule, files := range tested {
		assert.True(t, listed[rule], "%s is named by tests in %v, and is not in rules.md", rule, slices.Sorted(maps.Keys(files)))
	}
}

// targets returns where the links of a cell point.
func targets(cell string) []string {
	var files []string
	for _, m := range link.FindAllStringSubmatch(cell, -1) {
		files = append(files, m[1])
	}
	return files
}

// testedRules returns the files, relative to this folder, whose tests name each rule.
func testedRules(t *testing.T) map[string]map[string]bool {
	t.Helper()
	tested := make(map[string]map[string]bool)
	require.NoError(t, fs.WalkDir(os.DirFS(".."), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		source, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(file)))
		for _, name := range testName.FindAllStringSubmatch(string(source), -1) {
			for _, rule := range ruleName.FindAllString(name[1], -1) {
				if tested[rule] == nil {
					tested[rule] = make(map[string]bool)
				}
				tested[rule][path.Join("..", file)] = true
			}
		}
		return err
	}))
	return tested
}
