// Package redistest gives tests a Redis: the one that TEST_REDIS_URL names, or a private one on the loopback.
package redistest

import (
	"context"
	"crypto/rand"
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
	if os.Getenv("FSYNC") == "on" { // for measuring: as it is in production
		return begin(t, "--appendonly", "yes", "--appendfsync", "always").URL()
	}
	return begin(t, "--appendonly", "no").URL()
}

// Server is a Redis of one test, which stops and starts it.
type Server struct {
	t       testing.TB
	binary  string
	port    string
	options []string
	process *exec.Cmd
	ended   chan struct{}
}

// Private returns a Redis that keeps what it was told also when it is killed.
func Private(t testing.TB) *Server {
	t.Helper()
	return begin(t, "--appendonly", "yes", "--appendfsync", "always")
}

func begin(t testing.TB, options ...string) *Server {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("redis-server is missing: install it (Debian: apt-get install redis-server) or name a Redis in TEST_REDIS_URL")
	}
	s := &Server{t: t, binary: binary, options: append(options, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())}
	t.Cleanup(s.Stop)
	for range 5 { // somebody else may take the port meanwhile
		s.port = freePort(t)
		if s.start() {
			return s
		}
	}
	t.Fatal("no private redis-server could be started")
	return nil
}

// URL is where it listens, also after it was started again.
func (s *Server) URL() string { return fmt.Sprintf("redis://127.0.0.1:%s/0", s.port) }

// Start starts it again, with what it had.
func (s *Server) Start() {
	s.t.Helper()
	if !s.start() {
		s.t.Fatal("redis-server did not start again")
	}
}

// Stop kills it.
func (s *Server) Stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill() // it may have ended
	<-s.ended
	s.process = nil
}

// Empty lets it forget everything.
func (s *Server) Empty() {
	s.t.Helper()
	client := s.client()
	defer client.Close()
	if err := client.FlushAll(context.Background()).Err(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Server) client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + s.port, MaxRetries: -1, DialerRetries: 1})
}

func (s *Server) start() bool {
	s.t.Helper()
	server := exec.Command(s.binary, append([]string{"--port", s.port}, s.options...)...)
	if err := server.Start(); err != nil {
		s.t.Fatalf("start redis-server: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = server.Wait() // killed, or the port was taken
		close(ended)
	}()
	s.process, s.ended = server, ended
	client := s.client()
	defer client.Close()
	for range 250 {
		select {
		case <-ended:
			return false
		case <-time.After(20 * time.Millisecond):
		}
		if client.Ping(context.Background()).Err() == nil {
			return true
		}
	}
	s.Stop()
	return false
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

// Prefix returns a prefix of this test's own; what lies under it is deleted at the end.
func Prefix(t testing.TB, url string) string {
	t.Helper()
	prefix := "test:" + rand.Text() + ":"
	t.Cleanup(func() {
		client := dial(t, url)
		defer client.Close()
		for _, key := range keys(client, prefix) {
			client.Del(context.Background(), key)
		}
	})
	return prefix
}

// Content returns every key under a prefix and what it holds, as text.
func Content(t testing.TB, url, prefix string) map[string][]byte {
	t.Helper()
	client, ctx := dial(t, url), context.Background()
	defer client.Close()
	held := map[string][]byte{}
	for _, key := range keys(client, prefix) {
		var value any
		switch kind := client.Type(ctx, key).Val(); kind {
		case "hash":
			value = client.HGetAll(ctx, key).Val()
		case "list":
			value = client.LRange(ctx, key, 0, -1).Val()
		case "zset":
			value = client.ZRangeWithScores(ctx, key, 0, -1).Val()
		default:
			t.Fatalf("a key holds a %s", kind)
		}
		held[key] = fmt.Append(nil, value)
	}
	if len(held) == 0 {
		t.Fatal("Redis holds nothing")
	}
	return held
}

func dial(t testing.TB, url string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal("TEST_REDIS_URL is no address")
	}
	return redis.NewClient(o)
}

func keys(client *redis.Client, prefix string) (out []string) {
	for i := client.Scan(context.Background(), 0, prefix+"*", 1000).Iterator(); i.Next(context.Background()); {
		out = append(out, i.Val())
	}
	return out
}
