// Command fetch brings the jars of the brokers that the end-to-end tests run, so that a test run need not wait for them.
package main

import (
	"context"
	"fmt"
	"os"

	"mirror/e2e/brokers"
)

func main() {
	kafka, err := brokers.Install(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
	fmt.Println(kafka.Dir)
}
