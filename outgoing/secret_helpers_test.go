package outgoing_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// find walks everything that can be reached from v, unexported fields included, and returns the path to a string or a
// byte slice that holds one of these texts; "" if there is none.
func find(v any, texts ...string) string {
	w := walker{texts: texts, seen: make(map[visit]bool)}
	return w.walk(reflect.ValueOf(v), "it")
}

type walker struct {
	texts []string
	seen  map[visit]bool
}

type visit struct {
	at uintptr
	t  reflect.Type
	n  int
}

func (w *walker) holds(s string) bool {
	for _, text := range w.texts {
		if strings.Contains(s, text) {
			return true
		}
	}
	return false
}

func (w *walker) again(v reflect.Value, n int) bool {
	at := visit{v.Pointer(), v.Type(), n}
	defer func() { w.seen[at] = true }()
	return w.seen[at]
}

func (w *walker) walk(v reflect.Value, path string) string {
	switch v.Kind() {
	case reflect.String:
		if w.holds(v.String()) {
			return path
		}
	case reflect.Interface:
		return w.walk(v.Elem(), path)
	case reflect.Pointer:
		if !v.IsNil() && !w.again(v, 0) {
			return w.walk(v.Elem(), "(*"+path+")")
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if found := w.walk(v.Field(i), path+"."+v.Type().Field(i).Name); found != "" {
				return found
			}
		}
	case reflect.Map:
		if v.IsNil() || w.again(v, 0) {
			return ""
		}
		for _, key := range v.MapKeys() {
			if found := w.walk(key, path+".key") + w.walk(v.MapIndex(key), path+"["+key.String()+"]"); found != "" {
				return found
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice {
			if v.IsNil() || w.again(v, v.Len()) {
				return ""
			}
			if v.Type().Elem().Kind() == reflect.Uint8 {
				if whole := v.Slice(0, v.Cap()).Bytes(); w.holds(string(whole)) { // beyond the length, too
					return path
				}
				return ""
			}
		}
		for i := range v.Len() {
			if found := w.walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i)); found != "" {
				return found
			}
		}
	}
	return ""
}

// assertSecret checks that the token is nowhere in these values, in none of the spellings that a reader could undo.
func assertSecret(t testing.TB, token string, values ...any) {
	t.Helper()
	spellings := spell(token)
	for _, v := range values {
		assert.Empty(t, find(v, spellings...), "%T", v)
		texts := []string{fmt.Sprintf("%v", v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), fmt.Sprintf("%q", v)}
		if asJSON, err := json.Marshal(v); err == nil {
			texts = append(texts, string(asJSON))
		}
		if err, ok := v.(error); ok && err != nil {
			texts = append(texts, err.Error())
		}
		for _, text := range texts {
			assert.Empty(t, find(text, spellings...), "%.600s", text)
		}
	}
}

// spell writes a token in the ways in which servers write strings.
func spell(token string) []string {
	quoted, _ := json.Marshal(token)
	slashed := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "/", `\/`).Replace(token)
	all := []string{
		token,
		strings.Trim(string(quoted), `"`),            // Go: also < > &
		slashed,                                      // PHP
		url.QueryEscape(token),                       // %2B
		url.PathEscape(token),                        //
		html.EscapeString(token),                     // &#34; &amp;
		each(token, `\u%04x`), each(token, `\u%04X`), // .NET writes + so
		each(token, "%%%02x"), each(token, "%%%02X"),
		each(token, "&#%d;"), each(token, "&#x%x;"), each(token, "&#x%X;"),
		strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;", "'", "&#039;").Replace(token), // PHP
	}
	return all
}

// each writes all but letters and digits in another way, as encoders do.
func each(token, format string) string {
	var b strings.Builder
	for _, r := range token {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, format, r)
		}
	}
	return b.String()
}

// tokenClient is a client with this token, and a log of everything.
func tokenClient(t testing.TB, token string, transport http.RoundTripper) (*outgoing.Client, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	client, err := outgoing.New(token,
		outgoing.WithHTTPClient(&http.Client{Transport: transport}),
		outgoing.WithLogger(slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		outgoing.WithRetry(outgoing.Retry{MaxAttempts: 2, InitialInterval: 1, MaxElapsed: time.Minute}),
		outgoing.WithConcurrency(1))
	require.NoError(t, err)
	return client, log
}

// use calls everything, and returns all results and errors.
func use(t testing.TB, client *outgoing.Client) []any {
	t.Helper()
	got, err := client.GetByIDs(t.Context(), ids(2))
	all := []any{got, err}
	cancelled, err := client.CancelScheduled(t.Context(), ids(2))
	all = append(all, cancelled, err)
	page, err := client.List(t.Context(), outgoing.PageRequest{})
	all = append(all, page, err)
	for m, err := range client.All(t.Context()) {
		all = append(all, m, err)
	}
	for got, err := range client.StreamByIDs(t.Context(), func(yield func(int64) bool) { yield(7) }) {
		all = append(all, got, err)
	}
	return all
}

type failingBody struct{ err error }

func (b failingBody) Read([]byte) (int, error) { return 0, b.err }
func (b failingBody) Close() error             { return nil }
