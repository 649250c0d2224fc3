package batch

import (
	"encoding/binary"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// VerifyCRC reports whether raw, one magic 2 batch, has the checksum that its
// header states.
func VerifyCRC(raw []byte) bool {
	return len(raw) >= HeaderSize &&
		crc32.Checksum(raw[atAttributes:], castagnoli) == binary.BigEndian.Uint32(raw[atCRC:])
}

// patchCRC returns the CRC-32C of a message of which crc was the checksum,
// after a part of it was overwritten that ends n bytes before the message does
// and whose own checksum went from before to after.
//
// A CRC is linear but for the inversions at its beginning and end, and those
// cancel out in before xor after: that is the CRC, without inversions, of the
// bits that changed. What follows them did not change, so it counts as n zero
// bytes, each of which multiplies the polynomial by x^8.
func patchCRC(crc, before, after uint32, n int) uint32 {
	return crc ^ shift(before^after, n)
}

// powers[k] is x^(8·2^k) modulo the CRC-32C polynomial.
var powers = bytePowers()

func bytePowers() (p [31]uint32) {
	v := uint32(1) << 30 // x: coefficients are stored with x^0 at the highest bit
	for range 3 {
		v = multiply(v, v)
	}
	for k := range p {
		p[k] = v
		v = multiply(v, v)
	}
	return p
}

// shift returns crc·x^(8n) modulo the polynomial, for 0 <= n < 2^31.
func shift(crc uint32, n int) uint32 {
	for k := 0; n != 0; k++ {
		if n&1 != 0 {
			crc = multiply(powers[k], crc)
		}
		n >>= 1
	}
	return crc
}

// multiply returns a·b modulo the CRC-32C polynomial, bits reversed as usual
// in CRC-32 (the arithmetic of zlib's crc32_combine).
func multiply(a, b uint32) (product uint32) {
	for ; a != 0; a <<= 1 {
		if a&(1<<31) != 0 {
			product ^= b
		}
		carry := b & 1
		b = b>>1 ^ -carry&crc32.Castagnoli
	}
	return product
}
