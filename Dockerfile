# The gateway in memory, "outgoing serve", for tests of clients in any language:
#
#   docker build -t outgoing .
#   docker run --rm -p 127.0.0.1:8080:8080 outgoing
#   docker run --rm -p 127.0.0.1:8080:8080 outgoing --messages 1000 --fault status=503,times=3
#
# Its base URL is then http://127.0.0.1:8080/rest, and any bearer token is let in. It is ready when it prints that URL.
FROM golang:1.26 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /outgoing ./cmd/outgoing

# The image has one program, and no shell. There is no health check: a request would use up a --fault that a test has asked for.
FROM scratch
COPY --from=build /outgoing /outgoing
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/outgoing", "serve", "--addr", "0.0.0.0:8080", "--expose"]
