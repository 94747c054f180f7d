package header_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/internal/header"
)

func TestR3_RetryAfterIsReadInEveryShape(t *testing.T) {
	const forever = time.Duration(math.MaxInt64)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, test := range []struct {
		name, value, date string
		want              time.Duration
	}{
		{"seconds", "7", "", 7 * time.Second},
		{"white space", " \t7 ", "", 7 * time.Second},
		{"leading zeros", "007", "", 7 * time.Second},
		{"zero", "0", "", 0},
		{"10^18 seconds", "1000000000000000000", "", forever},
		{"2^64/10^9 seconds, which as a Duration wraps around to a small number", "18446744074", "", forever},
		{"the largest Duration", "9223372036", "", 9223372036 * time.Second},
		{"one second more", "9223372037", "", forever},
		{"too large for 64 bits", "99999999999999999999999999", "", forever},
		{"negative", "-5", "", 0},
		{"signed", "+5", "", 0},
		{"fractional", "1.5", "", 0},
		{"exponent", "1e3", "", 0},
		{"hexadecimal", "0x10", "", 0},
		{"words", "soon", "", 0},
		{"empty", "", "", 0},
		{"a list", "3, 5", "", 0},
		{"digits of another script", "٧", "", 0},
		{"date against the local clock", at(30 * time.Second), "", 30 * time.Second},
		{"date against the response's clock", at(time.Hour), at(time.Hour - 9*time.Second), 9 * time.Second},
		{"date, and a Date that cannot be read", at(30 * time.Second), "yesterday", 30 * time.Second},
		{"RFC 850 date", now.Add(30 * time.Second).Format("Monday, 02-Jan-06 15:04:05 GMT"), "", 30 * time.Second},
		{"asctime date", now.Add(30 * time.Second).Format(time.ANSIC), "", 30 * time.Second},
		{"date in the past", at(-time.Second), "", 0},
		{"date in the past of the response's clock", at(time.Minute), at(time.Hour), 0},
		{"date in the far future", "Fri, 31 Dec 9999 23:59:59 GMT", "", forever},
		{"date in another format", now.Format(time.RFC3339), "", 0},
		{"no such date", "Sun, 32 Mar 2026 12:00:00 GMT", "", 0},
	} {
		fields := http.Header{"Retry-After": {test.value}}
		if test.date != "" {
			fields.Set("Date", test.date)
		}
		assert.Equal(t, test.want, header.RetryAfter(fields, now), test.name)
	}
	assert.Zero(t, header.RetryAfter(http.Header{}, now), "absent")
	assert.Zero(t, header.RetryAfter(http.Header{"Retry-After": {"3", "5"}}, now), "repeated")
}

func FuzzRetryAfter(f *testing.F) {
	const now = "Sat, 01 Jun 2024 16:22:05 GMT"
	for _, s := range []string{"", "0", "7", "-1", "0.5", "18446744074", "1000000000000000000", "99999999999999999999", "Sat, 01 Jun 2024 16:23:05 GMT",
		"Sat, 01 Jun 9999 16:23:05 GMT", "Saturday, 01-Jun-24 16:23:05 GMT", "Sat Jun  1 16:23:05 2024", "soon", "7, 8", "٧"} {
		f.Add(s, now)
		f.Add(s, "")
		f.Add(now, s)
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		got := header.RetryAfter(http.Header{"Retry-After": {value}, "Date": {date}}, time.Date(2024, 6, 1, 16, 22, 5, 0, time.UTC))
		assert.GreaterOrEqual(t, got, time.Duration(0))
		value = strings.Trim(value, " \t")
		if _, err := http.ParseTime(value); err != nil && strings.Trim(value, "0123456789") != "" {
			assert.Zero(t, got)
		}
		if value != "" && strings.Trim(value, "0123456789") == "" && strings.Trim(value, "0") != "" {
			assert.GreaterOrEqual(t, got, time.Second)
		}
		assert.Zero(t, header.RetryAfter(http.Header{"Retry-After": {value, value}}, time.Now()))
	})
}
