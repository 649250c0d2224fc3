package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// FindChromium returns the browser's program.
func FindChromium() (string, error) {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no Chromium found: apt-get install chromium, or set CHROMIUM to the program")
}

// StartChromium starts a browser with one tab; stop ends both.
func StartChromium(ctx context.Context) (tab context.Context, stop func(), err error) {
	path, err := FindChromium()
	if err != nil {
		return nil, nil, err
	}
	// The sandbox needs privileges that containers do not have; only our own page
	// is loaded.
	allocator, stopAllocator := chromedp.NewExecAllocator(ctx,
		append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)...)
	tab, stopTab := chromedp.NewContext(allocator)
	stop = func() { stopTab(); stopAllocator() }
	if err := chromedp.Do(tab); err != nil {
		stop()
		return nil, nil, fmt.Errorf("start %s: %w", path, err)
	}
	return tab, stop, nil
}

// Size sets the size of the window and the colour scheme of the system.
func Size(width, height int64, scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}

// Drawn is true once every graph of a page has what there is for it, which may be nothing.
const Drawn = `document.querySelector(".graph") && [...document.querySelectorAll(".graph .note")].every((e) => e.textContent !== "Loading …")`

// Until waits until an expression of JavaScript is true.
func Until(ctx context.Context, expression string) error {
	for deadline := time.Now().Add(patience); ; {
		value, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if value && err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("wait until %s: it never was (%v)", expression, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// patience is how long a page may take to show something; machines that test are
// slow sometimes.
const patience = 60 * time.Second
