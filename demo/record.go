package demo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// A record of the demo names itself: which run wrote it, for which topic and partition, and its number there. Values look like
//
//	{"id":"<run>/<topic>/<partition>/<number>",<payload>,"crc":"<CRC-32C of all before ,"crc">"}
//
// so that whoever reads a copy can tell whether it is whole, at its place and in order, without looking at the original.

// identity is what a record says of itself.
type identity struct {
	run       string
	topic     string
	partition int32
	number    int64
}

const (
	idBegin = `{"id":"`
	crcText = `,"crc":"`
	crcEnd  = `"}`
	crcSize = len(crcText) + 8 + len(crcEnd)
)

var errNotOurs = errors.New("not a record of the demo")

// appendValue appends the value of the record to b. payload must be JSON members.
func (id identity) appendValue(b []byte, payload string) []byte {
	start := len(b)
	b = append(b, idBegin...)
	b = append(b, id.run...)
	b = append(b, '/')
	b = append(b, id.topic...)
	b = append(b, '/')
	b = strconv.AppendInt(b, int64(id.partition), 10)
	b = append(b, '/')
	b = strconv.AppendInt(b, id.number, 10)
	b = append(b, `",`...)
	b = append(b, payload...)
	sum := checksum(b[start:])
	b = append(b, crcText...)
	b = append(b, sum...)
	return append(b, crcEnd...)
}

func checksum(b []byte) string {
	sum := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	return hex.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

// parseValue reads back what appendValue wrote; errNotOurs if somebody else wrote the value.
func parseValue(v []byte) (identity, error) {
	rest, ok := bytes.CutPrefix(v, []byte(idBegin))
	end := bytes.IndexByte(rest, '"')
	if !ok || end < 0 {
		return identity{}, errNotOurs
	}
	fields := strings.Split(string(rest[:end]), "/")
	if len(fields) != 4 {
		return identity{}, errNotOurs
	}
	partition, err := strconv.ParseInt(fields[2], 10, 32)
	if err != nil {
		return identity{}, errNotOurs
	}
	number, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil {
		return identity{}, errNotOurs
	}
	id := identity{fields[0], fields[1], int32(partition), number}
	if body := len(v) - crcSize; body < 0 || string(v[body:]) != crcText+checksum(v[:body])+crcEnd {
		return id, fmt.Errorf("record %d of %s[%d] is damaged", number, id.topic, partition)
	}
	return id, nil
}
