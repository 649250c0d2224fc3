// Command screenshots makes the pictures of the page for the documentation: it runs
// the binary between three embedded clusters with trouble, lets some time pass so
// that the graphs have something to show, and takes the pictures in Chromium.
//
//	go run ./screenshots -minutes 30 -out ../../docs/images
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/chromedp/chromedp"

	"mirror/e2e/browser"
)

func main() {
	minutes := flag.Float64("minutes", 3, "how long the mirror runs before the pictures")
	out := flag.String("out", ".", "folder for the pictures")
	stay := flag.Bool("stay", false, "print the address and stay until Ctrl-C instead of taking pictures")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, time.Duration(*minutes*float64(time.Minute)), *out, *stay); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, wait time.Duration, out string, stay bool) (err error) {
	dir, err := os.MkdirTemp("", "mirror-screenshots-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	world, err := browser.NewWorld(ctx)
	if err != nil {
		return err
	}
	defer world.Close()
	binary, err := browser.Build(ctx, dir)
	if err != nil {
		return err
	}
	listen, err := browser.FreeAddress()
	if err != nil {
		return err
	}
	mirror, err := browser.StartMirror(ctx, binary, dir, listen, world.Config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mirror.Stop()) }()
	if err := world.Start(ctx); err != nil {
		return err
	}
	fmt.Println("the mirror runs at", mirror.URL)
	sleep(ctx, min(wait/2, 20*time.Second))
	if err := errors.Join(world.StopPartition(ctx), world.Lose(ctx)); err != nil {
		return err
	}
	sleep(ctx, wait/2)
	world.StopReader("billing")
	if stay {
		<-ctx.Done()
		return nil
	}
	sleep(ctx, wait/2)
	return pictures(ctx, mirror.URL, out)
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// pictures takes them all.
func pictures(ctx context.Context, url, out string) error {
	tab, stop, err := browser.StartChromium(ctx)
	if err != nil {
		return err
	}
	defer stop()
	for _, p := range []struct {
		name, hash    string
		width, height int64
		scheme        string
	}{
		{"overview", "#/", 1400, 1180, "light"},
		{"overview-dark", "#/", 1400, 1180, "dark"},
		{"phone", "#/", 390, 844, "light"},
		{"topic", "#/route/dc1-to-dc3/topic/clicks.web", 1400, 900, "light"},
		{"cluster", "#/cluster/dc1", 1400, 1240, "light"},
		{"group", "#/cluster/dc1/group/billing", 1400, 1240, "dark"},
	} {
		err := chromedp.Do(tab, browser.Size(p.width, p.height, p.scheme), chromedp.Navigate("about:blank"), chromedp.Navigate(url+"/"+p.hash))
		if err == nil {
			err = browser.Until(tab, browser.Drawn)
		}
		sleep(ctx, 3*time.Second) // for the small graphs of the rows
		if err != nil {
			return fmt.Errorf("open %s: %w", p.name, err)
		}
		png, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
		if err != nil {
			return fmt.Errorf("take %s: %w", p.name, err)
		}
		file := filepath.Join(out, p.name+".png")
		if err := os.WriteFile(file, png, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s: %d bytes\n", file, len(png))
	}
	return nil
}
