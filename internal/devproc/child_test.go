package devproc

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// child is what the test binary does as a development program.
func child(how string) {
	switch how {
	case "fail":
		fmt.Fprintln(os.Stderr, "no luck today")
		os.Exit(3)
	case "parent":
		parent()
	case "stubborn":
		fmt.Println(`{"address":"here"}`)
		<-time.After(time.Hour)
	default:
		fmt.Println(`{"address":"here"}`)
		_, _ = io.Copy(io.Discard, os.Stdin)
		if mark := os.Getenv(markFile); mark != "" {
			_ = os.Remove(mark)
		}
	}
}

// markFile names a file that a program removes as it ends.
const markFile = "DEVPROC_TEST_MARK"

// parent starts a program of its own and never stops it.
func parent() {
	mark := filepath.Join(os.TempDir(), fmt.Sprintf("devproc-%d", os.Getpid()))
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		panic(err)
	}
	_ = os.Setenv(beChild, "well")
	_ = os.Setenv(markFile, mark)
	if _, err := Start(context.Background(), os.Args[0]); err != nil {
		panic(err)
	}
	fmt.Printf("{\"mark\":%q}\n", mark)
	<-time.After(time.Hour)
}
