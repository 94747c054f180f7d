package outgoing_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestB9_ListReadsEachRow(t *testing.T) {
	client, _ := answering(t, 200, `[{"id":5},null,{"id":4,"price":[]},{"id":3},{"cid":"x"},{"id":3}]`, "X-Total-Results", "6")
	page, err := client.List(t.Context(), outgoing.PageRequest{})
	assert.Equal(t, []int64{5, 3, 3}, messageIDs(page.Messages), "a page is given as it is")
	assert.Equal(t, 6, *page.TotalResults)
	assert.Equal(t, []int64{4}, batchIDs(t, err))
	assertLine(t, err)
	batch, _ := errors.AsType[*outgoing.BatchError](err)
	assert.Len(t, batch.Failures, 3, "a row without a known ID is a failure, too")
	for _, f := range batch.Failures {
		require.ErrorIs(t, f.Err, outgoing.ErrUnexpectedResponse)
	}
}

func TestE3_APageOfMoreRowsThanAPageHasIsAnError(t *testing.T) {
	rows := make([]string, outgoing.MaxLimit+1)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":%d}`, 100-i)
	}
	client, _ := answering(t, 200, "["+strings.Join(rows[1:], ",")+"]")
	page, err := client.List(t.Context(), outgoing.PageRequest{})
	require.NoError(t, err)
	assert.Len(t, page.Messages, outgoing.MaxLimit)

	client, _ = answering(t, 200, "["+strings.Join(rows, ",")+"]")
	page, err = client.List(t.Context(), outgoing.PageRequest{})
	require.ErrorIs(t, err, outgoing.ErrUnexpectedResponse)
	require.ErrorContains(t, err, "more rows than")
	assert.Zero(t, page)
}

func TestInvalidPagesAreRefusedUnsent(t *testing.T) {
	var query string
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) { query = r.URL.RawQuery; return answer(200, "[]"), nil }))
	for req, says := range map[outgoing.PageRequest]string{
		{Page: -1}: "page -1", {Page: math.MinInt}: "page -9", {Limit: -1}: "limit -1", {Limit: 51}: "limit 51", {Page: 1, Limit: math.MaxInt}: "limit 9",
	} {
		query = "none"
		_, err := client.List(t.Context(), req)
		assertInvalid(t, err, says)
		assert.Equal(t, "none", query)
	}
	for req, want := range map[outgoing.PageRequest]string{
		{}: "", {Page: 1}: "page=1", {Limit: 50}: "limit=50", {Page: math.MaxInt, Limit: 1}: "page=9223372036854775807&limit=1",
	} {
		_, err := client.List(t.Context(), req)
		require.NoError(t, err)
		assert.Equal(t, want, query)
	}
}
