// Package gen is what oapi-codegen makes of the contract in ../api: the models and a plain HTTP client.
//
// It has no stable API. Its names follow the vendor's document and the generator, and both may change in any release.
// It is public only because package outgoing uses some of its models under names of its own, which are stable; import
// that package instead.
//
// One file is written by hand: price.go, the type of Message.Price.
package gen

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen -config ../oapi-codegen.yaml -o outgoing.gen.go ../api/openapi.yaml
