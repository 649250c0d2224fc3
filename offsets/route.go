package offsets

// A page of topics stays below both bounds, so that with names of 249
// characters its record stays below the 1 MB that brokers and producers accept
// by default.
const (
	routePageTopics = 5000
	routePageBytes  = 500_000
)

// RouteEntries splits a route's facts into records for lane 0, at most 5,000
// topics each. The first page comes last and says how many there are: once it
// is there, the others are too.
func RouteEntries(f RouteFacts) []Entry {
	pages := splitTopics(f.Topics)
	f.Pages = int32(len(pages))
	entries := make([]Entry, 0, len(pages))
	for i := len(pages) - 1; i >= 0; i-- {
		page := RouteFacts{Topics: pages[i]}
		if i == 0 {
			page = f
			page.Topics = pages[0]
		}
		entries = append(entries, Entry{Key: Key{Kind: KindRoute, Page: int32(i)}, Value: page})
	}
	return entries
}

// splitTopics cuts a list of topics into pages; there is always at least one.
func splitTopics(topics []string) [][]string {
	var pages [][]string
	start, bytes := 0, 0
	for i, topic := range topics {
		bytes += len(topic) + len(`"",`)
		if i-start == routePageTopics || bytes > routePageBytes {
			pages = append(pages, topics[start:i])
			start, bytes = i, len(topic)+len(`"",`)
		}
	}
	return append(pages, topics[start:])
}
