package verify

import "context"

// window is the part of a feed that is held in memory to be compared: entries that are read but not yet accounted for.
type window struct {
	feed feed
	buf  []entry
	head int // buf[head:] are the entries
	done bool
}

// entries returns what is held. It is valid until the next fill.
func (w *window) entries() []entry { return w.buf[w.head:] }

// fill reads until n entries are held or the feed ends.
func (w *window) fill(ctx context.Context, n int) error {
	if len(w.buf)-w.head >= n || w.done {
		return nil
	}
	w.buf = append(w.buf[:0], w.buf[w.head:]...)
	w.head = 0
	for len(w.buf) < n {
		e, ok, err := w.feed.next(ctx)
		if err != nil {
			return err
		}
		if !ok {
			w.done = true
			return nil
		}
		w.buf = append(w.buf, e)
	}
	return nil
}

// take removes the first n entries. The memory of a large window is given back once it is used up.
func (w *window) take(n int) {
	w.head += n
	if w.head == len(w.buf) && cap(w.buf) > largeWindow {
		w.buf, w.head = nil, 0
	}
}

// largeWindow is what a comparison without differences never needs.
const largeWindow = 1 << 14

// more waits for the feed to grow behind its end.
func (w *window) more(ctx context.Context) (bool, error) {
	grown, err := w.feed.more(ctx)
	if grown {
		w.done = false
	}
	return grown, err
}
