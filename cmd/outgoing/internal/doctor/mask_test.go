package doctor_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
)

// secrets may be in no report and no record.
var secrets = []string{token, "+48602987654", "48602987654", "602987654", "Salon Ewa", "wizyta-Kowalski-77", "Twoj kod to 9182"}

// spellings are the ways in which a secret may be hidden.
func spellings(secret string) []string {
	var escaped strings.Builder
	for _, r := range secret {
		fmt.Fprintf(&escaped, `\u%04x`, r)
	}
	return []string{
		secret, escaped.String(), url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte("user:" + secret)), strings.ToUpper(secret), strings.ToLower(secret),
	}
}

// leak returns the secret that is in a text in any spelling; "" if there is none.
func leak(text string) string {
	upper := strings.ToUpper(text)
	for _, secret := range secrets {
		for _, spelled := range spellings(secret) {
			if strings.Contains(upper, strings.ToUpper(spelled)) {
				return spelled
			}
		}
	}
	return ""
}

// planted are bodies with secrets in places where a gateway may have them, and in places where it should not.
func planted() []string {
	var bodies []string
	for _, secret := range slices.Concat(spellings(secrets[0]), spellings(secrets[1]), spellings(secrets[4]), spellings(secrets[5]), spellings(secrets[6])) {
		quoted := `"` + secret + `"`
		bodies = append(bodies,
			`[{"id":43456,"cid":`+quoted+`,"type":1,"recipient":`+quoted+`,"sender":`+quoted+`,"status_code":`+quoted+`,"status_description":`+quoted+
				`,"sent_date":`+quoted+`,"status_date":`+quoted+`,"unicode":`+quoted+`,"price":`+quoted+`,"parts":`+quoted+`}]`,
			`[{`+quoted+`:1,"x":{`+quoted+`:[`+quoted+`]},"id":`+quoted+`}]`,
			`{"type":`+quoted+`,"title":`+quoted+`,"detail":`+quoted+`,"code":`+quoted+`,"instance":"/rest/messages/`+secret+`","status":`+quoted+`}`,
			quoted, secret, `[`+quoted+`]`, `[`+quoted+`]`+secret,
			`{"detail":"not valid: `+secret+`","title":"`+strings.Join(strings.Split(secret, ""), " ")+`"}`,
			`{"type":"https://problems-registry.smartbear.com/`+secret+`"}`, "<html>"+secret+"</html>",
		)
	}
	return append(bodies,
		`[{"id":48602987654,"type":48602987654,"parts":602987654,"price":602987654,"x":48602987654,"unicode":602987654}]`,
		`[{"id":1,"price":602.987654},{"id":48602987654,"sent_date":"2026-01-01T00:00:00.602987654Z"}]`,
		`{"status":602987654,"detail":"+48 602 987 654","title":"602-987-654","code":"602-987"}`)
}

// answering gives some requests one answer, whatever they ask for, and then none: a fuzz target must be fast.
type answering struct {
	status  int
	header  http.Header
	body    string
	healthy int // so many requests are answered by a gateway first
	left    int // and then so many by this answer
	gateway http.RoundTripper
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.healthy > 0 {
		a.healthy--
		return a.gateway.RoundTrip(r)
	}
	if a.left--; a.left < 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		Status: a.body, StatusCode: a.status, Proto: a.body, ProtoMajor: 1, ProtoMinor: 1, Header: a.header.Clone(),
		Body: io.NopCloser(strings.NewReader(a.body)), Request: r,
	}, nil
}

// shown is all that an examination prints and records.
func shown(t testing.TB, transport http.RoundTripper) string {
	var all bytes.Buffer
	cfg := config(transport)
	cfg.Record = func(name string, answer []byte) error {
		all.WriteString(name + "\n" + string(answer) + "\n")
		return nil
	}
	for result := range doctor.Run(t.Context(), cfg) {
		line, err := json.Marshal(result)
		require.NoError(t, err)
		all.Write(line)
	}
	return all.String()
}

// Whatever an answer has in it, nothing that is printed or recorded has a token, a recipient, a sender, an ID of the
// caller's or a text in it.
func FuzzD3_D7_D8_NothingShownHasASecretInIt(f *testing.F) {
	for i, body := range planted() {
		header := []string{"X-Total-Results", "Location", "Retry-After", "Content-Type", "X-Sandbox", "Date", "RateLimit-Policy", "Link", "Server"}[i%9]
		f.Add(body, header, secrets[i%len(secrets)], []int{200, 404, 400, 401, 429}[i%5], i%3)
		if i%10 == 0 {
			f.Add(body, "X-"+url.PathEscape(secrets[i%len(secrets)]), "7", 200, 0)
		}
	}
	f.Fuzz(func(t *testing.T, body, name, value string, status, healthy int) {
		if status < 200 || status > 599 {
			status = 200
		}
		header := http.Header{"Content-Type": {"application/json"}}
		header.Add(name, value)
		synctest.Test(t, func(t *testing.T) {
			gateway := newTransport(t, sampled())
			all := shown(t, &answering{status, header, body, min(max(healthy, 0), 30), 8, gateway})
			assert.Empty(t, leak(all), "%s", all)
		})
	})
}

// The samples' own recipients, senders and IDs are not shown either.
func TestD3_ARecordHasNothingOfTheMessages(t *testing.T) {
	gateway := sampled()
	all := shown(t, newTransport(t, gateway))
	for id := int64(43456); id < 43456+samples; id++ {
		m, found := gateway.Message(id)
		require.True(t, found)
		assert.NotContains(t, all, strings.TrimPrefix(m.Recipient, "+"))
		assert.NotContains(t, all, strconv.FormatInt(id, 10))
		if m.CID != nil {
			assert.NotContains(t, all, *m.CID)
		}
		if m.Sender != nil {
			assert.NotContains(t, all, *m.Sender)
		}
	}
	assert.NotContains(t, all, token)
	assert.NotContains(t, all, "Bearer")
}
