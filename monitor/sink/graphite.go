package sink

import "strconv"

// newGraphite sends Graphite's plaintext protocol: path, value and Unix time.
func newGraphite(address, prefix string) writer {
	return &tcpLines{address: address, line: func(buf []byte, b batch, p point) []byte {
		buf = append(buf, path(prefix, p)...)
		buf = append(buf, ' ')
		buf = appendValue(buf, p.value)
		buf = append(buf, ' ')
		buf = strconv.AppendInt(buf, b.at.Unix(), 10)
		return append(buf, '\n')
	}}
}

// appendValue writes a number without an exponent, which not every server reads.
func appendValue(buf []byte, value float64) []byte {
	return strconv.AppendFloat(buf, value, 'f', -1, 64)
}
