// Package kafka connects to Kafka clusters.
//
// NewClient makes a franz-go client from a cluster's configuration; it serves metadata, administration, groups and every
// other request that is not on the hot path. Dialer makes a Conn, a raw connection for Fetch and Produce alone: a Fetch
// response is read once into a pooled, reference counted Buffer of which the record batches are sub-slices, and a
// Produce request is written from the caller's memory without copying the records. franz-go cannot do either: its
// concurrent broker requests keep no order, its responses are allocated anew and its produce requests are copied.
//
// Both share one way to dial: TCP with keepalive and a bound on unacknowledged data, TLS 1.2 or newer with certificate
// files that are read again when they change, and SASL with secrets that are read again at each authentication.
//
// # Goroutines
//
// The package starts none that outlive a call. A context's end interrupts blocked input and output through the
// connection's deadlines (context.AfterFunc), and each call waits for that function when it has begun to run.
//
// # Foreign bytes
//
// Whatever a broker sends is checked before it is decoded: sizes against a bound, correlation ids against the request,
// and the lengths inside a response against the bytes that are there (see shape.go), because the generated decoders
// trust array lengths and tag counts. A response that does not pass ends its connection with a ProtocolError.
package kafka
