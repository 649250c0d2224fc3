package main

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mirror/config"
	"mirror/rename"
	"mirror/replicate"
)

// maxPartition keeps a list such as 0-2000000000 from filling the memory.
const maxPartition = 100_000

// wish reads the flags, before anything is dialled.
func (o backfillOptions) wish(route *config.Route, now time.Time) (w replicate.BackfillWish, err error) {
	if len(o.topics) == 0 {
		return w, usageErrorf("say which topics to copy: --topic NAME or --topic /regular expression/, as often as is needed")
	}
	w = replicate.BackfillWish{ID: o.id, Arguments: o.arguments(route), Topics: o.topics, ThenLive: o.thenLive}
	if w.ID == "" {
		sum := sha256.Sum256([]byte(w.Arguments))
		w.ID = fmt.Sprintf("%x", sum[:4])
	}
	if w.From, err = parsePlace("--from", o.from, now); err != nil {
		return w, err
	}
	if w.To, err = parsePlace("--to", o.to, now); err != nil {
		return w, err
	}
	if !before(w.From, w.To) {
		return w, usageErrorf("--from %s is not before --to %s: there is nothing between them", o.from, o.to)
	}
	if w.Partitions, err = parsePartitions(o.partitions); err != nil {
		return w, err
	}
	if o.rate != "" {
		if w.Rate, err = config.ParseSize(strings.TrimSuffix(o.rate, "/s")); err != nil || w.Rate <= 0 {
			return w, usageErrorf("--rate %q is not a number of bytes per second above 0, such as 50MB", shorten(o.rate))
		}
	}
	for _, text := range o.rename {
		w.Rename = append(w.Rename, parseRename(text))
	}
	return w, nil
}

// arguments is what is asked for as one text. The default id is made of it, so the
// same command finds what it has begun; what only says how (the rate) is not in it.
func (o backfillOptions) arguments(route *config.Route) string {
	words := []string{"--route " + route.Name}
	for _, topic := range slices.Compact(slices.Sorted(slices.Values(o.topics))) {
		words = append(words, "--topic "+topic)
	}
	if o.partitions != "" {
		words = append(words, "--partitions "+o.partitions)
	}
	words = append(words, "--from "+o.from, "--to "+o.to)
	for _, rule := range o.rename {
		words = append(words, "--rename "+rule)
	}
	if o.thenLive {
		words = append(words, "--then-live")
	}
	return strings.Join(words, " ")
}

// parsePlace reads one end of the range.
func parsePlace(flag, text string, now time.Time) (replicate.Bound, error) {
	none := replicate.Bound{Offset: -1}
	switch text {
	case "earliest":
		return none, nil
	case "latest":
		return replicate.Bound{Offset: -1, Latest: true}, nil
	}
	if offset, err := strconv.ParseInt(text, 10, 64); err == nil && offset >= 0 {
		return replicate.Bound{Offset: offset}, nil
	}
	if at, ok := parseTime(text, now); ok {
		return replicate.Bound{Offset: -1, Time: at}, nil
	}
	return none, usageErrorf("%s %q: use earliest, latest, an offset (1234), a time (2006-01-02T15:04:05Z) or how long ago (-24h)", flag, shorten(text))
}

// before is false where nothing can be between the two ends, whatever the
// partitions hold. An offset and a time are compared with nothing.
func before(from, to replicate.Bound) bool {
	switch {
	case from.Latest, to == replicate.Bound{Offset: -1}: // the end, the beginning
		return false
	case !from.Time.IsZero() && !to.Time.IsZero():
		return from.Time.Before(to.Time)
	case from.Offset >= 0 && to.Offset >= 0:
		return from.Offset < to.Offset
	}
	return true
}

// parsePartitions reads a list such as 0,4-7; nil is all.
func parsePartitions(text string) ([]int32, error) {
	if text == "" {
		return nil, nil
	}
	var list []int32
	for _, part := range strings.Split(text, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			high = low
		}
		from, err := strconv.ParseUint(low, 10, 31)
		to, err2 := strconv.ParseUint(high, 10, 31)
		if err != nil || err2 != nil || from > to || to > maxPartition {
			return nil, usageErrorf("--partitions %q: %q is no partition and no range of them: use a list such as 0,4-7", shorten(text), shorten(part))
		}
		for n := from; n <= to; n++ {
			list = append(list, int32(n))
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// parseRename reads a template, or one for a topic or a regular expression. An
// equals sign is not legal in a topic's name and so not in a template.
func parseRename(text string) rename.Rule {
	i := strings.LastIndex(text, "=")
	switch {
	case i < 0:
		return rename.Rule{To: text}
	case strings.HasPrefix(text, "/"):
		return rename.Rule{Match: text[:i], To: text[i+1:]}
	}
	return rename.Rule{Topic: text[:i], To: text[i+1:]}
}
