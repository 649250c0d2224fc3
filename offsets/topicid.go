package offsets

import (
	"encoding/base64"
	"fmt"
)

// TopicID is a topic's id. It may be assigned from and to [16]byte. As text it
// is what Kafka's own tools print (org.apache.kafka.common.Uuid.toString):
// base64url of the 16 bytes without padding, 22 characters.
type TopicID [16]byte

// IsZero reports the id that brokers without topic ids (before Kafka 2.8) give.
func (id TopicID) IsZero() bool { return id == TopicID{} }

// String is the id as Kafka's tools print it.
func (id TopicID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// MarshalText is String, for JSON.
func (id TopicID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *TopicID) UnmarshalText(text []byte) error {
	const length = 22
	if len(text) != length {
		return fmt.Errorf("read topic id: %d characters instead of %d", len(text), length)
	}
	b, err := base64.RawURLEncoding.DecodeString(string(text))
	if err != nil {
		return fmt.Errorf("read topic id: %w", err)
	}
	copy(id[:], b)
	return nil
}
