// Command picture takes one picture of the pages of several running mirrors, one below the other. A user and a password in an
// address are for its mirror; they are not in the picture.
//
//	go run ./picture -out outage.png http://demo:demo-token@localhost:8081 http://demo:demo-token@localhost:8082
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"net/url"
	"os"
	"os/signal"
	"time"

	"github.com/chromedp/chromedp"

	"mirror/e2e/browser"
)

// settle is how long a page is given for its smaller graphs, once it has drawn the large ones.
const settle = 3 * time.Second

func main() {
	out := flag.String("out", "", "file of the picture")
	width := flag.Int64("width", 1400, "pixels of each page")
	height := flag.Int64("height", 760, "pixels of each page")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := take(ctx, *out, *width, *height, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func take(ctx context.Context, out string, width, height int64, pages []string) error {
	if out == "" || len(pages) == 0 {
		return errors.New("give -out and the address of a mirror")
	}
	tab, stop, err := browser.StartChromium(ctx)
	if err != nil {
		return err
	}
	defer stop()
	if err := chromedp.Do(tab, browser.Size(width, height, "light")); err != nil {
		return err
	}
	picture := image.NewRGBA(image.Rect(0, 0, int(width), int(height)*len(pages)))
	for i, page := range pages {
		taken, err := look(ctx, tab, page)
		if err != nil {
			return fmt.Errorf("look at page %d: %w", i+1, err)
		}
		draw.Draw(picture, image.Rect(0, int(height)*i, int(width), int(height)*(i+1)), taken, image.Point{}, draw.Src)
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		return err
	}
	return os.WriteFile(out, file.Bytes(), 0o644)
}

// look opens a page and takes its picture. The browser remembers the password of the first request; with one in its
// address the page could not ask for more.
func look(ctx, tab context.Context, page string) (image.Image, error) {
	bare, err := withoutPassword(page)
	if err != nil {
		return nil, err
	}
	if err := chromedp.Do(tab, chromedp.Navigate(page+"/api/v1/status"), chromedp.Navigate(bare+"/")); err != nil {
		return nil, err
	}
	if err := browser.Until(tab, browser.Drawn); err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(settle):
	}
	taken, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		return nil, err
	}
	return png.Decode(bytes.NewReader(taken))
}

func withoutPassword(page string) (string, error) {
	u, err := url.Parse(page)
	if err != nil {
		return "", errors.New("an address cannot be read") // it has a password in it
	}
	u.User = nil
	return u.String(), nil
}
