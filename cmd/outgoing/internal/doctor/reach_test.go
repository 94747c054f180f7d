package doctor_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
)

func TestD1_ASkewedClockIsANote(t *testing.T) {
	for hours, text := range map[int]string{3: "is 3h0m0s ahead of this one", -3: "is 3h0m0s behind this one"} {
		synctest.Test(t, func(t *testing.T) {
			found := examine(t, changed(func(_ *http.Request, a *response) {
				a.header.Set("Date", time.Now().Add(time.Duration(hours)*time.Hour).UTC().Format(http.TimeFormat))
			}))
			found.is(t, doctor.Note, "clock", text)
			found.othersAreGood(t, "clock")
		})
	}
	found := examineTo(t, "clock", changed(func(_ *http.Request, a *response) { a.header["Date"] = nil }))
	found.is(t, doctor.Note, "clock", "no Date")
	found = examineTo(t, "clock", changed(func(_ *http.Request, a *response) { a.header.Set("Date", "yesterday") }))
	found.is(t, doctor.Note, "clock", "cannot be read")
}

func TestD1_HTMLEverywhereIsAFailAndNothingElseIsGuessed(t *testing.T) {
	found := examine(t, changed(func(_ *http.Request, a *response) {
		*a = response{http.StatusOK, http.Header{"Content-Type": {"text/html; charset=utf-8"}}, "<html>Welcome</html>"}
	}))
	found.is(t, doctor.Fail, "answer", "200 with text/html; a wrong base URL or a proxy looks like this")
	found.is(t, doctor.Skipped, "token", "says nothing about it")
	found.is(t, doctor.Skipped, "rows", "text/html")
	found.is(t, doctor.Skipped, "order", "text/html")
	found.is(t, doctor.Fail, "wrong token", "200 with text/html")
}

func TestD1_ARedirectIsNotFollowed(t *testing.T) {
	found := examine(t, changed(func(_ *http.Request, a *response) {
		*a = response{http.StatusFound, http.Header{"Location": {"https://elsewhere.test/"}}, ""}
	}))
	found.is(t, doctor.Fail, "answer", "302 with a redirect, which is not followed")
}

func TestD1_AGatewayThatIsGoneIsAskedOnce(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	cfg := config(http.DefaultTransport)
	cfg.BaseURL = server.URL + "/rest"
	found := run(t, cfg)
	found.is(t, doctor.Fail, "connection", "connection refused")
	assert.Contains(t, found["connection"].Promise, "refused", "it is about what failed")
	found.is(t, doctor.Skipped, "order", "refused")
	found.is(t, doctor.OK, "rate limit", "0 of 0 answers")
	assert.Equal(t, 1, count(found, doctor.Fail))
}

func TestD1_AConnectionIsDescribed(t *testing.T) {
	server := httptest.NewUnstartedServer(sampled())
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	cfg := config(server.Client().Transport)
	cfg.BaseURL = server.URL + "/rest"
	found := run(t, cfg)
	found.is(t, doctor.OK, "connection", "TCP, TLS 1.3, HTTP/2.0, the certificate ends on 2084-01-29, in ")
	found.othersAreGood(t)

	plain := httptest.NewServer(sampled())
	t.Cleanup(plain.Close)
	cfg = config(plain.Client().Transport)
	cfg.BaseURL = plain.URL + "/rest"
	run(t, cfg).is(t, doctor.OK, "connection", "no TLS (a loopback host), HTTP/1.1")
}

func TestD1_ACertificateThatEndedIsNamed(t *testing.T) {
	for end, want := range map[time.Duration]struct {
		verdict doctor.Verdict
		text    string
	}{
		-time.Hour:     {doctor.Fail, "certificate has expired"},
		48 * time.Hour: {doctor.Note, "the certificate ends on "},
	} {
		transport, url := certified(t, sampled(), time.Now().Add(end))
		cfg := config(transport)
		cfg.BaseURL = url + "/rest"
		found := run(t, cfg)
		found.is(t, want.verdict, "connection", want.text)
		found.is(t, want.verdict, "connection", time.Now().Add(end).UTC().Format(time.DateOnly))
	}
	server := httptest.NewTLSServer(sampled())
	t.Cleanup(server.Close)
	cfg := config(http.DefaultTransport)
	cfg.BaseURL = server.URL + "/rest"
	run(t, cfg).is(t, doctor.Fail, "connection", "certificate signed by unknown authority")
}

// certified serves a gateway with a certificate that ends at a time, and returns a transport that trusts it.
func certified(t *testing.T, handler http.Handler, end time.Time) (transport http.RoundTripper, url string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: end.AddDate(-1, 0, 0), NotAfter: end, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	trusted := x509.NewCertPool()
	trusted.AddCert(certificate)

	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	client := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}
	t.Cleanup(client.CloseIdleConnections)
	return client, server.URL
}
