package clusters

// used is how full the volume of a log directory is, 0 to 1; nil when the broker
// does not say, or says what cannot be.
func (d *LogDir) used() *float64 {
	if d.Total == nil || d.Usable == nil || *d.Total <= 0 || *d.Usable < 0 || *d.Usable > *d.Total {
		return nil
	}
	used := 1 - float64(*d.Usable)/float64(*d.Total)
	return &used
}

// longestLag is that of the group furthest behind; nil when none is known.
func longestLag(groups []*group) (longest *float64) {
	for _, g := range groups {
		longest = larger(longest, g.LagSeconds)
	}
	return longest
}

// larger leaves out what is unknown.
func larger(a, b *float64) *float64 {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}
