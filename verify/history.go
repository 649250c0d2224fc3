package verify

// historySize is how many records back a repeat is recognised at once; older ones are found by trace.
const historySize = 1 << 13

// history remembers the records that were found equal last, to recognise repeats. Its index is built when the first difference asks for it.
type history struct {
	ring  []remembered
	at    int
	index map[fingerprint]int // place in ring
}

type remembered struct {
	print  fingerprint
	source int64
	target int64
}

func (h *history) add(r remembered) {
	if len(h.ring) < historySize {
		h.ring = append(h.ring, r)
	} else {
		if old := h.ring[h.at].print; h.index != nil && h.index[old] == h.at {
			delete(h.index, old)
		}
		h.ring[h.at] = r
	}
	if h.index != nil {
		h.index[r.print] = h.at
	}
	h.at = (h.at + 1) % historySize
}

// find returns the latest record with the fingerprint.
func (h *history) find(f fingerprint) (remembered, bool) {
	if h.index == nil {
		h.index = make(map[fingerprint]int, historySize)
		for i := range h.ring { // from the oldest on, so that the latest stays
			at := i
			if len(h.ring) == historySize {
				at = (h.at + i) % historySize
			}
			h.index[h.ring[at].print] = at
		}
	}
	at, ok := h.index[f]
	if !ok {
		return remembered{}, false
	}
	return h.ring[at], true
}
