// Package gen is what oapi-codegen makes of the contract in ../api: the models and a plain HTTP client.
//
// Import package outgoing instead. It re-exports the models [Message], [MessageType], [Price] and [Problem]: these and
// their fields are covered by its version promise. The rest of gen is not: its names follow the vendor's document and
// the generator, and may change in any release. It is public only because the models are.
//
// One file is written by hand: price.go, the type of Message.Price.
package gen

//go:generate go -C .. run ./internal/contract/cmd generate gen/outgoing.gen.go
