package outgoing

import "github.com/gsmservice-gateway/client-go/gen"

// The models of the contract, as package gen has them. The fields listed here are covered by this package's version
// promise; the rest of gen is not.
type (
	// Message is one message of the gateway. Its fields are ID, CID (the caller's own ID), Type, Recipient, Sender, Parts,
	// SentDate, StatusDate, StatusCode, StatusDescription, Unicode, Flash and Price; those that are pointers are nil where
	// the gateway says null. Of the status codes the vendor's documents state only QUEUED and SCHEDULED; that there are
	// others, such as DELIVERED, is a guess. To see their types and what each of them is:
	//
	//	go doc github.com/gsmservice-gateway/client-go/gen.Message
	Message = gen.Message
	// MessageType is the kind of a [Message]. The list of constants is open: the gateway may send other values.
	MessageType = gen.MessageType
	// Price is an exact amount in PLN. It is written to JSON as a number. Its one field is an embedded decimal.Decimal of
	// github.com/govalues/decimal, whose methods it has.
	Price = gen.Price
	// Problem is an error as the gateway describes it: a problem document (RFC 9457). Its fields are Type, Status, Title,
	// Detail, Code (the gateway's own, such as "404-6") and Instance.
	Problem = gen.Problem
)

// The message types that the contract names; a [MessageType] may have other values.
const (
	MessageTypeSMSPro    = gen.MessageTypeSMSPro
	MessageTypeSMSEco    = gen.MessageTypeSMSEco
	MessageTypeSMSTwoWay = gen.MessageTypeSMSTwoWay
	MessageTypeMMS       = gen.MessageTypeMMS
)

// The gateway's addresses, as the contract names them.
const (
	ProductionURL = "https://api.szybkisms.pl/rest"         // sends real messages; the default
	SandboxURL    = "https://api.szybkisms.pl/rest-sandbox" // the test system: nothing is sent
)

// The limits of one request, as the contract sets them.
const (
	MaxIDs   = 50 // most IDs in one request; longer lists are split
	MaxLimit = 50 // most messages on one page
)

// StatusScheduled is the StatusCode of a [Message] that waits for its time. Only such a message can be cancelled, by
// [Client.CancelScheduled].
const StatusScheduled = "SCHEDULED"
