package retry_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/internal/retry"
)

func TestR1_EveryServerErrorButThoseThatStay(t *testing.T) {
	stay := map[int]bool{501: true, 505: true, 506: true, 508: true, 510: true, 511: true}
	for status := range 1000 {
		want := status == 408 || status == 429 || status/100 == 5 && !stay[status]
		assert.Equal(t, want, retry.Status(status), "%d", status)
	}
}

func FuzzAfter(f *testing.F) {
	const now = "Sat, 01 Jun 2024 16:22:05 GMT"
	for _, s := range []string{"", "0", "7", "-1", "0.5", "18446744074", "1000000000000000000", "99999999999999999999", "Sat, 01 Jun 2024 16:23:05 GMT",
		"Sat, 01 Jun 9999 16:23:05 GMT", "Saturday, 01-Jun-24 16:23:05 GMT", "Sat Jun  1 16:23:05 2024", "soon", "7, 8", "٧"} {
		f.Add(s, now)
		f.Add(s, "")
		f.Add(now, s)
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		got := retry.After(http.Header{"Retry-After": {value}, "Date": {date}}, time.Date(2024, 6, 1, 16, 22, 5, 0, time.UTC))
		assert.GreaterOrEqual(t, got, time.Duration(0))
		value = strings.Trim(value, " \t")
		if _, err := http.ParseTime(value); err != nil && strings.Trim(value, "0123456789") != "" {
			assert.Zero(t, got)
		}
		if value != "" && strings.Trim(value, "0123456789") == "" && strings.Trim(value, "0") != "" {
			assert.GreaterOrEqual(t, got, time.Second)
		}
		assert.Zero(t, retry.After(http.Header{"Retry-After": {value, value}}, time.Now()))
	})
}
