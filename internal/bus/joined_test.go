package bus

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestJoinedReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j joined[int]
		reads, gate := 0, make(chan struct{})
		read := func() (int, error) {
			reads++
			<-gate
			return reads, nil
		}
		got := make(chan int, 11)
		ask := func() {
			v, err := j.do(t.Context(), "crm", read)
			if err != nil {
				t.Error(err)
			}
			got <- v
		}
		go ask()
		synctest.Wait() // the first read has begun: it is not good for those who ask now
		for range 10 {
			go ask()
		}
		synctest.Wait()
		gate <- struct{}{}
		if v := <-got; v != 1 {
			t.Errorf("who asked first got read %d", v)
		}
		gate <- struct{}{}
		for range 10 {
			if v := <-got; v != 2 {
				t.Errorf("who asked during the first read got read %d", v)
			}
		}
		if reads != 2 || len(j.lines) != 0 {
			t.Errorf("%d reads, %d lines left", reads, len(j.lines))
		}
	})
}

func TestJoinedReadsFailTogetherAndAPanicIsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j joined[int]
		gate := make(chan struct{})
		failed := make(chan error, 2)
		go func() {
			_, err := j.do(t.Context(), "crm", func() (int, error) { <-gate; return 0, nil })
			failed <- err
		}()
		synctest.Wait()
		go func() {
			defer func() { _ = recover() }()
			_, _ = j.do(t.Context(), "crm", func() (int, error) { panic("boom") })
		}()
		synctest.Wait()
		go func() {
			_, err := j.do(t.Context(), "crm", nil)
			failed <- err
		}()
		short, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := j.do(short, "crm", nil); !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up got %v", err)
		}
		synctest.Wait()
		close(gate)
		if err := errors.Join(<-failed, <-failed); err == nil {
			t.Error("a read that panicked gave an answer")
		}
	})
}
