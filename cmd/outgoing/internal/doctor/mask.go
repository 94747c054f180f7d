package doctor

import (
	"bytes"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What an answer says is shown only if it is on a list of what is harmless: members and headers by name, and then only
// values of the form that they should have. Everything else is masked.

const masked = "masked"

// masker masks the answers of one examination.
type masker struct {
	tokens  []string
	firstID int64 // the first that was seen; 0 before
}

// hide makes sure that a token is not in what is shown, even if the gateway puts it where a harmless value should be.
func (m *masker) hide(token string) {
	if token != "" && !slices.Contains(m.tokens, token) {
		m.tokens = append(m.tokens, token)
	}
}

// maskedAnswer is what of an answer may be kept.
type maskedAnswer struct {
	status, body string
	header       http.Header
}

func (m *masker) answer(a *answer) maskedAnswer {
	return maskedAnswer{
		status: strings.TrimSpace(fmt.Sprintf("%s %d %s", httpVersion(a.proto), a.status, http.StatusText(a.status))),
		header: m.headers(a),
		body:   m.body(a),
	}
}

// httpVersion has a minor version, which http.ReadResponse wants.
func httpVersion(proto string) string {
	if !strings.Contains(proto, ".") {
		return proto + ".0"
	}
	return proto
}

// bytes is the answer as a file like those in testdata.
func (a maskedAnswer) bytes() []byte {
	var b bytes.Buffer
	b.WriteString(a.status + "\n")
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		for _, value := range a.header[name] {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	b.WriteString("Connection: close\n\n" + a.body)
	return b.Bytes()
}

// key is the same for answers that differ only in when they were sent.
func (a maskedAnswer) key() string {
	a.header = maps.Clone(a.header)
	delete(a.header, "Date")
	return string(a.bytes())
}

// mediaTypes are the types of bodies that are named.
var mediaTypes = map[string]bool{
	"application/json": true, "application/problem+json": true, "text/json": true, "text/html": true, "text/plain": true,
	"application/xml": true, "text/xml": true, "application/problem+xml": true, "application/octet-stream": true,
}

// countHeaders hold a number.
var countHeaders = []string{
	"X-Success-Count", "X-Error-Count", "X-Total-Results", "X-Total-Pages", "X-Current-Page", "X-Limit",
}

// limitHeaders say how many requests are allowed.
var limitHeaders = []string{
	"Ratelimit", "Ratelimit-Policy", "Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset",
	"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Ratelimit-Used", "X-Ratelimit-Policy",
	"X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", "Retry-After",
}

// namedHeaders are shown as masked, so that one sees that they are there; what is not on any list is left out.
var namedHeaders = []string{
	"Server", "Cache-Control", "Vary", "Via", "Location", "Www-Authenticate", "Allow", "Content-Encoding", "Content-Language",
	"Etag", "Strict-Transport-Security", "Set-Cookie", "X-Request-Id", "X-Powered-By", "Last-Modified", "Expires",
}

func (m *masker) headers(a *answer) http.Header {
	kept := http.Header{}
	for name, values := range a.header {
		name = http.CanonicalHeaderKey(name)
		for _, value := range values {
			if shown := maskHeader(name, strings.TrimSpace(value)); shown != "" {
				kept.Add(name, m.withoutToken(shown))
			}
		}
	}
	if link := maskLink(a); link != "" {
		kept.Set("Link", link)
	}
	for _, values := range kept {
		slices.Sort(values)
	}
	return kept
}

// maskHeader returns what may be shown of a header's value; "" leaves it out.
func maskHeader(name, value string) string {
	switch {
	case name == "Content-Type":
		mediaType, params, err := mime.ParseMediaType(value)
		if err != nil || !mediaTypes[mediaType] {
			return masked
		}
		if strings.EqualFold(params["charset"], "utf-8") {
			mediaType += "; charset=utf-8"
		}
		return mediaType
	case name == "Date":
		return maskHTTPDate(value)
	case name == "X-Sandbox":
		return maskFlag(value)
	case slices.Contains(countHeaders, name):
		return maskCount(value)
	case slices.Contains(limitHeaders, name):
		return maskLimit(value)
	case slices.Contains(namedHeaders, name):
		return masked
	}
	return ""
}

func maskHTTPDate(value string) string {
	if date, err := http.ParseTime(value); err == nil {
		return date.UTC().Format(http.TimeFormat)
	}
	return masked
}

// maskCount lets numbers pass that are shorter than any phone number.
func maskCount(value string) string {
	if n, err := strconv.Atoi(value); err == nil && n >= 0 && n < maxShownCount {
		return strconv.Itoa(n)
	}
	return masked
}

const maxShownCount = 1_000_000

// count is a number of the gateway's, for people.
func count(n int) string {
	if n >= maxShownCount {
		return "a million or more"
	}
	return strconv.Itoa(n)
}

// rowCount is a number of rows, for people.
func rowCount(n int) string {
	if n == 1 {
		return "1 row"
	}
	return count(n) + " rows"
}

// maskFlag lets the usual spellings of a boolean pass.
func maskFlag(value string) string {
	switch strings.ToLower(value) {
	case "true", "false", "1", "0", "yes", "no", "on", "off", "t", "f", "y", "n":
		return value
	}
	return masked
}

var limitWord = regexp.MustCompile(`[0-9]+|[A-Za-z]+|[^0-9A-Za-z]`)

// maskLimit lets a date pass, short numbers, and the words and signs of RateLimit headers.
func maskLimit(value string) string {
	if date := maskHTTPDate(value); date != masked {
		return date
	}
	digits := 0
	for _, word := range limitWord.FindAllString(value, -1) {
		isNumber := word[0] >= '0' && word[0] <= '9'
		if isNumber {
			digits += len(word)
		}
		isSign := strings.Trim(word, ` ;,="`) == ""
		if !isNumber && !isSign && !slices.Contains([]string{"limit", "remaining", "reset", "policy", "w", "q", "r", "t"}, word) {
			return masked
		}
	}
	if digits > 20 || longestNumber(value) > 6 {
		return masked
	}
	return value
}

func longestNumber(value string) int {
	longest := 0
	for _, word := range limitWord.FindAllString(value, -1) {
		if word[0] >= '0' && word[0] <= '9' {
			longest = max(longest, len(word))
		}
	}
	return longest
}

// maskLink writes the links anew, with their pages and limits only.
func maskLink(a *answer) string {
	links := a.says().Links
	var parts []string
	for _, link := range []struct{ rel, target string }{{"first", links.First}, {"prev", links.Prev}, {"next", links.Next}, {"last", links.Last}} {
		if link.target == "" {
			continue
		}
		page, limit := linked(link.target)
		parts = append(parts, fmt.Sprintf(`</messages?page=%s&limit=%s>; rel="%s"`, maskCount(page), maskCount(limit), link.rel))
	}
	return strings.Join(parts, ", ")
}

// linked returns the page and the limit of a link.
func linked(target string) (page, limit string) {
	u, err := url.Parse(target)
	if err != nil {
		return "", ""
	}
	return u.Query().Get("page"), u.Query().Get("limit")
}

// withoutToken is the last look at what is shown.
func (m *masker) withoutToken(shown string) string {
	for _, token := range m.tokens {
		if len(token) >= 4 && strings.Contains(strings.ToLower(shown), strings.ToLower(token)) {
			return quoteLike(shown)
		}
	}
	return shown
}

// text is withoutToken for a sentence of a report, which keeps its other words.
func (m *masker) text(s string) string {
	for _, token := range m.tokens {
		if len(token) >= 8 { // a shorter one is in too many words
			s = strings.ReplaceAll(s, token, masked)
		}
	}
	return s
}

// quoteLike masks a value and keeps its kind.
func quoteLike(shown string) string {
	switch {
	case strings.HasPrefix(shown, `"`):
		return quote(masked)
	case shown != "" && (shown[0] >= '0' && shown[0] <= '9' || shown[0] == '-'):
		return "0"
	}
	return masked
}
