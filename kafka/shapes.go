package kafka

import "github.com/twmb/franz-go/pkg/kmsg"

// responseShape returns the layout of the responses to a request, or nil for requests that this program sends through
// franz-go only.
func responseShape(key int16) *shape {
	switch kmsg.Key(key) {
	case kmsg.Produce:
		return &produceShape
	case kmsg.Fetch:
		return &fetchShape
	case kmsg.ListOffsets:
		return &listOffsetsShape
	case kmsg.SASLHandshake:
		return &saslHandshakeShape
	case kmsg.ApiVersions:
		return &apiVersionsShape
	case kmsg.OffsetForLeaderEpoch:
		return &offsetForLeaderEpochShape
	case kmsg.SASLAuthenticate:
		return &saslAuthenticateShape
	case kmsg.DescribeProducers:
		return &describeProducersShape
	}
	return nil
}

// The layouts below never change. Their source is the message definitions of Apache Kafka; a test compares each with
// kmsg's encoder for all versions.

// brokerFields is a broker's address in the tags of Produce and Fetch responses (KIP-951).
var brokerFields = []field{
	{kind: fixed, size: 4}, // node id
	{kind: text},           // host
	{kind: fixed, size: 4}, // port
	{kind: text},           // rack
}

var produceShape = shape{flexible: 9, fields: []field{
	{kind: array, fields: []field{
		{kind: text, to: 12},              // topic
		{kind: fixed, size: 16, from: 13}, // topic id
		{kind: array, fields: []field{
			{kind: fixed, size: 4 + 2 + 8},  // partition, error code, base offset
			{kind: fixed, size: 8, from: 2}, // log append time
			{kind: fixed, size: 8, from: 5}, // log start offset
			{kind: array, from: 8, fields: []field{ // record errors
				{kind: fixed, size: 4}, // index in the batch
				{kind: text},           // message
			}},
			{kind: text, from: 8}, // error message
			{kind: tagged, tag: 0, fields: []field{{kind: fixed, size: 4 + 4}}}, // current leader and epoch
		}},
	}},
	{kind: fixed, size: 4, from: 1}, // throttle time
	{kind: tagged, tag: 0, repeated: true, fields: brokerFields},
}}

var fetchShape = shape{flexible: 12, fields: []field{
	{kind: fixed, size: 4, from: 1},     // throttle time
	{kind: fixed, size: 2 + 4, from: 7}, // error code, session id
	{kind: array, fields: []field{
		{kind: text, to: 12},              // topic
		{kind: fixed, size: 16, from: 13}, // topic id
		{kind: array, fields: []field{
			{kind: fixed, size: 4 + 2 + 8},                                      // partition, error code, high watermark
			{kind: fixed, size: 8, from: 4},                                     // last stable offset
			{kind: fixed, size: 8, from: 5},                                     // log start offset
			{kind: array, from: 4, fields: []field{{kind: fixed, size: 8 + 8}}}, // aborted transactions: producer id, first offset
			{kind: fixed, size: 4, from: 11},                                    // preferred read replica
			{kind: blob},                                                        // record batches
			{kind: tagged, tag: 0, fields: []field{{kind: fixed, size: 4 + 8}}}, // diverging epoch
			{kind: tagged, tag: 1, fields: []field{{kind: fixed, size: 4 + 4}}}, // current leader and epoch
			{kind: tagged, tag: 2, fields: []field{{kind: fixed, size: 8 + 4}}}, // snapshot id
		}},
	}},
	{kind: tagged, tag: 0, repeated: true, fields: brokerFields},
}}

var listOffsetsShape = shape{flexible: 6, fields: []field{
	{kind: fixed, size: 4, from: 2}, // throttle time
	{kind: array, fields: []field{
		{kind: text}, // topic
		{kind: array, fields: []field{
			{kind: fixed, size: 4 + 2},          // partition, error code
			{kind: fixed, size: 8 + 8, from: 1}, // timestamp, offset
			{kind: fixed, size: 4, from: 4},     // leader epoch
		}},
	}},
}}

var saslHandshakeShape = shape{flexible: 1 << 14, fields: []field{
	{kind: fixed, size: 2},                       // error code
	{kind: array, fields: []field{{kind: text}}}, // mechanisms
}}

var saslAuthenticateShape = shape{flexible: 2, fields: []field{
	{kind: fixed, size: 2},          // error code
	{kind: text},                    // error message
	{kind: blob},                    // auth bytes
	{kind: fixed, size: 8, from: 1}, // session lifetime
}}

var apiVersionsShape = shape{flexible: 3, fields: []field{
	{kind: fixed, size: 2}, // error code
	{kind: array, fields: []field{{kind: fixed, size: 2 + 2 + 2}}},                                    // key, lowest, highest version
	{kind: fixed, size: 4, from: 1},                                                                   // throttle time
	{kind: tagged, tag: 0, repeated: true, fields: []field{{kind: text}, {kind: fixed, size: 2 + 2}}}, // supported features
	{kind: tagged, tag: 2, repeated: true, fields: []field{{kind: text}, {kind: fixed, size: 2 + 2}}}, // finalized features
}}

var offsetForLeaderEpochShape = shape{flexible: 4, fields: []field{
	{kind: fixed, size: 4, from: 2}, // throttle time
	{kind: array, fields: []field{
		{kind: text}, // topic
		{kind: array, fields: []field{
			{kind: fixed, size: 2 + 4},      // error code, partition
			{kind: fixed, size: 4, from: 1}, // leader epoch
			{kind: fixed, size: 8},          // end offset
		}},
	}},
}}

var describeProducersShape = shape{flexible: 0, fields: []field{
	{kind: fixed, size: 4}, // throttle time
	{kind: array, fields: []field{
		{kind: text}, // topic
		{kind: array, fields: []field{
			{kind: fixed, size: 4 + 2}, // partition, error code
			{kind: text},               // error message
			{kind: array, fields: []field{
				{kind: fixed, size: 8 + 4 + 4 + 8 + 4 + 8}, // producer id, epoch, last sequence, last timestamp, coordinator epoch, transaction start
			}},
		}},
	}},
}}
