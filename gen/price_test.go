package gen_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/govalues/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gsmservice-gateway/client-go/gen"
)

// A codec is one of the two JSON packages that a Price meets: users have the first, package outgoing has the second.
type codec struct {
	marshal   func(any) ([]byte, error)
	unmarshal func([]byte, any) error
}

func codecs() map[string]codec {
	return map[string]codec{
		"encoding/json": {json.Marshal, json.Unmarshal},
		"go-json-experiment": {
			func(v any) ([]byte, error) { return jsonv2.Marshal(v) },
			func(b []byte, v any) error { return jsonv2.Unmarshal(b, v) },
		},
	}
}

func price(t testing.TB, s string) gen.Price {
	t.Helper()
	d, err := decimal.Parse(s)
	require.NoError(t, err)
	return gen.Price{Decimal: d}
}

func TestPriceReads(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"a number":                             {`0.16`, "0.16"},
		"an integer":                           {`3`, "3"},
		"zero":                                 {`0`, "0"},
		"a negative number":                    {`-12.5`, "-12.5"},
		"trailing zeros, which it keeps":       {`0.1600`, "0.1600"},
		"a small exponent":                     {`16e-2`, "0.16"},
		"a large exponent":                     {`1.5E+3`, "1500"},
		"a number in quotes":                   {`"0.16"`, "0.16"},
		"an exponent in quotes":                {`"16e-2"`, "0.16"},
		"null, as zero":                        {`null`, "0"},
		"nineteen digits, none of them lost":   {`0.1234567890123456789`, "0.1234567890123456789"},
		"what a float64 looks like, rounded":   {`0.16000000000000000333066907387547`, "0.1600000000000000033"},
		"the largest amount that it can carry": {`9999999999999999999`, "9999999999999999999"},
	}
	for name, tt := range tests {
		for lib, c := range codecs() {
			t.Run(name+"/"+lib, func(t *testing.T) {
				got := price(t, "99")
				require.NoError(t, c.unmarshal([]byte(tt.in), &got))
				assert.Equal(t, tt.want, got.String())
			})
		}
	}
}

func TestPriceRefusesWithoutRepeating(t *testing.T) {
	tests := map[string]string{
		"a word":                 `"secret"`,
		"an empty string":        `""`,
		"a comma for a point":    `"0,16"`,
		"spaces":                 `" 0.16 "`,
		"a unit":                 `"0.16 PLN"`,
		"true":                   `true`,
		"an object":              `{"amount":1}`,
		"an array":               `[1]`,
		"more than it can carry": `1e20`,
		"an absurd exponent":     `1e999999999999`,
		"an absurd length":       `"` + strings.Repeat("1", 4096) + `"`,
	}
	for name, in := range tests {
		for lib, c := range codecs() {
			t.Run(name+"/"+lib, func(t *testing.T) {
				var got gen.Price
				err := c.unmarshal([]byte(in), &got)
				require.ErrorContains(t, err, "price is no decimal number")
				assert.Less(t, len(err.Error()), 300)
				assert.NotContains(t, err.Error(), "secret")
				assert.True(t, got.IsZero())
			})
		}
	}
}

func TestPriceIsWrittenAsANumber(t *testing.T) {
	tests := map[string]string{
		"0.16":                   "0.16",
		"0.10":                   "0.10",
		"0":                      "0",
		"-0.05":                  "-0.05",
		"1e18":                   "1000000000000000000",
		"-0.1234567890123456789": "-0.1234567890123456789",
	}
	for in, want := range tests {
		for lib, c := range codecs() {
			t.Run(in+"/"+lib, func(t *testing.T) {
				got, err := c.marshal(price(t, in))
				require.NoError(t, err)
				assert.Equal(t, want, string(got))
			})
		}
	}
}

func TestPriceZeroValueIsZero(t *testing.T) {
	got, err := json.Marshal(gen.Price{})
	require.NoError(t, err)
	assert.Equal(t, "0", string(got))
}

func TestPriceSurvivesARoundTripExactly(t *testing.T) {
	plainNumber := regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	for lib, c := range codecs() {
		t.Run(lib, rapid.MakeCheck(func(t *rapid.T) {
			coef := rapid.Int64().Draw(t, "coef")
			scale := rapid.IntRange(decimal.MinScale, decimal.MaxScale).Draw(t, "scale")
			want := gen.Price{Decimal: decimal.MustNew(coef, scale)}

			data, err := c.marshal(want)
			require.NoError(t, err)
			require.Regexp(t, plainNumber, string(data))

			var got gen.Price
			require.NoError(t, c.unmarshal(data, &got))
			require.Equal(t, want, got)
		}))
	}
}

func TestAMillionPricesAddUpExactly(t *testing.T) {
	var sum decimal.Decimal
	for range 1_000_000 {
		var p gen.Price
		require.NoError(t, p.UnmarshalJSON([]byte("0.16")))
		var err error
		sum, err = sum.Add(p.Decimal)
		require.NoError(t, err)
	}
	assert.Equal(t, "160000.00", sum.String())
}

func TestPriceIsReadWithoutAllocating(t *testing.T) {
	for _, in := range []string{"0.16", `"0.16"`, "null", "-123456789.01"} {
		data := []byte(in)
		var p gen.Price
		assert.Zero(t, testing.AllocsPerRun(100, func() { _ = p.UnmarshalJSON(data) }), in)
	}
}

func TestPriceIsWrittenWithOneAllocation(t *testing.T) {
	p := price(t, "-0.1234567890123456789")
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = p.MarshalJSON() }), 1.0)
}
