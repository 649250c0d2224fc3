package brokers

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Version is the version of Kafka that clusters run unless Options names another.
const Version = "4.3.0"

//go:embed pom.xml
var pom []byte

// MissingError says that this machine cannot run brokers, and what is missing.
type MissingError struct{ Tool, Use string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is not installed: it %s", e.Tool, e.Use)
}

// Kafka is an installed set of jars.
type Kafka struct {
	Dir string // holds jars/ and compiled helpers
}

// Jars is the class path of everything that was installed.
func (k Kafka) Jars() string { return filepath.Join(k.Dir, "jars", "*") }

// Cache is the folder that jars are kept in: MIRROR_E2E_CACHE, or .cache/kafka in the repository.
func Cache() (string, error) {
	if dir := os.Getenv("MIRROR_E2E_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, ".cache", "kafka"), nil
}

// Root is the repository's folder: the nearest one upward that has a go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("find repository: no go.mod in this folder or above")
		}
		dir = up
	}
}

// Install returns the jars of Version, and brings them by Maven the first time. It is safe to call from several processes at
// once.
func Install(ctx context.Context) (Kafka, error) { return install(ctx, Version) }

func install(ctx context.Context, version string) (Kafka, error) {
	if _, err := exec.LookPath("java"); err != nil {
		return Kafka{}, &MissingError{"java", "runs the brokers"}
	}
	cache, err := Cache()
	if err != nil {
		return Kafka{}, err
	}
	sum := sha256.Sum256(pom)
	dir := filepath.Join(cache, version+"-"+hex.EncodeToString(sum[:4]))
	if _, err := os.Stat(filepath.Join(dir, "jars")); err == nil {
		return Kafka{Dir: dir}, nil
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return Kafka{}, &MissingError{"mvn", "brings the brokers' jars into " + dir}
	}
	if err := bringJars(ctx, dir, version); err != nil {
		return Kafka{}, err
	}
	return Kafka{Dir: dir}, nil
}

// bringJars fills a folder of its own and renames it at the end, so that a killed run leaves no half-filled cache and of two
// runs at once one wins.
func bringJars(ctx context.Context, dir, version string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make cache folder: %w", err)
	}
	work, err := os.MkdirTemp(dir, "fetch-")
	if err != nil {
		return fmt.Errorf("make cache folder: %w", err)
	}
	defer os.RemoveAll(work)
	file := filepath.Join(work, "pom.xml")
	if err := os.WriteFile(file, pom, 0o644); err != nil {
		return fmt.Errorf("write pom: %w", err)
	}
	jars := filepath.Join(work, "jars")
	cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", file, "-Dkafka.version="+version,
		"dependency:copy-dependencies", "-DoutputDirectory="+jars)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("bring jars by mvn: %w\n%s", err, lastLines(string(out), 20))
	}
	if err := os.Rename(jars, filepath.Join(dir, "jars")); err != nil {
		if _, gone := os.Stat(filepath.Join(dir, "jars")); gone != nil {
			return fmt.Errorf("keep jars: %w", err)
		}
	}
	return nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
