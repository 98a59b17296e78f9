// Package redistest gives tests a Redis: the one that TEST_REDIS_URL names, or a private one on the loopback.
package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// URL returns the address of a Redis that lives as long as the test. One that TEST_REDIS_URL names is shared: each test
// uses a prefix of its own there.
func URL(t testing.TB) string {
	t.Helper()
	if shared := os.Getenv("TEST_REDIS_URL"); shared != "" {
		return shared
	}
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("redis-server is missing: install it (Debian: apt-get install redis-server) or name a Redis in TEST_REDIS_URL")
	}
	for range 5 { // somebody else may take the port meanwhile
		if url, ok := start(t, binary); ok {
			return url
		}
	}
	t.Fatal("no private redis-server could be started")
	return ""
}

func start(t testing.TB, binary string) (url string, ok bool) {
	t.Helper()
	port := freePort(t)
	server := exec.Command(binary, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatalf("start redis-server: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = server.Wait() // killed below, or the port was taken
		close(ended)
	}()
	t.Cleanup(func() {
		_ = server.Process.Kill()
		<-ended
	})
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port, MaxRetries: -1, DialerRetries: 1})
	defer client.Close()
	for range 250 {
		select {
		case <-ended:
			return "", false
		case <-time.After(20 * time.Millisecond):
		}
		if client.Ping(context.Background()).Err() == nil {
			return fmt.Sprintf("redis://127.0.0.1:%s/0", port), true
		}
	}
	return "", false
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("look for a free port: %v", err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String()) // an address of a listener has a port
	return port
}
