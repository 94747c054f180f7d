package contract_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/contract"
	"github.com/gsmservice-gateway/client-go/internal/fewer"
)

// copied returns a copy of what a document is taken into.
func copied(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"api", "gen"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(repositoryRoot, name))))
	}
	config, err := os.ReadFile(filepath.Join(repositoryRoot, contract.ConfigFile))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, contract.ConfigFile), config, 0o600))
	return dir
}

// onlyInCI skips a test that compiles much, but for make ci.
func onlyInCI(t *testing.T) {
	t.Helper()
	if !fewer.Full() {
		t.Skip("make ci runs this, with OUTGOING_FULL=1")
	}
}

// contents returns the files of api/ and gen/, by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for _, name := range []string{"api", "gen"} {
		require.NoError(t, fs.WalkDir(os.DirFS(dir), name, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(filepath.Join(dir, path))
			files[path] = string(text)
			return err
		}))
	}
	return files
}

func documentNamed(t *testing.T, name string) []byte {
	t.Helper()
	i := slices.IndexFunc(documents, func(d document) bool { return d.name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return []byte(documents[i].edit(t, vendorDocument(t)))
}

func TestADocumentThatIsRefusedChangesNothing(t *testing.T) {
	dir := copied(t)
	before := contents(t, dir)
	for _, name := range []string{"a type gone", "an operation gone", "a property removed"} {
		spec := filepath.Join(t.TempDir(), "document.yaml")
		require.NoError(t, os.WriteFile(spec, documentNamed(t, name), 0o600))
		repository, err := contract.Open(dir)
		require.NoError(t, err)
		report, err := repository.Update(t.Context(), spec)
		require.ErrorContains(t, err, "was not taken in, and nothing was changed", name)
		assert.Contains(t, report, ": was ", "it says what changed")
		assert.Equal(t, before, contents(t, dir), name)
	}
}

func TestInstallReplacesFilesOnlyIfAllCanBeWritten(t *testing.T) {
	dir := copied(t)
	before := contents(t, dir)
	_, err := contract.Install(dir, map[string][]byte{contract.ContractFile: []byte("new"), "nowhere/file": []byte("new")})
	require.Error(t, err)
	assert.Equal(t, before, contents(t, dir))

	changed, err := contract.Install(dir, map[string][]byte{
		contract.ContractFile: []byte("new"), contract.VendorFile: []byte(before[contract.VendorFile]),
	})
	require.NoError(t, err)
	assert.Equal(t, []string{contract.ContractFile}, changed)
	before[contract.ContractFile] = "new"
	assert.Equal(t, before, contents(t, dir))
}

// So make verify, which makes the contract from what was taken in, finds it as it is written.
func TestWhatWasTakenInGivesTheSameContractAgain(t *testing.T) {
	for _, name := range []string{"paths renamed", "a new type first", "a header renamed", "limits moved to 100"} {
		dir := copied(t)
		first, err := open(t).Derive(documentNamed(t, name))
		require.NoError(t, err)
		_, err = contract.Install(dir, map[string][]byte{contract.VendorFile: first.Vendor, contract.ContractFile: first.Contract})
		require.NoError(t, err)
		repository, err := contract.Open(dir)
		require.NoError(t, err)
		again, err := repository.Derive(first.Vendor)
		require.NoError(t, err)
		assert.Empty(t, again.Changes, name)
		assert.Equal(t, string(first.Contract), string(again.Contract), name)
		assert.Equal(t, string(first.Vendor), string(again.Vendor), name)
	}
}

// compiled runs the generator, and the compiler on all packages.
func compiled(t *testing.T, name string) (code string, err error) {
	t.Helper()
	onlyInCI(t)
	repository := open(t)
	derived, err := repository.Derive(documentNamed(t, name))
	require.NoError(t, err)
	made, err := repository.GenerateCode(t.Context(), derived.ForGo, true)
	return string(made), err
}

func TestDocumentsWithTheSameFactsGiveTheSameCode(t *testing.T) {
	want, err := compiled(t, "the vendor's document")
	require.NoError(t, err)
	for _, name := range []string{"types in another order", "other servers, no examples, no int64, floats, 25 operations"} {
		got, err := compiled(t, name)
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
	}
}

func TestASchemaWithTheNameOfAGoTypeOfOursCompiles(t *testing.T) {
	code, err := compiled(t, "a schema Price of the vendor's own")
	require.NoError(t, err)
	assert.NotContains(t, code, "type Price")
	assert.Regexp(t, "Price +Price +`json:\"price\"`", code)
}

func TestANewTypeIsNamedAfterItsValue(t *testing.T) {
	code, err := compiled(t, "a new type first")
	require.NoError(t, err)
	for _, constant := range []string{"MessageType7 += 7", "MessageTypeSMSPro += 1", "MessageTypeSMSEco += 3", "MessageTypeSMSTwoWay += 4", "MessageTypeMMS += 10"} {
		assert.Regexp(t, strings.Replace(constant, " +=", " +MessageType =", 1)+`\n`, code)
	}
}

func TestCodeThatDoesNotCompileIsRefused(t *testing.T) {
	_, err := compiled(t, "a property with another type")
	require.ErrorContains(t, err, "the code does not compile with it")
}
