package outgoing

import "github.com/gsmservice-gateway/client-go/gen"

// The models of the contract, as package gen has them. The fields listed here are covered by this package's version
// promise; the rest of gen is not.
type (
	// Message is a message as the gateway shows it. Its fields are ID, CID (the caller's own ID), Type, Recipient,
	// Sender, Parts, SentDate, StatusDate, StatusCode, StatusDescription, Unicode, Flash and Price. What is absent or null
	// is nil, or zero. Documents name only the status codes QUEUED and SCHEDULED; others, such as DELIVERED, are guesses.
	// See also go doc github.com/gsmservice-gateway/client-go/gen.Message
	Message = gen.Message
	// MessageType is the kind of a [Message]. The gateway may send others.
	MessageType = gen.MessageType
	// Price is an exact amount in PLN, a number in JSON. It embeds a decimal.Decimal of github.com/govalues/decimal.
	Price = gen.Price
	// Problem is a problem document (RFC 9457), with the fields Type, Status, Title, Detail, Code (the gateway's own,
	// such as "404-6") and Instance.
	Problem = gen.Problem
)

// The message types that the contract names.
const (
	MessageTypeSMSPro    = gen.MessageTypeSMSPro
	MessageTypeSMSEco    = gen.MessageTypeSMSEco
	MessageTypeSMSTwoWay = gen.MessageTypeSMSTwoWay
	MessageTypeMMS       = gen.MessageTypeMMS
)

// The contract's addresses, limits and status.
const (
	ProductionURL   = "https://api.szybkisms.pl/rest"         // sends real messages; the default
	SandboxURL      = "https://api.szybkisms.pl/rest-sandbox" // the test system: nothing is sent
	MaxIDs          = 50                                      // most IDs in one request; longer lists are split
	MaxLimit        = 50                                      // most messages on one page
	StatusScheduled = "SCHEDULED"                             // of a message that waits for its time, and can be cancelled
)
