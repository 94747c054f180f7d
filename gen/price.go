package gen

import (
	"fmt"

	"github.com/govalues/decimal"
)

// Price is an amount of money in PLN. It is a plain value, its zero value is 0, and all of [decimal.Decimal] applies.
//
// It differs from Decimal in one respect: in JSON it is a number, as the gateway writes it, where Decimal writes a
// string. A float64 would be a number too, but a million prices added up as floats lose money.
type Price struct{ decimal.Decimal }

// MarshalJSON writes the price as a JSON number, exact and without an exponent. Trailing zeros stay: 0.10 is not 0.1.
func (p Price) MarshalJSON() ([]byte, error) {
	return p.AppendText(make([]byte, 0, len("-0.1234567890123456789")))
}

// UnmarshalJSON reads a JSON number, with or without an exponent, bare or in quotes; null is 0. A price holds 19
// digits: more of them after the decimal point are rounded away, more before it are an error. No error repeats its
// input.
func (p *Price) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*p = Price{}
		return nil
	}
	if n := len(data); n >= 2 && data[0] == '"' && data[n-1] == '"' {
		data = data[1 : n-1]
	}
	if err := p.UnmarshalText(data); err != nil {
		return fmt.Errorf("price is no decimal number: %w", err)
	}
	return nil
}
