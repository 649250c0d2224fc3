// Package browser tests the page in a real Chromium: the built binary runs between
// embedded clusters with injected trouble, and what the page shows is compared with
// what the API says. It is a module of its own, so that what drives a browser is
// no dependency of the product.
//
// Where there is no Chromium the tests are skipped, unless MIRROR_E2E_REQUIRED is
// set. CHROMIUM names the program where it is not on the PATH.
package browser
