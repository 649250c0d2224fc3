package convert

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mirror/config"
)

var update = flag.Bool("update", false, "write golden files instead of comparing them")

// inputs are the files of testdata that are converted.
func inputs(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.properties", "strimzi-*.yaml"} {
		found, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	if len(names) < 12 {
		t.Fatalf("only %d inputs", len(names))
	}
	return names
}

// secretTexts are what the passwords and keys of the inputs look like.
var secretTexts = regexp.MustCompile(`secret-[0-9]|(top|changeit|another|shown|custom)-secret|MII[BC]|hunter2`)

// Every output is as the golden file has it, is accepted by the loader, says as
// many things dropped as the result lists, and shows no secret.
func TestGolden(t *testing.T) {
	for _, name := range inputs(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			result, err := File(name, data)
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := config.Parse("mirror.yaml", result.YAML, anyVariable)
			if err != nil {
				t.Errorf("the loader refuses it: %v", err)
			} else if len(cfg.Routes) != len(result.Routes) {
				t.Errorf("%d routes, the result says %q", len(cfg.Routes), result.Routes)
			}
			if got := bytes.Count(result.YAML, []byte("# DROPPED ")); got != len(result.Dropped) {
				t.Errorf("%d comments say DROPPED, the result says %q", got, result.Dropped)
			}
			if leak := secretTexts.Find(result.YAML); leak != nil {
				t.Errorf("the output shows the secret %q", leak)
			}
			if leak := secretTexts.FindString(strings.Join(result.Dropped, "\n")); leak != "" {
				t.Errorf("what is dropped shows the secret %q", leak)
			}
			golden(t, strings.TrimSuffix(strings.TrimSuffix(name, ".properties"), ".yaml")+".golden", result.YAML)
		})
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test ./convert -update writes it anew); got:\n%s", path, got)
	}
}

func TestErrors(t *testing.T) {
	const two = "clusters = a, b\na.bootstrap.servers = a:1\nb.bootstrap.servers = b:1\n"
	tests := []struct{ name, input, want string }{
		{"empty", "", `no setting "clusters"`},
		{"something else", "bootstrap.servers = a:1\n", `no setting "clusters"`},
		{"one cluster", "clusters = a\n", "copying needs two"},
		{"nothing enabled", two + "a->b.enabled = false\n", "nothing to copy"},
		{"nothing enabled at all", two, "nothing to copy"},
		{"no brokers", "clusters = a, b\na->b.enabled = true\n", "cluster a has no a.bootstrap.servers"},
		{"bad brokers", "clusters = a, b\nbootstrap.servers = nonsense\na->b.enabled = true\n", "the port is missing"},
		{"alias", "clusters = a, b c\na->b\\ c.enabled = true\na.bootstrap.servers = x:1\n", "choose another alias"},
		{"internal alias", "clusters = mm2-a, b\nbootstrap.servers = x:1\nmm2-a->b.enabled = true\n", "choose another alias"},
		{"no pattern", two + "a->b.enabled = true\na->b.topics = (?!x).*\n", "no entry of topics (line 5) can be taken over"},
		{"no topics", two + "a->b.enabled = true\na->b.topics =\n", "no entry of topics"},
		{"escape", "clusters = \\u12\n", `line 1: \u needs four`},
		{"binary", "clusters = \xff\n", "not UTF-8"},
		{"broken YAML", "kind: KafkaMirrorMaker2\nspec: [\n", "not valid YAML"},
		{"YAML of another type", "kind: KafkaMirrorMaker2\nspec: {clusters: 7}\n", "another type"},
		{"alias of YAML", "kind: KafkaMirrorMaker2\nspec: &a {mirrors: [*a]}\n", "aliases are not supported"},
		{"anchor", "kind: KafkaMirrorMaker2\nmetadata: &a {}\nspec: {}\n", "anchors"},
		{"no mirrors", "kind: KafkaMirrorMaker2\nspec: {clusters: [{alias: a}]}\n", "spec.mirrors is empty"},
		{"unnamed", "kind: KafkaMirrorMaker2\nspec: {clusters: [{bootstrapServers: a}]}\n", "no alias"},
		{"unknown cluster", "kind: KafkaMirrorMaker2\nspec: {clusters: [{alias: a}], mirrors: [{sourceCluster: a, targetCluster: b}]}\n", "spec.mirrors[0]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := File("mm2", []byte(test.input))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestPatterns(t *testing.T) {
	tests := []struct {
		java, want string
		loose      bool
		bad        string
	}{
		{java: "orders", want: "orders"},
		{java: "a.b", want: "a.b", loose: true},
		{java: `a\.b`, want: "a.b"},
		{java: `\Qa.b\E`, want: "a.b"},
		{java: "a.*", want: "/a.*/"},
		{java: "a|b", want: "/a|b/"},
		{java: "[a-c]x", want: "/[a-c]x/"},
		{java: "(?i)a", want: "/(?i)a/"},
		{java: `(?<n>a)b+`, want: `/(?<n>a)b+/`},
		{java: `[[:alpha:]]`, want: `/[[:alpha:]]/`},
		{java: `[\]&]`, want: `/[\]&]/`},
		{java: `\[&&`, want: `/\[&&/`},
		{java: "(?!a)b", bad: "(?!"},
		{java: "(?<=a)b", bad: "(?<"},
		{java: "(?>a)b", bad: "(?>"},
		{java: `(a)\1`, bad: `\1`},
		{java: "a*+", bad: "*+"},
		{java: "[a-z&&[^b]]", bad: "&&"},
		{java: "[a[bc]]", bad: "within a character class"},
		{java: `\p{IsAlphabetic}`, bad: "IsAlphabetic"},
		{java: "(a", bad: "missing closing )"},
		{java: strings.Repeat("(a|b)", 1000), bad: "at most"},
	}
	for _, test := range tests {
		got, loose, err := topicEntry(test.java)
		switch {
		case test.bad != "":
			if err == nil || !strings.Contains(err.Error(), test.bad) {
				t.Errorf("%s: got %q, %v, want an error with %q", test.java, got, err, test.bad)
			}
		case err != nil || got != test.want || loose != test.loose:
			t.Errorf("%s: got %q, %t, %v, want %q", test.java, got, loose, err, test.want)
		}
	}
}

// A group may reach over the commas of a list, and the commas then mean "or".
func TestPatternLists(t *testing.T) {
	got := topicPatterns(`(red,green, blue)-.*, a[(],b\(, c`)
	if want := []string{"/(red|green|blue)-.*/", "/a[(]/", `/b\(/`, "c"}; !slices.Equal(got.entries, want) || len(got.bad) > 0 {
		t.Errorf("got %q, %v, want %q", got.entries, got.bad, want)
	}
	if got := topicPatterns("(a, b"); len(got.bad) != 1 || len(got.entries) != 0 {
		t.Errorf("a group that is not closed: got %+v", got)
	}
}

func TestProperties(t *testing.T) {
	tests := []struct{ text, key, value string }{
		{"a=b", "a", "b"},
		{"a = b ", "a", "b"},
		{"a:b=c", "a", "b=c"},
		{"a b c", "a", "b c"},
		{"  a\t=\tb", "a", "b"},
		{`a\=b = c`, "a=b", "c"},
		{`a\:b\ c d`, "a:b c", "d"},
		{"a=b\\\n   c", "a", "bc"},
		{"a=b\\\\\nx", "a", `b\`},
		{"a=b\\\r\n\tc", "a", "bc"},
		{"a=b\\", "a", "b"},
		{`a=\u0041\uD83D\uDE00`, "a", "A😀"},
		{`a=x\ty\qz`, "a", "x\tyqz"},
		{"a", "a", ""},
		{"#x\n!y\n\n \na=1", "a", "1"},
		{"\ufeffa=1", "a", "1"},
		{"a=1\na=2", "a", "2"},
		{"a=#b", "a", "#b"},
		{"a==b", "a", "=b"},
	}
	for _, test := range tests {
		got, err := parseProperties([]byte(test.text))
		if err != nil || len(got) == 0 || got[0].key != test.key || got[0].value != test.value {
			t.Errorf("%q: got %+v, %v, want %q = %q", test.text, got, err, test.key, test.value)
		}
	}
}

// Names that YAML would take for something else stay texts.
func TestNamesAreTexts(t *testing.T) {
	const input = "clusters = a, b\nbootstrap.servers = x:1\na->b.enabled = true\na.security.protocol = SASL_PLAINTEXT\na.sasl.mechanism = PLAIN\na.client.rack = %[1]s\n" +
		"a.sasl.jaas.config = org.apache.kafka.common.security.plain.PlainLoginModule required username='%[1]s' password='p';\n"
	for _, name := range []string{"[eu", "[eu]", "{eu: 1}", `"eu`, `"eu"`, "eu: 1", "*eu", "#eu", "null", "7"} {
		result, err := File("mm2.properties", fmt.Appendf(nil, input, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		cfg, err := config.Parse("mirror.yaml", result.YAML, anyVariable)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if a := cfg.Clusters["a"]; a.SASL.Username != name || a.Rack != name {
			t.Errorf("%s: got the user name %q and the rack %q", name, a.SASL.Username, a.Rack)
		}
	}
}

// Settings that tune how often a login is made anew ask for nothing that does not happen.
func TestLoginTuning(t *testing.T) {
	const input = "clusters = a, b\nbootstrap.servers = x:1\na->b.enabled = true\na.security.protocol = SASL_PLAINTEXT\na.sasl.mechanism = PLAIN\n"
	for _, setting := range []string{"sasl.login.refresh.window.factor = 0.8", "sasl.login.refresh.min.period.seconds = 60", "sasl.login.connect.timeout.ms = 9"} {
		result, err := File("mm2.properties", []byte(input+"a."+setting+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if want := "# " + setting + " (line 6): " + noTuning; !strings.Contains(string(result.YAML), want) {
			t.Errorf("got\n%s\nwithout %q", result.YAML, want)
		}
		for _, line := range result.Dropped {
			if strings.Contains(line, "sasl.login") {
				t.Errorf("dropped: %s", line)
			}
		}
	}
}

func TestJAAS(t *testing.T) {
	l, err := parseJAAS(`a.B required user="x \"y\"" pass='p;w' n=1 ;`)
	if err != nil || l.module != "a.B" || l.options["user"] != `x "y"` || l.options["pass"] != "p;w" || l.options["n"] != "1" {
		t.Errorf("got %+v, %v", l, err)
	}
	for _, text := range []string{"", "a.B", `a.B required x`, `a.B required x=`, `a.B required password="hunter2`, `a.B required x y=hunter2`} {
		if _, err := parseJAAS(text); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
