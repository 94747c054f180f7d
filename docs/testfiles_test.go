package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// subjectRow is a row of the table in CONTRIBUTING.md: a subject, what its tests prove, and the sources whose only tests
// these are.
var subjectRow = regexp.MustCompile("(?m)^\\| `([a-z]+)` \\| ([^|\\n]+) \\| ?([^|\\n]*)\\|$")

// libraryDirs returns the directories of the library's packages: outgoing, what is below it, and what these share.
func libraryDirs(t *testing.T) []string {
	t.Helper()
	dirs := []string{"outgoing", "internal/bearer", "internal/rows"}
	sources, err := filepath.Glob("../outgoing/*/*.go")
	require.NoError(t, err)
	for _, source := range sources {
		if dir := "outgoing/" + filepath.Base(filepath.Dir(source)); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// parseDir returns the Go files of a directory, by name.
func parseDir(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	files := map[string]*ast.File{}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		files[filepath.Base(name)] = file
	}
	return files
}

// subjectsOf returns the subjects of CONTRIBUTING.md, each with the sources that it lists.
func subjectsOf(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../CONTRIBUTING.md")
	require.NoError(t, err)
	subjects := map[string][]string{}
	for _, row := range subjectRow.FindAllStringSubmatch(string(text), -1) {
		subjects[row[1]] = regexp.MustCompile(`[a-z]+\.go`).FindAllString(row[3], -1)
	}
	require.NotEmpty(t, subjects)
	return subjects
}

// concernOf returns what a test file is about by its name: "watch" for watch_test.go and watch_simulation_test.go.
func concernOf(testFile string) string {
	name, _, _ := strings.Cut(testFile, "_")
	return name
}

func isHelpers(testFile string) bool {
	return strings.HasSuffix(testFile, "helpers_test.go") || strings.HasSuffix(testFile, "helpers_internal_test.go")
}

// hasCode reports whether a file declares a function.
func hasCode(file *ast.File) bool {
	return slices.ContainsFunc(file.Decls, func(decl ast.Decl) bool { _, ok := decl.(*ast.FuncDecl); return ok })
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

func TestEachSourceHasItsTestFile(t *testing.T) {
	subjects := subjectsOf(t)
	seen := map[string]bool{}
	for _, dir := range libraryDirs(t) {
		files := parseDir(t, dir)
		concerns := map[string]bool{}
		for name, file := range files {
			if !strings.HasSuffix(name, "_test.go") {
				continue
			}
			if isHelpers(name) {
				assert.Empty(t, testsOf(file), "%s/%s is for what tests use", dir, name)
				continue
			}
			concern := concernOf(name)
			concerns[concern] = true
			_, isSubject := subjects[concern]
			seen[concern] = true
			assert.True(t, isSubject || files[concern+".go"] != nil,
				"%s/%s is named after no source and no subject in CONTRIBUTING.md", dir, name)
		}
		for name, file := range files {
			concern := strings.TrimSuffix(name, ".go")
			if strings.HasSuffix(name, "_test.go") || !hasCode(file) {
				continue
			}
			isListed := slices.ContainsFunc(slices.Collect(maps.Values(subjects)), func(sources []string) bool {
				return slices.Contains(sources, name)
			})
			assert.NotEqual(t, concerns[concern], isListed,
				"%s/%s: either it has a test file of its name, or CONTRIBUTING.md lists it beside a subject", dir, name)
		}
	}
	for subject := range subjects {
		assert.True(t, seen[subject], "CONTRIBUTING.md: there is no %s_test.go", subject)
	}
}

// declared returns the package-level names of a file, without methods.
func declared(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				names = append(names, decl.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, spec.Name.Name)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

// usedFromElsewhere returns the names that a file uses and does not declare. Keys of struct literals are not among them.
func usedFromElsewhere(file *ast.File) map[string]bool {
	keys := map[*ast.Ident]bool{}
	ast.Inspect(file, func(node ast.Node) bool {
		if pair, ok := node.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok {
				keys[key] = true
			}
		}
		return true
	})
	used := map[string]bool{}
	for _, ident := range file.Unresolved { // go/types would have to load the whole package
		if !keys[ident] {
			used[ident.Name] = true
		}
	}
	return used
}

func TestWhatSeveralTestFilesUseIsInAHelpersFile(t *testing.T) {
	for _, dir := range libraryDirs(t) {
		files := parseDir(t, dir)
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if !strings.HasSuffix(name, "_test.go") || isHelpers(name) {
				continue
			}
			for _, helper := range declared(files[name]) {
				for _, user := range slices.Sorted(maps.Keys(files)) {
					if user != name && strings.HasSuffix(user, "_test.go") && files[user].Name.Name == files[name].Name.Name {
						assert.False(t, usedFromElsewhere(files[user])[helper], "%s/%s uses %s of %s", dir, user, helper, name)
					}
				}
			}
		}
	}
}
