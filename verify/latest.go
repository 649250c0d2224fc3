package verify

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// Compacted logs drop older records of a key at different times on each side, so that only each key's latest record can be compared. A key whose
// latest record has a null value (a tombstone) may also be gone altogether.

// maxKeys is how many keys are held at a time; with more, the keys are split by their hash and the logs are read once for each part.
const maxKeys = 1 << 19

// latest is the last record of a key on each side.
type latest struct {
	source, target entry
	has            [2]bool // source, target
	gone           [2]bool // its value is null
}

// latest compares the partition's latest record of each key.
func (j *job) latest(ctx context.Context) error {
	for parts := uint64(1); ; {
		fits, err := j.latestParts(ctx, parts)
		var trimmed *trimmedError
		switch {
		case errors.As(err, &trimmed) && trimmed.source:
			j.source.start = min(trimmed.start, j.afterEnd)
		case errors.As(err, &trimmed):
			j.target.start = min(trimmed.start, j.target.end)
		case err != nil:
			return err
		case !fits:
			parts *= 4
		default:
			again, err := j.waitForLatest(ctx)
			if !again || err != nil {
				return err
			}
		}
		j.findings = newFindings(&j.r.found)
		j.report.Equal, j.report.Bytes, j.report.NotCopied, j.report.KnownLost, j.report.SourceOnly, j.report.TargetOnly = 0, 0, 0, 0, 0, 0
	}
}

// waitForLatest waits for keys that are not copied yet, as far as Options say; true: the target has grown, compare again.
func (j *job) waitForLatest(ctx context.Context) (bool, error) {
	if j.report.NotCopied == 0 || j.r.o.Wait <= 0 || !j.target.exists {
		return false, nil
	}
	end, err := j.awaitTarget(ctx, j.target.end)
	if err != nil || end <= j.target.end {
		return false, err
	}
	j.target.end = end
	j.afterEnd, err = j.reader(true).offsetAt(ctx, -1)
	return true, err
}

// latestParts compares the keys in parts; false if a part is too large.
func (j *job) latestParts(ctx context.Context, parts uint64) (bool, error) {
	for part := range parts {
		keys, err := j.readLatest(ctx, func(key uint64) bool { return key%parts == part })
		if err != nil || keys == nil {
			return false, err
		}
		j.compareLatest(keys)
	}
	j.report.Next = Position{j.afterEnd, j.target.end}
	return true, nil
}

// readLatest reads both logs; nil if there are more keys than fit.
func (j *job) readLatest(ctx context.Context, mine func(key uint64) bool) (map[uint64]*latest, error) {
	keys := make(map[uint64]*latest)
	c := j.comparison(piece{j.source.start, j.source.end, true}, Position{j.source.start, j.target.start}, head{})
	defer func() { c.source.feed.close(); c.target.feed.close() }()
	for side, f := range []feed{c.source.feed, c.target.feed} {
		for {
			e, ok, err := f.next(ctx)
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			if !mine(e.print.key) {
				continue
			}
			k := keys[e.print.key]
			if k == nil {
				if len(keys) >= maxKeys {
					return nil, nil
				}
				k = new(latest)
				keys[e.print.key] = k
			}
			k.put(side, e)
		}
	}
	return keys, nil
}

func (k *latest) put(side int, e entry) {
	if side == 0 {
		k.source = e
	} else {
		k.target = e
	}
	k.has[side], k.gone[side] = true, e.print.value == [2]uint64{}
}

// agreed is how far the sides agree: the smallest offsets of keys that are equal, and the largest source offset of one.
type agreed struct{ source, target, last int64 }

// compareLatest names the keys that differ. What is behind the last source record that the target has is not copied yet.
func (j *job) compareLatest(keys map[uint64]*latest) {
	var differ []*latest
	a := agreed{source: j.afterEnd, target: j.target.end, last: -1}
	for _, k := range keys {
		switch {
		case k.has == [2]bool{true, true} && k.source.print == k.target.print:
			a = agreed{min(a.source, k.source.offset), min(a.target, k.target.offset), max(a.last, k.source.offset)}
			j.report.Equal++
			j.report.Bytes += int64(k.source.size)
			j.count(1, int64(k.source.size))
		case k.has[0] != k.has[1] && (k.gone[0] || k.gone[1]):
			j.report.Equal++ // a tombstone, already removed on the other side
		default:
			differ = append(differ, k)
		}
	}
	slices.SortFunc(differ, func(x, y *latest) int {
		return cmp.Or(cmp.Compare(x.source.offset, y.source.offset), cmp.Compare(x.target.offset, y.target.offset))
	})
	for _, k := range differ {
		j.differ(k, a)
	}
}

// differ names what is wrong with one key.
func (j *job) differ(k *latest, a agreed) {
	source := Place{j.pair.Source, j.partition, k.source.offset}
	target := Place{j.pair.Target, j.partition, k.target.offset}
	switch {
	case !k.has[0] && j.source.start > 0 && k.target.offset < a.target:
		j.report.TargetOnly++ // the source's log was trimmed
	case !k.has[0]:
		source.Offset = j.source.end
		j.findings.add(finding{kind: Foreign, source: source, target: target, print: k.target.print, detail: "the source has no record with this key"})
	case k.source.offset >= j.source.end: // written after the freeze
	case k.source.offset > a.last:
		j.report.NotCopied++
	case j.known(k.source.offset):
		j.report.KnownLost++
	case !k.has[1] && (j.target.start > 0 || j.r.o.StartLater) && k.source.offset < a.source:
		j.report.SourceOnly++ // the target's log was trimmed
	case !k.has[1]:
		target.Offset = j.target.end
		j.findings.add(finding{kind: Lost, source: source, target: target, print: k.source.print, detail: "the target has no record with this key"})
	default:
		j.findings.add(finding{kind: Changed, source: source, target: target, print: k.source.print, other: k.target.print, detail: "latest record of its key"})
	}
}

func (j *job) known(offset int64) bool {
	return slices.ContainsFunc(j.losses, func(l Loss) bool { return offset >= l.From && offset < l.To })
}
