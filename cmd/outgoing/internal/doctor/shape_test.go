package doctor_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/internal/fewer"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// shown is all that an examination prints and records.
func shown(t testing.TB, transport http.RoundTripper) string {
	var all bytes.Buffer
	cfg := config(transport)
	cfg.Record = func(name string, answer []byte) { all.WriteString(name + "\n" + string(answer) + "\n") }
	for result := range doctor.Run(t.Context(), cfg) {
		line, err := json.Marshal(result)
		require.NoError(t, err)
		all.Write(append(line, '\n'))
	}
	return all.String()
}

// canaries are values that may be nowhere in what is shown: words and numbers of every form that something else has.
var canaries = []string{
	"KANAREK", "kanarek", "Kanarek z Sali 7", "+48602987654", "48602987654", "602987654", "602 987 654", "602-987-654", "4860298-7654",
	"1977-06-05T04:03:02Z", "05.06.1977 04:03", "Sun, 05 Jun 1977 04:03:02 GMT", "KANAREK_ZLOTY", "602,98765", "kanarek@example.test",
	"<h1>Kanarek</h1>", `kan"arek`, "https://kanarek.test/?page=6029876&limit=kanarek", "Kanarek/602987654", "application/kanarek", token,
}

// leak returns what is left of a canary in what is shown; "" if nothing is.
func leak(text string) string {
	text = strings.ToLower(text)
	for _, trace := range []string{"kanarek", `kan\"arek`, "kan", "602987", "602 987", "602-987", "4860298", "60298", "1977", strings.ToLower(token)} {
		if strings.Contains(text, trace) {
			return trace
		}
	}
	return ""
}

// value is any JSON whose every string, number and name is a canary.
func value(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		canary := rapid.SampledFrom(canaries).Draw(t, "canary")
		kind := rapid.IntRange(0, 7).Draw(t, "kind")
		if depth == 0 {
			kind %= 5
		}
		switch kind {
		case 0:
			return rapid.SampledFrom([]string{"48602987654", "602987654", "602987.654", "6.02987654e8", "-602987654", "60298765448602987654"}).Draw(t, "number")
		case 1:
			return rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "word")
		case 5:
			return "[" + strings.Join(rapid.SliceOfN(value(depth-1), 0, 4).Draw(t, "array"), ",") + "]"
		case 6, 7:
			return object(t, depth)
		}
		quoted, _ := json.Marshal(canary)
		return string(quoted)
	})
}

var names = []string{
	"id", "cid", "type", "recipient", "sender", "parts", "sent_date", "status_date", "status_code", "status_description", "unicode", "flash", "price",
	"title", "status", "detail", "code", "instance", "0", "48602987654", "Kanarek", "kanarek_code", "KANAREK",
}

func object(t *rapid.T, depth int) string {
	var members []string
	for range rapid.IntRange(0, len(names)).Draw(t, "members") {
		members = append(members, strconv.Quote(rapid.SampledFrom(names).Draw(t, "name"))+":"+value(max(0, depth-1)).Draw(t, "value"))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// body is one of what a gateway may send.
func body(t *rapid.T) string {
	rows := make([]string, rapid.IntRange(0, 12).Draw(t, "rows"))
	row := object(t, 2)
	for i := range rows {
		rows[i] = row
		if i%4 == 3 {
			row = object(t, 2)
		}
		if rapid.Bool().Draw(t, "readable") {
			rows[i] = fmt.Sprintf(`{"id":%d,"status_code":"KANAREK","status_description":"The message has been accepted","sender":null,"kanarek":"x"}`, int64(4860298765400)+int64(i%20))
		}
	}
	list := "[" + strings.Join(rows, ",") + "]"
	return rapid.SampledFrom([]string{
		list, list, list, list[:len(list)/2], object(t, 2), value(3).Draw(t, "any"), "<html>Kanarek</html>", "Kanarek 602987654", "", "\xef\xbb\xbf" + list,
		`{"48602987654":` + row + `,"602987655":` + row + `}`, `{"type":"about:kanarek","title":"Kanarek","status":602987654,"code":"602-987","detail":"Kanarek"}`,
	}).Draw(t, "body")
}

// A gateway whose every string, number, name and header is a value of its own: none of them is shown.
func TestD3_D7_D8_NoValueOfAnAnswerIsShown(t *testing.T) {
	headers := []string{
		"Content-Type", "Date", "Link", "Retry-After", "X-Sandbox", "X-Total-Results", "X-Total-Pages", "X-Current-Page", "X-Limit", "X-Success-Count",
		"X-Error-Count", "RateLimit", "RateLimit-Policy", "X-RateLimit-Reset", "Server", "Location", "Set-Cookie", "X-Kanarek", "Www-Authenticate", "Kanarek",
	}
	fewer.Checks()
	rapid.Check(t, func(rt *rapid.T) {
		healthy := rapid.IntRange(0, 20).Draw(rt, "answers that are as they should be")
		content := body(rt)
		status := rapid.SampledFrom([]int{200, 200, 200, 200, 400, 401, 403, 404, 409, 429, 500, 503, 302, 206, 999}).Draw(rt, "status")
		header := http.Header{}
		for range rapid.IntRange(0, 12).Draw(rt, "headers") {
			canary := rapid.SampledFrom(canaries).Draw(rt, "value")
			canary = rapid.SampledFrom([]string{canary, url.QueryEscape(canary), "<" + canary + `>; rel="next"`, "limit=" + canary, "6029876"}).Draw(rt, "spelled")
			header.Add(rapid.SampledFrom(headers).Draw(rt, "header"), strings.ReplaceAll(canary, "\n", " "))
		}
		var all string
		synctest.Test(t, func(t *testing.T) {
			handler := changedGateway(newGateway(outgoingtest.SampleMessages(20)...), func(_ *http.Request, a *response) {
				if healthy--; healthy < 0 {
					*a = response{status, header.Clone(), content}
				}
			})
			all = shown(t, newTransport(t, handler))
		})
		if trace := leak(all); trace != "" {
			rt.Fatalf("%q is left of a canary in\n%s", trace, all)
		}
	})
}

func TestD3_ARecordHasNothingOfTheMessages(t *testing.T) {
	gateway := sampled()
	all := shown(t, newTransport(t, gateway))
	for id := int64(43456); id < 43456+samples; id++ {
		m, found := gateway.Message(id)
		require.True(t, found)
		assert.NotContains(t, all, strings.TrimPrefix(m.Recipient, "+"))
		assert.NotContains(t, all, strconv.FormatInt(id, 10))
		assert.NotContains(t, all, m.SentDate.Format(time.RFC3339))
		assert.NotContains(t, all, m.StatusDescription)
		for _, text := range []*string{m.CID, m.Sender} {
			if text != nil {
				assert.NotContains(t, all, *text)
			}
		}
	}
	assert.NotContains(t, all, token)
	assert.NotContains(t, all, "Bearer")
}

// What stands in status_code is shown if it can only be a status: a sender, a word of the text or a name there is not.
func TestD3_AStatusCodeThatMayBeAValueIsOnlyCounted(t *testing.T) {
	found := func(change func(i int, m *outgoing.Message)) doctor.Result {
		messages := outgoingtest.SampleMessages(samples)
		for i := range messages {
			change(i, &messages[i])
		}
		return examineTo(t, "status codes", newGateway(messages...))["status codes"]
	}
	for name, c := range map[string]struct {
		change func(i int, m *outgoing.Message)
		shown  bool
	}{
		"a status that no one knew": {func(i int, m *outgoing.Message) {
			if i%8 == 2 {
				m.StatusCode, m.StatusDescription = "NOT_REACHED", "The phone was off"
			}
		}, true},
		"a word that is there once": {func(i int, m *outgoing.Message) {
			if i == 2 {
				m.StatusCode, m.StatusDescription = "NOT_REACHED", "The phone was off"
			}
		}, false},
		"a sender in place of the code in some rows": {func(i int, m *outgoing.Message) {
			if i%8 < 2 {
				m.StatusCode, m.Sender = "NOT_REACHED", nil
			}
		}, false},
		"one sender in place of each code": {func(_ int, m *outgoing.Message) { m.StatusCode, m.Sender = "NOT_REACHED", nil }, false},
		"one sender and one text": {func(_ int, m *outgoing.Message) {
			m.StatusCode, m.StatusDescription, m.Sender = "NOT_REACHED", "Come on Monday", nil
		}, false},
		"a word that a sender has": {func(i int, m *outgoing.Message) {
			if i%8 == 2 {
				m.StatusCode, m.StatusDescription, m.Sender = "NOT_REACHED", "The phone was off", new("by not_reached")
			}
		}, false},
		"a text": {func(i int, m *outgoing.Message) {
			if i%8 == 2 {
				m.StatusCode, m.StatusDescription = "NOT_REACHED 602 987 654", "The phone was off"
			}
		}, false},
	} {
		result := found(c.change)
		assert.Equal(t, c.shown, strings.Contains(result.Seen, "NOT_REACHED"), "%s: %s", name, result.Seen)
		assert.Equal(t, c.shown, result.Verdict == doctor.OK, "%s: %s", name, result.Seen)
	}
}

// A record of the first answers can be served by anyone, and is read as the gateway's own were.
func TestD3_B9_ARecordIsReadAsTheAnswerWas(t *testing.T) {
	for _, c := range []struct{ row, recorded string }{
		{`{"id":"43456","price":"0,16","unicode":"TRUE","parts":"2"}`, `{"id":"1000000","price":"1,11","unicode":"false","parts":"1"}`},
		{`{"id":43456,"sent_date":"0000-00-00 00:00:00","flash":0}`, `{"id":1000000,"sent_date":"0000-00-00 00:00:00","flash":0}`},
		{`{"id":43456,"sent_date":"2026-01-05 10:10:48 +0200","flash":1}`, `{"id":1000000,"sent_date":"1111-11-11 11:11:11 +1111","flash":1}`},
		{`{"id":43456,"type":10,"status_code":"Salon Ewa","sender":12}`, `{"id":1000000,"type":10,"status_code":"text","sender":11}`},
		{`{"id":null,"error":{"title":"x"},"Ewa":[1],"recipient":["+48999000111"]}`, `{"id":null,"other1":{"title":"text"},"other2":[1],"recipient":["+11111111111"]}`},
	} {
		all := shown(t, newTransport(t, changed(func(_ *http.Request, a *response) {
			*a = response{http.StatusOK, http.Header{"Content-Type": {"application/json"}}, "[" + c.row + "]"}
		})))
		assert.Contains(t, all, "["+c.recorded+"]")
	}
}
