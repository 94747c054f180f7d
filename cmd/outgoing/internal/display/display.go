// Package display words numbers and texts for people: messages, tables and errors alike.
package display

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plural returns a number with the word that fits it: "1 message", "2 messages".
func Plural[N int | int64](n N, one, many string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %s", n, many)
}

// MaxNamed is how many IDs a message names: there may be a million.
const MaxNamed = 10

// IDs returns message IDs as a list, the first ten of them by name: "43456, 43457" or "43456, ... 43465 and 5 more".
func IDs(ids []int64) string { return FirstIDs(ids, len(ids)) }

// FirstIDs is IDs for so many of which the first are enough.
func FirstIDs(ids []int64, count int) string {
	named := strings.Trim(strings.ReplaceAll(fmt.Sprint(ids[:min(len(ids), MaxNamed)]), " ", ", "), "[]")
	if more := count - MaxNamed; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	return named
}

// Quoted shows what was read, whatever it is, in one short line.
func Quoted(text string) string {
	if short := fmt.Sprintf("%.40s", text); short != text { // characters
		text = short + "..."
	}
	return strconv.Quote(text)
}

// Printable escapes what does not print: a message's sender must not be able to move the cursor.
func Printable(s string) string {
	if strings.IndexFunc(s, Unprintable) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		char := s[:size]
		if s = s[size:]; Unprintable(r) || r == utf8.RuneError && size == 1 {
			char = strings.Trim(strconv.QuoteToASCII(char), `"`)
		}
		b.WriteString(char)
	}
	return b.String()
}

// Unprintable reports whether a character acts on a terminal or cannot be seen: control characters, marks of direction, tags,
// and letters and selectors without a shape of their own, but for the selector that emoji have.
func Unprintable(r rune) bool {
	return !unicode.IsGraphic(r) || r > unicode.MaxLatin1 && r != '\ufe0f' &&
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
