package batch

// packSize is how many bytes collect before a compressor gets them: small
// writes are expensive, and this is one block of snappy.
const packSize = xerialBlock

// maxAhead is the most that is allocated for a frame before its bytes are
// there: of a large batch only its last record may be wanted.
const maxAhead = 4 << 20

// packer builds the bytes of one frame after another: room for the header, then
// the records, compressed or not.
type packer struct {
	codec   int
	limit   int     // of a frame's size
	enc     encoder // nil for codecNone
	raw     []byte  // the frame so far
	over    int     // bytes that raw should have behind limit, and does not
	pending []byte  // not yet given to enc
	inside  int     // bytes given to enc since it was flushed
	flushed int     // size of the frame when enc was flushed
}

// newPacker returns a packer that must be closed.
func newPacker(codec, limit int) (*packer, error) {
	p := &packer{codec: codec, limit: limit}
	if codec == codecNone {
		return p, nil
	}
	enc, err := takeEncoder(codec)
	if err != nil {
		return nil, err
	}
	p.enc, p.pending = enc, make([]byte, 0, packSize)
	return p, nil
}

func (p *packer) close() {
	if p.enc != nil {
		giveEncoder(p.codec, p.enc)
		p.enc = nil
	}
}

// begin starts a frame that will probably have no more than size bytes.
func (p *packer) begin(size int) {
	if p.raw == nil {
		p.raw = make([]byte, HeaderSize, max(HeaderSize, min(size, p.limit, maxAhead)))
	}
	p.raw, p.pending = p.raw[:HeaderSize], p.pending[:0]
	p.over, p.inside, p.flushed = 0, 0, HeaderSize
	if p.enc != nil {
		p.enc.Reset(sink{p})
	}
}

// sink is where the encoder writes to. A frame beyond its limit is only
// counted: it is needed for nothing but to say how large it would have been.
type sink struct{ p *packer }

func (s sink) Write(b []byte) (int, error) {
	p := s.p
	if p.over > 0 || len(p.raw)+len(b) > p.limit {
		p.over += len(b)
	} else {
		p.raw = append(p.raw, b...)
	}
	return len(b), nil
}

// add appends bytes of records.
func (p *packer) add(b []byte) error {
	if p.enc == nil {
		_, err := sink{p}.Write(b)
		return err
	}
	for len(b) > 0 {
		n := min(len(b), packSize-len(p.pending))
		p.pending = append(p.pending, b[:n]...)
		b = b[n:]
		if len(p.pending) == packSize {
			if err := p.push(); err != nil {
				return err
			}
		}
	}
	return nil
}

// push gives what is pending to the encoder.
func (p *packer) push() error {
	if len(p.pending) == 0 {
		return nil
	}
	_, err := p.enc.Write(p.pending)
	p.inside += len(p.pending)
	p.pending = p.pending[:0]
	return err
}

// fits reports whether the frame, with n more bytes of records, is certain to
// stay within the limit. It flushes the encoder only when it has to.
func (p *packer) fits(n int) (bool, error) {
	if p.enc == nil {
		return len(p.raw)+n <= p.limit, nil
	}
	if p.worst(n) <= p.limit {
		return true, nil
	}
	if err := p.push(); err != nil {
		return false, err
	}
	if p.inside > 0 {
		if err := p.enc.Flush(); err != nil {
			return false, err
		}
		p.inside, p.flushed = 0, len(p.raw)+p.over
	}
	return p.worst(n) <= p.limit, nil
}

func (p *packer) worst(n int) int {
	return p.flushed + worstSize(p.codec, p.inside+len(p.pending)+n)
}

// finish ends the records and says how large the frame is. Within the limit
// take returns it.
func (p *packer) finish() (size int, err error) {
	if p.enc != nil {
		if err := p.push(); err != nil {
			return 0, err
		}
		if err := p.enc.Close(); err != nil {
			return 0, err
		}
	}
	return len(p.raw) + p.over, nil
}

// take hands over the frame that finish ended, its header all zeroes.
func (p *packer) take() []byte {
	raw := p.raw
	p.raw = nil
	if cap(raw) > len(raw)+len(raw)/4 { // frames live until they are acked: no slack
		raw = append(make([]byte, 0, len(raw)), raw...)
	}
	return raw
}
