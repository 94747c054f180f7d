package retry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
)

// Transient reports whether an attempt that ended without an answer should be repeated. TLS errors and a host that does not
// exist do not go away.
func Transient(err error) bool {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	op, isOp := errors.AsType[*net.OpError](err)
	alert := isOp && (op.Op == "remote error" || op.Op == "local error") // of TLS; it may come after a request
	return !IsTLS(err) && !alert && !(isDNS && dns.IsNotFound)
}

// IsDial reports whether no connection could be established.
func IsDial(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	_, dns := errors.AsType[*net.DNSError](err)
	return dns || ok && op.Op == "dial"
}

// IsTLS reports whether the connection failed because the two sides could not agree, or one did not trust the other.
func IsTLS(err error) bool {
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, hostname := errors.AsType[x509.HostnameError](err)
	_, unusable := errors.AsType[x509.CertificateInvalidError](err)
	return certificate || record || authority || hostname || unusable || errors.Is(err, http.ErrSchemeMismatch)
}
