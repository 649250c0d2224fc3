package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// shape is a topic of the demo: how its records look and how many there are.
type shape struct {
	topic      string
	partitions int32
	cluster    string  // where it is written
	share      float64 // of the rate, in bytes
	size       int     // of a value, about, in bytes
	codec      kgo.CompressionCodec
	transacted bool
	payload    func(r *rand.Rand) (key []byte, payload string, headers []kgo.RecordHeader)
}

// shapes returns the topics of the demo.
func shapes() []shape {
	return []shape{
		{topic: "orders", partitions: 4, cluster: West, share: 0.30, size: 200, codec: kgo.NoCompression(), payload: order},
		{topic: "clicks.web", partitions: 3, cluster: West, share: 0.20, size: 280, codec: kgo.Lz4Compression(), payload: click},
		{topic: "clicks.app", partitions: 3, cluster: West, share: 0.20, size: 280, codec: kgo.ZstdCompression(), payload: click},
		{topic: "prices", partitions: 2, cluster: West, share: 0.10, size: 120, codec: kgo.NoCompression(), transacted: true, payload: price},
		{topic: "pictures", partitions: 1, cluster: West, share: 0.20, size: 100 << 10, codec: kgo.NoCompression(), payload: picture},
		// East has orders of its own; applications there read them together with west's.
		{topic: "orders", partitions: 2, cluster: East, share: 0.02, size: 200, codec: kgo.NoCompression(), payload: order},
	}
}

// rules is how the demo's route names the copies, as YAML.
const rules = `      - {topic: prices, to: "{source}-prices"}
      - {match: "/clicks\\.(.*)/", to: "{source}.{1}.clicks"}
      - {to: "{source}.{topic}"}
`

func order(r *rand.Rand) ([]byte, string, []kgo.RecordHeader) {
	customer := r.IntN(5000)
	cities := []string{"Oslo", "Lima", "Kyoto", "Accra", "Porto", "Quito"}
	payload := fmt.Sprintf(`"customer":%d,"item":"%08x","count":%d,"price":%d.%02d,"city":"%s","paid":%t,"note":"please ring twice, leave it at the door"`,
		customer, r.Uint32(), 1+r.IntN(9), r.IntN(900), r.IntN(100), cities[r.IntN(len(cities))], r.IntN(3) > 0)
	return fmt.Appendf(nil, "customer-%d", customer), payload, []kgo.RecordHeader{{Key: "trace", Value: fmt.Appendf(nil, "%016x", r.Uint64())}}
}

func click(r *rand.Rand) ([]byte, string, []kgo.RecordHeader) {
	pages := []string{"/", "/search", "/item", "/cart", "/pay", "/help"}
	payload := fmt.Sprintf(`"session":"%012x","page":"%s","agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)","ms":%d,"referrer":"https://www.example.org%s?q=%x"`,
		r.Uint64()>>16, pages[r.IntN(len(pages))], r.IntN(4000), pages[r.IntN(len(pages))], r.Uint32())
	return nil, payload, nil
}

func price(r *rand.Rand) ([]byte, string, []kgo.RecordHeader) {
	symbol := fmt.Sprintf("S%03d", r.IntN(200))
	return []byte(symbol), fmt.Sprintf(`"bid":%d.%04d,"ask":%d.%04d`, r.IntN(500), r.IntN(10000), r.IntN(500), r.IntN(10000)), nil
}

// picture is large and does not compress well.
func picture(r *rand.Rand) ([]byte, string, []kgo.RecordHeader) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
	var b strings.Builder
	b.WriteString(`"jpeg":"`)
	for b.Len() < 100<<10 {
		for n, bits := 0, r.Uint64(); n < 10; n, bits = n+1, bits>>6 {
			b.WriteByte(letters[bits&63])
		}
	}
	b.WriteString(`"`)
	return fmt.Appendf(nil, "camera-%d", r.IntN(8)), b.String(), []kgo.RecordHeader{{Key: "type", Value: []byte("image/jpeg")}, {Key: "thumbnail"}}
}
