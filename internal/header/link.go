package header

import (
	"net/url"
	"regexp"
	"strings"
)

// Links are the targets of a Link header (RFC 8288) by their relation types, as absolute URIs; "" if absent.
type Links struct{ First, Prev, Next, Last string }

// The grammar of RFC 8288, section 3, and what its appendix B.3 makes of a value that breaks it: a quote may be left open, and
// what stands between the parameters and the next comma is passed over.
var (
	linkValue = regexp.MustCompile(`^[ \t,]*<([^>]*)>((?:` + parameter + `)*)[^,]*`)
	linkParam = regexp.MustCompile(parameter)
	escaped   = regexp.MustCompile(`(?s)\\(.)`)
)

const parameter = `(?s)[ \t]*;([^=;,]*)(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)(?:"|\\?$)|([^;,]*)))?`

// ParseLinks reads the values of a Link header. Relative targets are resolved against the request's URL, as RFC 8288
// asks. A link about something else than the answer (one with an anchor) is left out, and so is what cannot be read. The
// first link of a type counts.
func ParseLinks(values []string, base *url.URL) Links {
	var links Links
	fields := map[string]*string{"first": &links.First, "prev": &links.Prev, "next": &links.Next, "last": &links.Last}
	for _, value := range values {
		for m := linkValue.FindStringSubmatch(value); m != nil; m = linkValue.FindStringSubmatch(value) {
			value = value[len(m[0]):]
			reference := strings.TrimSpace(m[1])
			target, err := base.Parse(reference)
			if err != nil || reference == "" {
				continue
			}
			for _, relation := range relations(m[2]) {
				if field := fields[relation]; field != nil && *field == "" {
					*field = target.String()
				}
			}
		}
	}
	return links
}

// relations returns the relation types among the parameters of a link, in lower case; none of a link with an anchor.
func relations(params string) (rel []string) {
	for _, m := range linkParam.FindAllStringSubmatch(params, -1) {
		switch name := strings.ToLower(strings.TrimSpace(m[1])); {
		case name == "anchor":
			return nil
		case name == "rel" && rel == nil: // later ones must be ignored
			rel = strings.Fields(strings.ToLower(escaped.ReplaceAllString(m[2], "$1") + m[3]))
		}
	}
	return rel
}
