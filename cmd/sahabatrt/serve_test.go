package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"sahabatrt/bot"
	"sahabatrt/bot/bottest"
	"sahabatrt/store/session/redistest"
	"sahabatrt/store/storetest"
)

// phone is a channel of one person, ketua14: what he says goes in, what he is told comes out.
type phone struct {
	*bottest.Buffer
	accept  chan func(context.Context, []bot.Update) error
	sending func() // before each send; may be nil
	failed  chan error
}

func newPhone() *phone {
	return &phone{Buffer: &bottest.Buffer{}, accept: make(chan func(context.Context, []bot.Update) error, 1), failed: make(chan error, 1)}
}

func (p *phone) Send(ctx context.Context, m bot.Message) error {
	if p.sending != nil {
		p.sending()
	}
	return p.Buffer.Send(ctx, m)
}

func (p *phone) channels(*Config, surroundings) ([]channel, error) {
	return []channel{{name: "terminal", channel: p, run: func(ctx context.Context, accept func(context.Context, []bot.Update) error) error {
		p.accept <- accept
		select {
		case err := <-p.failed:
			return err
		case <-ctx.Done():
			return nil
		}
	}}}, nil
}

var ketua14 = bot.Address{Channel: "terminal", ID: "+6281200000014"}

func spoken(text string) bot.Update {
	return bot.Update{ID: uuid.NewString(), From: ketua14, Phone: ketua14.ID, Text: text, At: time.Now()}
}

// served is a program that serves in the background.
type served struct {
	t      testing.TB
	page   string // http://…
	says   func(text string) error
	stop   func()
	ended  chan struct{}
	code   int
	errors *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// serve starts the program as it stands in the environment and returns when it takes messages in.
func serve(t testing.TB, p *phone, args ...string) *served {
	t.Helper()
	t.Setenv("OPS_LISTEN", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(context.Background())
	out, stdout := io.Pipe()
	s := &served{t: t, stop: cancel, ended: make(chan struct{}), errors: &syncBuffer{}}
	m := Main{Stdin: strings.NewReader(""), Stdout: stdout, Stderr: s.errors, Now: time.Now, channels: p.channels}
	go func() {
		s.code = m.Run(ctx, args)
		stdout.Close()
		close(s.ended)
	}()
	t.Cleanup(func() { cancel(); <-s.ended })
	line, _ := bufio.NewReader(out).ReadString('\n')
	found := regexp.MustCompile(`^serving terminal; (http://[0-9.:]+)/readyz `).FindStringSubmatch(line)
	if found == nil {
		<-s.ended
		t.Fatalf("it says %q and ends with %d: %s", line, s.code, s.errors)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	s.page = found[1]
	accept := <-p.accept
	s.says = func(text string) error { return accept(context.Background(), []bot.Update{spoken(text)}) }
	return s
}

// end asks the program to stop and returns its exit code.
func (s *served) end() int {
	s.stop()
	<-s.ended
	return s.code
}

func (s *served) get(path string) (int, string) {
	s.t.Helper()
	resp, err := http.Get(s.page + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// until waits for what the test has caused.
func until(t testing.TB, what string, true func() bool) {
	t.Helper()
	for range 1500 {
		if true() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("in vain: %s", what)
}

// ready waits until /readyz answers with this code and this text.
func (s *served) ready(code int, text string) {
	s.t.Helper()
	var got int
	var body string
	defer func() {
		if s.t.Failed() {
			s.t.Logf("%d %s\n%s", got, body, s.errors)
		}
	}()
	until(s.t, text, func() bool {
		got, body = s.get("/readyz")
		return got == code && strings.Contains(body, text)
	})
	if regexp.MustCompile(`\d+\.\d+|://|@|:\d`).MatchString(body) {
		s.t.Errorf("an address is told: %s", body)
	}
}

func TestServe(t *testing.T) {
	inEmptyFolder(t)
	before := goleak.IgnoreCurrent()
	p := newPhone()
	s := serve(t, p)
	s.ready(http.StatusOK, "ready")
	if code, body := s.get("/healthz"); code != http.StatusOK {
		t.Errorf("/healthz: %d %s", code, body)
	}
	if err := s.says("sisa anggaran berapa"); err != nil {
		t.Fatal(err)
	}
	var told []bot.Message
	until(t, "an answer", func() bool { told = append(told, p.Read(ketua14)...); return len(told) > 0 })
	if !strings.Contains(told[0].Text, "Rp38.800.000") {
		t.Errorf("he is told: %s", told[0].Text)
	}
	var metrics string
	until(t, "the chat is at rest", func() bool {
		_, metrics = s.get("/metrics")
		return strings.Contains(metrics, "\nsahabat_claims_held 0\n")
	})
	for _, want := range []string{
		`sahabat_updates_accepted_total{channel="terminal"} 1`, `sahabat_replies_total{channel="terminal",result="sent"} 1`,
		`sahabat_turn_seconds_count{result="played"} 1`, "sahabat_replies_waiting 0", "sahabat_claim_oldest_seconds 0",
		"sahabat_claims_taken_over_total 0", "sahabat_updates_set_aside_total 0",
		`sahabat_pool_max_connections{pool="database"} 4`, "go_goroutines", "process_open_fds",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if code := s.end(); code != 0 {
		t.Errorf("exit %d: %s", code, s.errors)
	}
	testClosed(t)
	http.DefaultClient.CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

// Whoever is being answered when the program is asked to stop gets his answer; nothing is taken in meanwhile.
func TestServeStopsInOrder(t *testing.T) {
	inEmptyFolder(t)
	p := newPhone()
	begun, goOn := make(chan struct{}), make(chan struct{})
	p.sending = sync.OnceFunc(func() { close(begun); <-goOn })
	s := serve(t, p)
	if err := s.says("halo"); err != nil {
		t.Fatal(err)
	}
	<-begun
	s.stop()
	s.ready(http.StatusServiceUnavailable, "process: is stopping")
	close(goOn)
	<-s.ended
	if s.code != 0 || len(p.Read(ketua14)) != 1 {
		t.Errorf("exit %d, or no answer: %s", s.code, s.errors)
	}
	p.sending = nil
	s = serve(t, p)
	if _, metrics := s.get("/metrics"); !strings.Contains(metrics, "sahabat_claims_taken_over_total 0\n") {
		t.Error("the next process finds a chat that was left")
	}
}

func TestServeRefuses(t *testing.T) {
	inEmptyFolder(t)
	if code, _, errs := run(t, ""); code != 1 || !strings.Contains(errs, "TELEGRAM_TOKEN") || !strings.Contains(errs, "sahabatrt chat") {
		t.Errorf("no channel: exit %d: %s", code, errs)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var errs syncBuffer
	m := Main{Stdout: io.Discard, Stderr: &errs, Now: time.Now, channels: newPhone().channels}
	if code := m.Run(t.Context(), []string{"serve", "--ops-listen", taken.Addr().String()}); code != 1 || !strings.Contains(errs.String(), "OPS_LISTEN: another program") {
		t.Errorf("address in use: exit %d: %s", code, &errs)
	}
}

// A channel that cannot go on, such as one with a wrong token, ends the program with its reason.
func TestServeEndsWithItsChannel(t *testing.T) {
	inEmptyFolder(t)
	p := newPhone()
	s := serve(t, p)
	p.failed <- errors.New("the token is wrong")
	<-s.ended
	if s.code != 1 || !strings.Contains(s.errors.String(), "terminal: the token is wrong\n") {
		t.Errorf("exit %d: %s", s.code, s.errors)
	}
}

// The second process of a name ends the first.
func TestServeReplaced(t *testing.T) {
	address := storetest.Postgres(t)
	inEmptyFolder(t)
	t.Setenv("DATABASE_URL", address)
	t.Setenv("SAHABAT_PROCESS", "bot")
	first := serve(t, newPhone())
	second := serve(t, newPhone())
	<-first.ended
	if first.code != 1 || !strings.Contains(first.errors.String(), `under the name "bot"`) || !strings.Contains(first.errors.String(), "SAHABAT_PROCESS") {
		t.Errorf("exit %d: %s", first.code, first.errors)
	}
	if code := second.end(); code != 0 {
		t.Errorf("exit %d: %s", code, second.errors)
	}
}

// While PostgreSQL or Redis cannot be reached, hangs or refuses to write, /readyz says so, and what people send is not
// acknowledged; when it is back all goes on by itself.
func TestServeWithoutItsServers(t *testing.T) {
	database, redisURL := storetest.Postgres(t), ""
	inEmptyFolder(t)
	t.Setenv("TEST_REDIS_URL", "") // a private one: the program knows no prefix
	redisURL = redistest.URL(t)
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	direct := redis.NewClient(options)
	t.Cleanup(func() { direct.Close() })
	tell := func(args ...any) func() {
		return func() {
			if err := direct.Do(context.Background(), args...).Err(); err != nil {
				t.Error(err)
			}
		}
	}
	database, toDatabase := plugIn(t, database)
	redisURL, toRedis := plugIn(t, redisURL)
	t.Setenv("DATABASE_URL", database)
	t.Setenv("REDIS_URL", redisURL)
	p := newPhone()
	s := serve(t, p)
	for _, row := range []struct {
		name     string
		down, up func()
		told     string
	}{
		{"Redis is stopped", toRedis.pull, toRedis.put, "redis: does not answer"},
		{"Redis hangs", toRedis.stick, func() { toRedis.pull(); toRedis.put() }, "redis: does not answer"},
		{"Redis became a replica", tell("REPLICAOF", "127.0.0.1", "1"), tell("REPLICAOF", "NO", "ONE"), "conversations: is a replica and refuses to write"},
		{"Redis is full", tell("CONFIG", "SET", "maxmemory", "1"), tell("CONFIG", "SET", "maxmemory", "0"), "conversations: its memory is full"},
		{"Redis would evict", tell("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"), tell("CONFIG", "SET", "maxmemory-policy", "noeviction"), "redis: its maxmemory-policy is not noeviction"},
		{"PostgreSQL is stopped", toDatabase.pull, toDatabase.put, "database: does not answer"},
		{"PostgreSQL hangs", toDatabase.stick, func() { toDatabase.pull(); toDatabase.put() }, "database: does not answer"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s.t = t
			row.down()
			s.ready(http.StatusServiceUnavailable, row.told)
			if err := s.says("halo"); err == nil {
				t.Error("a message was acknowledged")
			}
			row.up()
			s.ready(http.StatusOK, "ready")
			if said := p.Read(ketua14); len(said) > 0 {
				t.Errorf("what was refused is answered: %d", len(said))
			}
			if err := s.says("halo"); err != nil {
				t.Fatal(err)
			}
			until(t, "an answer", func() bool { return len(p.Read(ketua14)) == 1 })
		})
	}
	if code := s.end(); code != 0 {
		t.Errorf("exit %d: %s", code, s.errors)
	}
	if strings.Contains(s.errors.String(), "81200000014") {
		t.Error("the log names the chat")
	}
}
