package callback

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestK4_B9_AMessageWithoutAReadablePriceIsHandedOnAndTheOrderKept(t *testing.T) {
	unpriced := func(id int64) error {
		return fmt.Errorf("a row: %w", &rows.UnpricedError{Message: outgoing.Message{ID: id, StatusCode: "DELIVERED"}, Reason: errors.New("/price is a string")})
	}
	other := errors.New("no answer")
	err := error(&outgoing.BatchError{Failures: []outgoing.Failure{
		{IDs: []int64{9}, Err: unpriced(9)}, {IDs: []int64{7, 8}, Err: other}, {IDs: []int64{4}, Err: unpriced(4)},
	}})
	confirmed, failed := withUnpriced([]int64{9, 8, 5, 7, 4}, []outgoing.Message{{ID: 5}}, err)
	assert.Equal(t, []outgoing.Message{{ID: 9, StatusCode: "DELIVERED"}, {ID: 5}, {ID: 4, StatusCode: "DELIVERED"}}, confirmed)
	assert.Equal(t, map[int64]error{7: other, 8: other}, failed)
}

// One message of several may be one that the gateway cannot serve, today or ever (E5).
func TestK4_E5_WhatIsRefusedForOneMessageAloneDoesNotPass(t *testing.T) {
	for status, passes := range map[int]bool{200: false, 400: false, 422: false, 500: false, 401: true, 403: true, 408: true, 429: true, 502: true, 503: true} {
		assert.Equal(t, passes, mayPass(&outgoing.APIError{StatusCode: status}, true), status)
		assert.True(t, mayPass(&outgoing.APIError{StatusCode: status}, false), "nothing was answered: the gateway has an outage")
	}
	assert.True(t, mayPass(outgoing.ErrNotSent, true))
	assert.False(t, mayPass(nil, false), "it is unknown")
	assert.False(t, mayPass(outgoing.ErrUnexpectedResponse, false), "its row cannot be read")
}
