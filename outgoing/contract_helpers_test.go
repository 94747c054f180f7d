package outgoing_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// contract holds exchanges against api/openapi.yaml.
type contract struct{ router routers.Router }

// loadContract reads the contract, and breaks it where a test wants to see that this is noticed.
func loadContract(t testing.TB, breaks ...func(*openapi3.T)) contract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../api/openapi.yaml")
	require.NoError(t, err)
	for _, breakIt := range breaks {
		breakIt(doc)
	}
	// No property is required, so that a misspelled one would pass: here, unknown ones do not.
	for _, schema := range doc.Components.Schemas {
		if schema.Value.Type.Is("object") {
			schema.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: new(false)}
		}
	}
	// The router takes the first server whose URL the request's begins with, and /rest-sandbox begins with /rest.
	slices.SortFunc(doc.Servers, func(a, b *openapi3.Server) int { return cmp.Compare(len(b.URL), len(a.URL)) })
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation())
	require.NoError(t, err)
	return contract{router}
}

func (c contract) request(req *http.Request) (*openapi3filter.RequestValidationInput, error) {
	route, params, err := c.router.FindRoute(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", req.Method, req.URL, err)
	}
	for name := range req.URL.Query() {
		if route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return nil, fmt.Errorf("%s %s: the contract has no parameter %s", req.Method, req.URL, name)
		}
	}
	if req.Body != nil {
		return nil, fmt.Errorf("%s %s: the contract has no body", req.Method, req.URL)
	}
	input := &openapi3filter.RequestValidationInput{
		Request:    req,
		PathParams: params,
		Route:      route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true,
			SkipSettingDefaults:   true, // the request is only looked at
			AuthenticationFunc: func(_ context.Context, in *openapi3filter.AuthenticationInput) error {
				authorization := req.Header.Get("Authorization")
				if in.SecurityScheme.Type != "http" || in.SecurityScheme.Scheme != "bearer" || !strings.HasPrefix(authorization, "Bearer ") {
					return fmt.Errorf("the authorization %q is not what the contract asks for", authorization)
				}
				return nil
			},
		},
	}
	return input, openapi3filter.ValidateRequest(req.Context(), input)
}

// response puts back the body that it reads.
func (c contract) response(asked *openapi3filter.RequestValidationInput, res *http.Response) error {
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked, Status: res.StatusCode, Header: res.Header, Options: asked.Options,
	}
	answer.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(asked.Request.Context(), answer); err != nil {
		return err
	}
	documented := asked.Route.Operation.Responses.Status(res.StatusCode).Value.Headers
	for name := range res.Header {
		if strings.HasPrefix(name, "X-") || name == "Link" {
			if _, ok := documented[name]; !ok {
				return fmt.Errorf("the contract has no header %s for a %d", name, res.StatusCode)
			}
		}
	}
	return nil
}

// contractTransport checks what passes through it.
type contractTransport struct {
	contract
	next http.RoundTripper

	mu      sync.Mutex
	answers map[string]int // how many, by operation and status
	breaks  []error
}

func newContractTransport(c contract, next http.RoundTripper) *contractTransport {
	return &contractTransport{contract: c, next: next, answers: make(map[string]int)}
}

func (t *contractTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	asked, err := t.request(req)
	t.note("", err)
	res, failed := t.next.RoundTrip(req)
	if failed != nil || err != nil {
		return res, failed
	}
	t.note(fmt.Sprintf("%s %d", asked.Route.Operation.OperationID, res.StatusCode), t.response(asked, res))
	return res, nil
}

func (t *contractTransport) note(answered string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if answered != "" {
		t.answers[answered]++
	}
	if err != nil {
		t.breaks = append(t.breaks, err)
	}
}

// err is how the contract was broken; nil if it was kept.
func (t *contractTransport) err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Join(t.breaks...)
}

// exchange has the library use the double in every way there is, and returns what passed between the two.
func exchange(t *testing.T, c contract, baseURL string) *contractTransport {
	t.Helper()
	ctx := t.Context()
	gateway := outgoingtest.NewGateway(outgoingtest.WithToken(testToken))
	checked := newContractTransport(c, gateway.Transport())
	client := newClient(t, checked, outgoing.WithBaseURL(baseURL), outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1}))
	pages := []outgoing.PageRequest{{}, {Page: 1}, {Limit: 1}, {Page: 2, Limit: 50}, {Page: 1000, Limit: 50}}
	all := func() {
		for _, err := range client.All(ctx) {
			require.NoError(t, err)
		}
	}
	list := func() {
		for _, page := range pages {
			_, err := client.List(ctx, page)
			require.NoError(t, err)
		}
	}

	list() // of nothing
	all()
	known := gateway.Add(outgoingtest.SampleMessages(120)...)
	gateway.Add(outgoing.Message{Recipient: "+48999999999", Type: outgoing.MessageTypeSMSPro, StatusCode: outgoing.StatusScheduled})
	list()
	all()
	asked := append(slices.Clone(known), 1, 9223372036854775807)
	for _, ids := range [][]int64{asked, known[:1], {1}} {
		_, err := client.GetByIDs(ctx, ids)
		require.NoError(t, err)
		_, err = client.CancelScheduled(ctx, ids) // and again, when they are no longer scheduled
		require.NoError(t, err)
	}
	for _, status := range errorStatuses {
		for _, call := range []func(*outgoing.Client) error{
			func(c *outgoing.Client) error { _, err := c.GetByIDs(ctx, known[:2]); return err },
			func(c *outgoing.Client) error { _, err := c.CancelScheduled(ctx, known[:2]); return err },
			func(c *outgoing.Client) error { _, err := c.List(ctx, outgoing.PageRequest{}); return err },
		} { // each with its own client: a 429 holds back all requests of a client
			gateway.Inject(outgoingtest.Fault{Status: status})
			_ = call(newClient(t, checked, outgoing.WithBaseURL(baseURL), outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1})))
		}
	}
	return checked
}

// errorStatuses are those that the contract names, and some of its ranges 4XX and 5XX.
var errorStatuses = []int{400, 401, 403, 404, 408, 410, 429, 500, 502, 503, 504}
