package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// needs skips the test where a program is not there, loudly; in CI, which installs it (.ci/run), the test fails.
func needs(t *testing.T, program, debianPackage string) {
	t.Helper()
	text := fmt.Sprintf("NOT TESTED: %s is not there (Debian's package %s)", program, debianPackage)
	if os.Getenv("CI") != "" {
		require.Fail(t, text)
	}
	fmt.Fprintf(os.Stderr, "\n*** %s: %s\n\n", t.Name(), text)
	t.Skip(text)
}

// cluster is a PostgreSQL that lives as long as the tests.
type cluster struct {
	dir   string
	cmd   *exec.Cmd
	stdin io.Closer
	err   error
}

// running is the cluster, if a test has started it.
var running *cluster

var startCluster = sync.OnceValue(func() *cluster {
	running = &cluster{}
	running.err = running.start()
	return running
})

// postgresProgram returns where Debian keeps it, which is not in PATH.
func postgresProgram(name string) string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) > 0 {
		return found[len(found)-1]
	}
	path, _ := exec.LookPath(name)
	return path
}

// start runs PostgreSQL on a socket in a directory of its own: as an ordinary user, since it refuses root.
func (c *cluster) start() error {
	var err error
	if c.dir, err = os.MkdirTemp("", "fleet-pg"); err != nil {
		return err
	}
	attributes := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 {
		ordinary, err := user.Lookup("postgres")
		if err != nil {
			if ordinary, err = user.Lookup("nobody"); err != nil {
				return err
			}
		}
		uid, _ := strconv.Atoi(ordinary.Uid)
		gid, _ := strconv.Atoi(ordinary.Gid)
		if err := os.Chown(c.dir, uid, gid); err != nil {
			return err
		}
		attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	data := filepath.Join(c.dir, "data")
	initdb := exec.Command(postgresProgram("initdb"), "-D", data, "-U", "fleet", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
	initdb.SysProcAttr, initdb.Dir = attributes, c.dir
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	// The shell ends PostgreSQL when its standard input does: so also if this process is killed.
	c.cmd = exec.Command("sh", "-c", `"$@" </dev/null & read -r _; kill -INT $!; wait`, "sh", postgresProgram("postgres"), "-D", data, "-k", c.dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=100")
	c.cmd.SysProcAttr, c.cmd.Dir = attributes, c.dir
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return err
	}
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		return err
	}
	for range 600 {
		db, err := sql.Open("pgx", c.url("postgres"))
		if err != nil {
			return err
		}
		err = db.Ping()
		_ = db.Close()
		if err == nil {
			return nil
		}
		<-time.After(50 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	return fmt.Errorf("PostgreSQL does not start:\n%s", text)
}

func (c *cluster) stop() {
	if c.cmd != nil && c.cmd.Process != nil {
		_ = c.stdin.Close()
		_ = c.cmd.Wait()
	}
	_ = os.RemoveAll(c.dir)
}

func (c *cluster) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {c.dir}, "user": {"fleet"}}.Encode()
}

// newPostgres returns the URL of an empty database.
func newPostgres(t *testing.T) string {
	t.Helper()
	if postgresProgram("postgres") == "" {
		needs(t, "PostgreSQL", "postgresql")
	}
	c := startCluster()
	require.NoError(t, c.err)
	db, err := sql.Open("pgx", c.url("postgres"))
	require.NoError(t, err)
	defer db.Close()
	name := strings.ToLower(strings.NewReplacer("/", "_", "#", "_", " ", "_").Replace(t.Name()))
	name = fmt.Sprintf("%.40s_%d", name, time.Now().UnixNano())
	_, err = db.ExecContext(context.Background(), `CREATE DATABASE "`+name+`"`)
	require.NoError(t, err)
	return c.url(name)
}
