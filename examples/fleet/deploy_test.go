package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// systemd checks the unit, with a program that is there.
func TestTheUnitIsValid(t *testing.T) {
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("NOT TESTED: systemd-analyze is not there")
	}
	unit, err := os.ReadFile("fleet.service")
	require.NoError(t, err)
	text := strings.ReplaceAll(string(unit), "/usr/local/bin/fleet", os.Args[0])
	file := filepath.Join(t.TempDir(), "fleet.service")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	output, err := exec.CommandContext(t.Context(), verify, "verify", "--man=no", "--recursive-errors=no", file).CombinedOutput()
	require.NoError(t, err, string(output))
	assert.Empty(t, string(output))
}

// The flags of the unit and of the image are some that there are.
func TestTheUnitAndTheImageStartTheProgramWithFlagsThatItHas(t *testing.T) {
	unit, err := os.ReadFile("fleet.service")
	require.NoError(t, err)
	image, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	_, fromUnit, ok := strings.Cut(string(unit), "ExecStart=/usr/local/bin/fleet ")
	require.True(t, ok)
	fromUnit, _, _ = strings.Cut(fromUnit, "\n")
	_, fromImage, ok := strings.Cut(string(image), `ENTRYPOINT ["/fleet", `)
	require.True(t, ok)
	fromImage = strings.NewReplacer(`"`, "", ",", "", "\\", "", "]", "").Replace(fromImage)
	for _, args := range []string{fromUnit, fromImage} {
		fields := strings.Fields(strings.ReplaceAll(args, "/etc/fleet/", filepath.Dir(writeToken(t, "a-token"))+"/"))
		for i, arg := range fields {
			if strings.HasSuffix(arg, "-token") {
				fields[i] = writeToken(t, "a-token")
			}
		}
		_, err := parseFlags(fields)
		assert.NoError(t, err, args)
	}
}
