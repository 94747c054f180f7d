package callback_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// Statuses is a store in memory: the newest status of each message.
type Statuses struct {
	mu   sync.Mutex
	byID map[int64]outgoing.Message
}

// Save is a callback.Sink. Callbacks may repeat and overtake each other, so an older status does not replace a newer one.
func (s *Statuses) Save(_ context.Context, changed []outgoing.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range changed {
		known, ok := s.byID[m.ID]
		if !ok || known.StatusDate == nil || m.StatusDate != nil && !m.StatusDate.Before(*known.StatusDate) {
			s.byID[m.ID] = m
		}
	}
	return nil
}

// A callback is forged: with confirmation it changes nothing but what the gateway says.
func ExampleNew() {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoing.Message{ID: 43456, StatusCode: "SENT"})

	statuses := &Statuses{byID: map[int64]outgoing.Message{}}
	handler, err := callback.New(statuses.Save, callback.WithTokens("made-up-token"), callback.WithConfirmation(gateway.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}
	forger := outgoingtest.NewGateway() // says something else
	forger.Add(outgoing.Message{ID: 43456, StatusCode: "DELIVERED"})

	fmt.Println(forger.Notify(context.Background(), handler, "made-up-token", 43456))
	fmt.Println(statuses.byID[43456].StatusCode)
	// Output:
	// <nil>
	// SENT
}

// A server with its time-outs set: a sender that never ends its body is stopped by it, not by the handler.
func ExampleHandler() {
	client, err := outgoing.New(os.Getenv("GATEWAY_API_BEARER")) // for nothing else: callbacks of outsiders may hold it back
	if err != nil {
		fmt.Println(err)
		return
	}
	statuses := &Statuses{byID: map[int64]outgoing.Message{}}
	handler, err := callback.New(statuses.Save, callback.WithTokens(os.Getenv("CALLBACK_TOKEN")), callback.WithConfirmation(client))
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/sms/callback", handler) // the URL that is set in the vendor's panel; the handler looks at no path
	server := &http.Server{
		Addr:              "127.0.0.1:8081", // TLS ends in the proxy before it
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	fmt.Println(server.ListenAndServe())
}
