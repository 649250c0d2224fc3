package web

import (
	"errors"
	"net/http"
	"time"
)

// streamWriteTimeout is how long one message may take to a reader that does not
// read; then its connection ends.
const streamWriteTimeout = 10 * time.Second

// handleStream sends server-sent events: a snapshot, then what changed at every
// beat, until either side goes.
func handleStream(w http.ResponseWriter, r *http.Request, h *hub) {
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		return
	}
	snapshot, stream, err := h.join()
	if err != nil {
		status := http.StatusServiceUnavailable
		if !errors.Is(err, errTooManyStreams) && !errors.Is(err, errStopping) {
			status = http.StatusInternalServerError
		}
		http.Error(w, err.Error(), status)
		return
	}
	defer h.leave(stream)
	w.Header().Set("Content-Type", "text/event-stream")
	conn := http.NewResponseController(w)
	// The server's deadlines are for requests that end; here each message has one.
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		http.Error(w, "this connection cannot carry a stream", http.StatusInternalServerError)
		return
	}
	send := func(message []byte) bool {
		if conn.SetWriteDeadline(time.Now().Add(streamWriteTimeout)) != nil {
			return false
		}
		_, err := w.Write(message)
		return err == nil && conn.Flush() == nil
	}
	if !send(append([]byte("retry: 2000\n"), snapshot...)) {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case message, open := <-stream:
			if !open || !send(message) {
				return
			}
		}
	}
}
