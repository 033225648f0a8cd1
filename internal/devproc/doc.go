// Package devproc builds Holdfast's development programs (each in a Go module of its own below cmd) and runs
// them as child processes that never outlive their parent. `holdfast dev` and the tests use it.
//
// A program takes --exit-with-stdin, writes one line of JSON to standard output once it is ready, and ends
// when its standard input closes: also when the parent is killed, since the system then closes the pipe.
package devproc
