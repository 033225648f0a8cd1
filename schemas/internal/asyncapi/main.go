// Command asyncapi writes the AsyncAPI 3 document of Holdfast's events: the channels from the subjects in
// package events, the messages from its types, their payloads by reference to the schemas beside it.
//
// Usage: asyncapi FILE
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: asyncapi FILE")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "asyncapi:", err)
		os.Exit(1)
	}
}

func write(path string) error {
	text, err := render()
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644) //nolint:gosec // a public document in the source tree
}
