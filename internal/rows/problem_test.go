package rows_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/internal/rows"
)

const asProblem = "application/problem+json"

func TestE1_AProblemIsKnownByItsTypeOrItsTitle(t *testing.T) {
	for _, test := range []struct {
		name, body, contentType string
		want                    gen.Problem
		is                      bool
	}{
		{"whole", `{"type":"t","status":400,"title":"T","detail":"D","code":"400-21","instance":"/i"}`, asProblem,
			gen.Problem{Type: "t", Status: 400, Title: "T", Detail: "D", Code: "400-21", Instance: "/i"}, true},
		{"with parameters, in any case", `{"title":"T"}`, "Application/Problem+JSON; charset=utf-8", gen.Problem{Title: "T"}, true},
		{"without members", `{}`, asProblem, gen.Problem{}, true},
		{"unknown members", `{"x":1}`, asProblem, gen.Problem{}, true},
		{"a wrong type, a title", `{"title":"T"}`, "text/html", gen.Problem{Title: "T"}, true},
		{"a wrong type, the gateway's code", `{"code":"404-6"}`, "application/json", gen.Problem{Code: "404-6"}, true},
		{"a wrong type, another code", `{"code":"E17"}`, "application/json", gen.Problem{}, false},
		{"a wrong type, no title", `{"error":"x"}`, "application/json", gen.Problem{}, false},
		{"no type", `{"detail":"D"}`, "", gen.Problem{}, false},
		{"members of the wrong type", `{"title":[],"status":{},"detail":"D","code":true}`, asProblem, gen.Problem{Detail: "D"}, true},
		{"numbers and strings", `{"title":7,"status":"400","code":404}`, asProblem, gen.Problem{Title: "7", Status: 400, Code: "404"}, true},
		{"a status that cannot be one", `{"status":-1,"title":"T"}`, asProblem, gen.Problem{Title: "T"}, true},
		{"a BOM", "\xef\xbb\xbf{\"title\":\"T\"}", asProblem, gen.Problem{Title: "T"}, true},
		{"a member twice", `{"title":"A","title":"B"}`, asProblem, gen.Problem{Title: "B"}, true},
		{"an array", `[{"title":"T"}]`, asProblem, gen.Problem{}, false},
		{"a string", `"T"`, asProblem, gen.Problem{}, false},
		{"empty", ``, asProblem, gen.Problem{}, false},
		{"cut", `{"title":"T"`, asProblem, gen.Problem{}, false},
		{"trailing bytes", `{"title":"T"}x`, asProblem, gen.Problem{}, false},
		{"HTML", `<html>`, asProblem, gen.Problem{}, false},
	} {
		got, is := rows.ParseProblem([]byte(test.body), test.contentType)
		assert.Equal(t, test.is, is, test.name)
		assert.Equal(t, test.want, got, test.name)
	}
}

func FuzzParseProblem(f *testing.F) {
	f.Add([]byte(`{"type":"t","status":400,"title":"T","detail":"D","code":"400-1","instance":"i"}`), asProblem)
	f.Add([]byte("{\"title\":\"\xff\\ud800\\u0000\",\"status\":\"1e9\"}"), "a/b; c")
	f.Add([]byte(`{"code":"400-1"}`), "")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		p, is := rows.ParseProblem(body, contentType)
		assert.GreaterOrEqual(t, p.Status, 0)
		if !is {
			assert.Zero(t, p)
		}
	})
}
