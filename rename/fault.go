package rename

import "fmt"

// Fault is one thing wrong with a Spec. New reports all of them at once,
// joined with errors.Join.
type Fault struct {
	Field string // "topics", "exclude", "rename", or "source" and "target" for an unusable cluster name
	Index int    // position in the list of that field, from 0; -1 means the field as a whole
	Key   string // for "rename": which key of the rule is meant, "topic", "match", "to", or "" for the whole rule
	Msg   string // a plain sentence that names the way out
}

func (f *Fault) Error() string {
	if f.Index < 0 {
		return fmt.Sprintf("%s: %s", f.Field, f.Msg)
	}
	place := fmt.Sprintf("%s[%d]", f.Field, f.Index)
	if f.Key != "" {
		place += "." + f.Key
	}
	return place + ": " + f.Msg
}
