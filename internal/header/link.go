package header

import (
	"net/url"
	"strings"
)

// Links are the targets of a Link header (RFC 8288) by their relation types, as absolute URIs; "" if absent.
type Links struct{ First, Prev, Next, Last string }

// ParseLinks reads the values of a Link header. Relative targets are resolved against the request's URL, as RFC 8288
// asks. A link about something else than the answer (one with an anchor) is left out, and so is what cannot be read.
func ParseLinks(values []string, base *url.URL) Links {
	var links Links
	for _, value := range values {
		for value != "" {
			var l link
			l, value = nextLink(value)
			links.add(l, base)
		}
	}
	return links
}

type link struct {
	target string
	rel    string
	anchor bool
}

// add records the link under each of its relation types; the first link of a type counts.
func (links *Links) add(l link, base *url.URL) {
	if l.target == "" || l.anchor {
		return
	}
	target, err := base.Parse(l.target)
	if err != nil {
		return
	}
	for _, rel := range strings.Fields(strings.ToLower(l.rel)) {
		field := map[string]*string{"first": &links.First, "prev": &links.Prev, "next": &links.Next, "last": &links.Last}[rel]
		if field != nil && *field == "" {
			*field = target.String()
		}
	}
}

// nextLink reads one link-value and returns what follows it. Like the algorithm of RFC 8288, appendix B.3, it always gets
// on: without a target in angle brackets the rest is given up.
func nextLink(s string) (l link, rest string) {
	s = strings.TrimLeft(s, " \t,")
	if s == "" || s[0] != '<' {
		return l, ""
	}
	target, s, ok := strings.Cut(s[1:], ">")
	if !ok {
		return l, ""
	}
	l.target = strings.TrimSpace(target)
	seenRel := false
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] != ';' {
			break
		}
		var name, value string
		name, value, s = nextParameter(s[1:])
		switch {
		case name == "rel" && !seenRel: // later ones must be ignored
			l.rel, seenRel = value, true
		case name == "anchor":
			l.anchor = true
		}
	}
	_, rest, _ = strings.Cut(s, ",")
	return l, rest
}

// nextParameter reads name, name=value or name="quoted value".
func nextParameter(s string) (name, value, rest string) {
	end := strings.IndexAny(s, "=;,")
	if end < 0 {
		end = len(s)
	}
	name, s = strings.ToLower(strings.TrimSpace(s[:end])), s[end:]
	if s == "" || s[0] != '=' {
		return name, "", s
	}
	s = strings.TrimLeft(s[1:], " \t")
	if strings.HasPrefix(s, `"`) {
		value, rest = unquote(s[1:])
		return name, value, rest
	}
	if end = strings.IndexAny(s, ";,"); end < 0 {
		end = len(s)
	}
	return name, strings.TrimSpace(s[:end]), s[end:]
}

// unquote reads a quoted-string (RFC 9110, section 5.6.4) from after its first quote.
func unquote(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}
