package outgoingtest

import (
	"fmt"
	"time"

	"github.com/govalues/decimal"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// firstSampleID leaves room below for messages of the caller's own.
const firstSampleID = 43456

// How SampleMessages varies what it makes. The lengths have no common factor with one another, so that with enough
// messages every combination occurs.
var (
	sampleStatuses = []sampleStatus{delivered, delivered, sent, delivered, delivered, queued, delivered, scheduled}
	sampleTypes    = []outgoing.MessageType{
		outgoing.MessageTypeSMSPro, outgoing.MessageTypeSMSPro, outgoing.MessageTypeSMSEco, outgoing.MessageTypeSMSPro, outgoing.MessageTypeSMSTwoWay,
		outgoing.MessageTypeSMSPro, outgoing.MessageTypeSMSEco, outgoing.MessageTypeMMS, outgoing.MessageTypeSMSPro,
	}
	sampleSenders = []string{"Przychodnia", "Apteka", "Kurier", "Biblioteka", "Warsztat", "Salon Urody", "Bramka SMS"}
	sampleTopics  = []string{"wizyta", "", "zamowienie", "rata", ""} // an appointment, an order, an instalment
)

// sampleStatus is how far a message got, and how long after it was accepted. The vendor's documents have the codes QUEUED and
// SCHEDULED, and say that a message can be rejected, with the reason in its description, but not by which code. REJECTED is a
// guess, and so are SENT, DELIVERED and all descriptions but that of QUEUED.
type sampleStatus struct {
	code, description string
	sent, changed     time.Duration
}

var (
	queued    = sampleStatus{"QUEUED", "The message has been accepted", 0, 2 * time.Second}
	sent      = sampleStatus{"SENT", "The message has been sent to the network", 2 * time.Second, 3 * time.Second}
	delivered = sampleStatus{"DELIVERED", "The message has reached the phone", 2 * time.Second, 9 * time.Second}
	rejected  = sampleStatus{"REJECTED", "The number of the recipient is wrong", 0, 2 * time.Second}
	scheduled = sampleStatus{outgoing.StatusScheduled, "The message waits for its time", 48 * time.Hour, 0}
)

// SampleMessages returns n messages that could be real, oldest first, as [Gateway.Add] takes them: of all types, most of
// them delivered, one in eight still scheduled, one in 56 rejected. They are the same each time. Their IDs count up from 43456,
// and their recipients are numbers that no one has. Of their status codes SENT, DELIVERED and REJECTED are guesses: the vendor's
// documents do not list the codes.
func SampleMessages(n int) []outgoing.Message {
	msgs := make([]outgoing.Message, n)
	for i := range msgs {
		msgs[i] = sampleMessage(i)
	}
	return msgs
}

func sampleMessage(i int) outgoing.Message {
	status := sampleStatuses[i%len(sampleStatuses)]
	if i%56 == 38 {
		status = rejected
	}
	accepted := time.Date(2026, time.January, 5, 7, 0, 0, 0, time.UTC).Add(time.Duration(i) * 97 * time.Second)
	m := outgoing.Message{
		ID:                firstSampleID + int64(i),
		Type:              sampleTypes[i%len(sampleTypes)],
		Recipient:         fmt.Sprintf("+48999%06d", i*7919%1_000_000),
		SentDate:          new(accepted.Add(status.sent)),
		StatusDate:        new(accepted.Add(status.changed)),
		StatusCode:        status.code,
		StatusDescription: status.description,
	}
	if topic := sampleTopics[i%len(sampleTopics)]; topic != "" {
		m.CID = new(fmt.Sprintf("%s-%05d", topic, i+1))
	}
	if m.Type == outgoing.MessageTypeMMS {
		m.Sender = new(sampleSenders[i%len(sampleSenders)])
		m.Price = grosze(45)
		return m
	}
	m.Parts = new(1 + i%11/8)
	m.Unicode = i%13 < 4
	m.Flash = i%97 == 96
	switch m.Type {
	case outgoing.MessageTypeSMSPro:
		m.Sender = new(sampleSenders[i%len(sampleSenders)])
		m.Price = grosze(16 * *m.Parts)
	case outgoing.MessageTypeSMSTwoWay:
		m.Price = grosze(18 * *m.Parts)
	default:
		m.Price = grosze(7 * *m.Parts)
	}
	return m
}

// grosze returns a price in hundredths of a PLN.
func grosze(n int) outgoing.Price { return outgoing.Price{Decimal: decimal.MustNew(int64(n), 2)} }
