package transport

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// ParseBaseURL checks a base URL, writes its host in lower case and ends it in a slash. net/http compares hosts as they
// are: it knows only "localhost" for loopback, and would send LOCALHOST through a proxy. The errors do not repeat the
// URL: it may hold a password.
func ParseBaseURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("not a URL")
	}
	u.Host = strings.ToLower(u.Host)
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("must start with https://")
	case u.User != nil:
		return "", errors.New("must not have a user or a password in it")
	case u.Hostname() == "":
		return "", errors.New("has no host")
	case strings.ContainsAny(raw, "?#"):
		return "", errors.New("must have neither a query nor a fragment")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return "", errors.New("must start with https:// (http:// would show the token to the network; it is for loopback hosts only)")
	}
	return strings.TrimRight(u.String(), "/") + "/", nil
}

func isLoopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }
