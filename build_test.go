package mirror_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// maxBinaryBytes keeps the image, which has a CA bundle of 0.2 MB and licences of
// 0.1 MB beside the binary, at 25 MB.
const maxBinaryBytes = 24_500_000

// The image holds nothing but the binary, so it must need no other file. This
// runs the very command of the Dockerfile.
func TestBinaryIsStatic(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the image is for Linux")
	}
	binary := filepath.Join(t.TempDir(), "mirror")
	build := exec.Command("sh", "-c", dockerBuild(t))
	build.Env = append(os.Environ(), "OUT="+binary, "VERSION=test", "REVISION=0123abc-dirty", "CREATED=2026-01-02T03:04:05Z")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, program := range file.Progs {
		if program.Type == elf.PT_INTERP {
			t.Error("the binary needs a dynamic loader")
		}
	}
	if libraries, err := file.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("the binary needs %v", libraries)
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxBinaryBytes {
		t.Errorf("the binary has %d bytes, more than %d", info.Size(), maxBinaryBytes)
	}
	out, err := exec.Command(binary, "version").Output()
	if want := "mirror test\nrevision 0123abc of 2026-01-02T03:04:05Z, with uncommitted changes\n"; err != nil || !strings.HasPrefix(string(out), want) {
		t.Errorf("version: got %q, %v, want what was given to the build", out, err)
	}
}

// dockerBuild is the command by which the Dockerfile makes the binary. It writes
// to $OUT, so that this test can put it elsewhere.
func dockerBuild(t *testing.T) string {
	t.Helper()
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.ReplaceAll(string(dockerfile), "\\\n", " "), "\n") {
		if command, ok := strings.CutPrefix(line, "RUN CGO_ENABLED=0 "); ok {
			return "CGO_ENABLED=0 " + command
		}
	}
	t.Fatal("the Dockerfile has no line that builds without cgo")
	return ""
}

// The image runs as nobody, asks itself for its health, and brings authorities.
func TestDockerfile(t *testing.T) {
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"\nFROM scratch\n",
		"\nUSER 65532:65532\n",
		"/etc/ssl/certs/ca-certificates.crt",
		"\nCOPY --from=build /licenses /licenses\n",
		"org.opencontainers.image.version=${VERSION}",
		"org.opencontainers.image.revision=${REVISION}",
		"org.opencontainers.image.created=${CREATED}",
		`CMD ["/mirror", "status", "--ready"]`,
		`ENTRYPOINT ["/mirror"]`,
	} {
		if !strings.Contains(string(dockerfile), line) {
			t.Errorf("the Dockerfile does not have %q", line)
		}
	}
}
