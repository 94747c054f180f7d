package contract

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/speakeasy-api/openapi/overlay"
)

// enumNames is the extension by which api/overlay.yaml names the values of an enum, as an object of values and names. The
// generator itself takes names by position, so that a document with its values in another order would swap them.
const enumNames = "x-go-enum-names"

// ForGo returns what the generator reads: the contract with the Go names and types of an overlay, each of whose actions has to
// find what it names. What the contract allows is a fact, and no reason for another type.
func ForGo(contract *Document, overlayText []byte) (*Document, error) {
	made, err := contract.overlaid(overlayText, true)
	if err != nil {
		return nil, fmt.Errorf("api/overlay.yaml no longer fits, change it there: %w", err)
	}
	delete(made.root, "x-webhooks")
	g := goTypes{made, nil}
	eachOperation(made.root["paths"], func(_, _ string, op object) { g.part(op, operation, "") })
	for k := range parts {
		for _, name := range sorted(at(made.root, "components", string(k))) {
			g.part(at(made.root, "components", string(k), name), k, name)
		}
	}
	return made, errors.Join(g.errs...)
}

// overlaid returns the document with an overlay on it. A strict overlay has to find all that it names.
func (d *Document) overlaid(text []byte, strict bool) (*Document, error) {
	o, err := overlay.ParseReader(bytes.NewReader(text))
	if err == nil {
		err = o.Validate()
	}
	if err != nil {
		return nil, err
	}
	root := layout(d.root, nil)
	if strict {
		_, err = o.ApplyToStrict(root)
	} else {
		err = o.ApplyTo(root)
	}
	if err != nil {
		return nil, err
	}
	var value any
	if err := root.Decode(&value); err != nil {
		return nil, err
	}
	return &Document{obj(plain(value))}, nil
}

// goTypes changes a document so that each Go type follows from the type of its schema and the overlay alone.
type goTypes struct {
	doc  *Document
	errs []error
}

func (g *goTypes) part(value any, k kind, name string) {
	o := obj(value)
	if o == nil {
		return
	}
	for key, child := range parts[k] {
		if items := obj(o[key]); slices.Contains(named, key) {
			for _, name := range sorted(items) {
				g.part(items[name], child, name)
			}
		} else if items == nil {
			for _, item := range list(o[key]) {
				g.part(item, child, key)
			}
		} else {
			g.part(items, child, key)
		}
	}
	if k == schema {
		g.enum(o, name)
		for _, key := range []string{"required", "readOnly", "writeOnly"} {
			delete(o, key)
		}
		if format := o["format"]; format != "date-time" && format != "int64" {
			delete(o, "format")
		}
		if properties := obj(o["properties"]); properties != nil {
			delete(o, "additionalProperties")
			g.properties(properties)
		}
	}
}

// properties makes lists and objects pointers, so that users can go on to compare structs, and tells names apart that are one in
// Go: the first in the overlay's order keeps it.
func (g *goTypes) properties(properties object) {
	order := func(name string) int {
		if n, ok := at(properties, name, "x-order").(int); ok {
			return n
		}
		return math.MaxInt
	}
	taken := make(map[string]bool)
	for _, name := range slices.SortedStableFunc(slices.Values(sorted(properties)), func(a, b string) int { return cmp.Compare(order(a), order(b)) }) {
		o := obj(properties[name])
		if o == nil {
			continue
		}
		if kind := at(g.doc.resolve(o), "type"); !slices.Contains([]any{"string", "integer", "number", "boolean"}, kind) {
			o["x-go-type-skip-optional-pointer"] = false
		}
		goName := cmp.Or(str(o["x-go-name"]), name)
		free := plainName(goName)
		for n := 2; taken[strings.ToLower(free)]; n++ {
			free = plainName(goName) + strconv.Itoa(n)
			o["x-go-name"] = free
		}
		taken[strings.ToLower(free)] = true
	}
}

// plainName returns a name as the generator spells it, but for initialisms.
func plainName(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}

// enum turns names by value into names by position, with the name of the type before each: the generator would call a number 7
// N7 first. A value without a name is named after itself. An enum without any names makes no type.
func (g *goTypes) enum(o object, name string) {
	names := obj(o[enumNames])
	delete(o, enumNames)
	if names == nil {
		delete(o, "enum")
		return
	}
	var found []string
	var varNames []any
	for _, item := range list(o["enum"]) {
		value := fmt.Sprint(item)
		found = append(found, value)
		given := value
		if names[value] != nil {
			given = fmt.Sprint(names[value])
		}
		varNames = append(varNames, name+given)
	}
	o["x-enum-varnames"] = varNames
	for _, value := range sorted(names) {
		if !slices.Contains(found, value) {
			g.errs = append(g.errs, fmt.Errorf("%[1]s: the value %[2]s (%[3]v) is gone. outgoing/types.go exports %[1]s%[3]v, "+
				"so dropping it breaks users' code and needs a new major version; then drop it from api/overlay.yaml too",
				name, value, names[value]))
		}
	}
}
