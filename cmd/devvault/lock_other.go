//go:build !unix

package main

// lockData does nothing where there are no advisory locks.
func lockData(string) (release func() error, err error) {
	return func() error { return nil }, nil
}
