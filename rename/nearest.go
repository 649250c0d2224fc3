package rename

import "strings"

// maxWord bounds the words that Nearest compares, so that a mistake of many
// kilobytes costs nothing. Nothing that a person mistyped is longer.
const maxWord = 64

// Nearest returns the candidate that word was probably meant to be: the one
// with the smallest edit distance (insert, delete, change or swap two
// neighbours; upper and lower case count as equal), if it is near enough to
// be worth suggesting. Of equally near ones the first wins.
func Nearest(word string, candidates []string) (string, bool) {
	if len(word) > maxWord {
		return "", false
	}
	best, found := 0, ""
	for _, c := range candidates {
		limit := max(1, (min(len(word), len(c))+1)/3)
		d := distance(strings.ToLower(word), strings.ToLower(c))
		if d <= limit && (found == "" || d < best) {
			best, found = d, c
		}
	}
	return found, found != ""
}

// distance is the optimal string alignment distance of two words.
func distance(a, b string) int {
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
