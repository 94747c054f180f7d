# The gateway in memory, "outgoing serve", for tests of clients in any language:
#
#   docker build -t outgoing .
#   docker run --rm -p 127.0.0.1:8080:8080 outgoing
#   docker run --rm -p 127.0.0.1:8080:8080 outgoing --messages 1000 --fault status=503,times=3
#
# Its base URL is then http://127.0.0.1:8080/rest, and any bearer token is let in. It is ready when it prints that URL.
#
# Messages of your own, in a file that the user 65532 can read (chmod a+r):
#
#   docker run --rm -p 127.0.0.1:8080:8080 -v "$PWD/history.jsonl:/history.jsonl:ro" outgoing --messages-file /history.jsonl
#
# Callbacks to a receiver outside of the container, which listens where the container can reach it; plain http will do, since
# --expose is set below. Docker Desktop knows the name by itself, and Linux with the --add-host:
#
#   docker run --rm -p 127.0.0.1:8080:8080 --add-host host.docker.internal:host-gateway outgoing \
#     --live --callback http://host.docker.internal:8081/
#
# Its version: docker run --rm --entrypoint /outgoing outgoing version
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
