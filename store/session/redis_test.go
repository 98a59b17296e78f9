package session

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"sahabatrt/bot"
	"sahabatrt/bot/bottest"
	"sahabatrt/store"
	"sahabatrt/store/session/redistest"
)

// server is a Redis of one test, under a prefix of its own, with the keys that seal.
type server struct {
	db     redis.UniversalClient
	seal   *store.Sealer
	prefix string
	ahead  func() time.Duration
}

func openRedis(t testing.TB, url string) *server {
	t.Helper()
	db, err := Dial(url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{db: db, seal: openStore(t, noon).Sealer(), prefix: "test:" + rand.Text() + ":"}
	t.Cleanup(func() {
		for _, key := range s.keys(t) {
			db.Del(context.Background(), key)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *server) process(name string, channels ...string) *Redis {
	return NewRedis(s.db, s.seal, Options{Process: name, Channels: channels, Log: slog.New(slog.DiscardHandler), Prefix: s.prefix, Ahead: s.ahead})
}

func (s *server) keys(t testing.TB) (out []string) {
	t.Helper()
	for keys := s.db.Scan(context.Background(), 0, s.prefix+"*", 1000).Iterator(); keys.Next(context.Background()); {
		out = append(out, keys.Val())
	}
	return out
}

// conform plays the suite, whose clock stands still until it is moved, on Redis, whose clock does not.
func conform(t *testing.T, url string, hook redis.Hook) {
	bottest.Sessions(t, func(t *testing.T, now func() time.Time) bottest.Start {
		s := openRedis(t, url)
		if hook != nil {
			s.db.AddHook(hook)
		}
		begun := now()
		s.ahead = func() time.Duration { return now().Sub(begun) }
		return func(process string, channels ...string) bot.Sessions { return s.process(process, channels...) }
	})
}

func TestRedis(t *testing.T) { conform(t, redistest.URL(t), nil) }

// The client sends a pipeline again when its answer got lost: nothing may change by it, not even the answer.
func TestRedisEveryPipelineTwice(t *testing.T) {
	conform(t, redistest.URL(t), onPipeline(func(ctx context.Context, commands []redis.Cmder, next redis.ProcessPipelineHook) error {
		_ = next(ctx, commands) // its answers are lost
		for _, c := range commands {
			c.SetErr(nil)
		}
		return next(ctx, commands)
	}))
}

// A server that started again, or took over, knows no script.
func TestRedisForgetsScripts(t *testing.T) {
	url := redistest.URL(t)
	flush := openRedis(t, url)
	conform(t, url, onPipeline(func(ctx context.Context, commands []redis.Cmder, next redis.ProcessPipelineHook) error {
		if commands[0].Name() == "evalsha" {
			flush.db.ScriptFlush(ctx)
		}
		return next(ctx, commands)
	}))
}

// onPipeline stands between the pipe and Redis.
type onPipeline func(ctx context.Context, commands []redis.Cmder, next redis.ProcessPipelineHook) error

func (h onPipeline) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (h onPipeline) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (h onPipeline) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, commands []redis.Cmder) error { return h(ctx, commands, next) }
}

var somebody = bot.Address{Channel: "terminal", ID: "SECRET-address"}

func accept(t *testing.T, r *Redis, ids ...string) *bot.Claim {
	t.Helper()
	var in []bot.Update
	for _, id := range ids {
		in = append(in, bot.Update{ID: id, From: somebody, Text: "SECRET-text"})
	}
	claims, err := r.Accept(t.Context(), in)
	if err != nil || len(claims) != 1 {
		t.Fatalf("%d claims, %v", len(claims), err)
	}
	return claims[0]
}

func put(t *testing.T, r *Redis, c *bot.Claim, o bot.Outcome) {
	t.Helper()
	if err := r.Put(t.Context(), c, o); err != nil {
		t.Fatal(err)
	}
}

// The script ran and its answer was lost: nobody plays the chat until Due finds that out.
func TestRedisLostAnswers(t *testing.T) {
	s := openRedis(t, redistest.URL(t))
	lose := false
	s.db.AddHook(onPipeline(func(ctx context.Context, commands []redis.Cmder, next redis.ProcessPipelineHook) error {
		err := next(ctx, commands)
		if !lose {
			return err
		}
		for _, c := range commands {
			c.SetErr(net.ErrClosed)
		}
		return net.ErrClosed
	}))
	r := s.process("a", "terminal")
	if _, err := r.Due(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Accept(t.Context(), []bot.Update{{ID: "0", From: bot.Address{Channel: "terminal", ID: "known"}}}); err != nil {
		t.Fatal(err) // the server knows the script
	}
	lose = true
	if claims, err := r.Accept(t.Context(), []bot.Update{{ID: "1", From: somebody}}); err == nil || len(claims) != 0 {
		t.Fatalf("%d claims, %v: want an error", len(claims), err)
	}
	lose = false
	due, err := r.Due(t.Context(), 8)
	if err != nil || len(due) != 1 || due[0].Addr != somebody || len(due[0].Inbox) != 1 {
		t.Fatalf("%d due, %v: want the chat that nobody plays", len(due), err)
	}
	put(t, r, due[0], bot.Outcome{})
	if more, err := r.Done(t.Context(), due[0], 0); more || err != nil {
		t.Fatal(more, err)
	}
	if n := r.held.count(); n != 1 {
		t.Errorf("%d tokens are held, want that of the chat that is played", n)
	}
}

// Nothing that a person wrote, was told, or is reached by lies in Redis in clear; keys name nobody.
func TestRedisSealed(t *testing.T) {
	s := openRedis(t, redistest.URL(t))
	r := s.process("a", "terminal")
	c := accept(t, r, "1", "2", "3")
	put(t, r, c, bot.Outcome{Session: []byte("SECRET-session"), Replies: []bot.Message{{To: somebody, Text: "SECRET-reply"}}})
	put(t, r, c, bot.Outcome{Session: []byte("SECRET-session"), Replies: []bot.Message{{To: somebody, Text: "SECRET-reply"}}, Aside: true})
	all := s.dump(t)
	if strings.Contains(all, "SECRET") {
		t.Error("a value lies in clear")
	}
	for _, want := range []string{":c:", ":due:terminal", ":alive", ":aside", "taken up"} {
		if has := strings.Contains(all, want); has != (want != ":alive") { // no heartbeat yet
			t.Errorf("the dump shows %s: %v", want, has)
		}
	}
	for _, key := range s.keys(t) {
		if slot := strings.TrimPrefix(key, s.prefix); !strings.HasPrefix(slot, "rt:{") || slot[6:8] != "}:" {
			t.Errorf("%s lies in no slot of ours", key)
		}
	}
}

func (s *server) dump(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for _, key := range s.keys(t) {
		out.WriteString(key + "\n")
		for _, values := range [][]string{
			s.db.HVals(t.Context(), key).Val(), s.db.LRange(t.Context(), key, 0, -1).Val(), s.db.ZRange(t.Context(), key, 0, -1).Val(),
		} {
			out.WriteString(strings.Join(values, "\n") + "\n")
		}
	}
	return out.String()
}

// A sealed value opens only where it was sealed; one chat that does not open does not stop the others.
func TestRedisSealedForItsChat(t *testing.T) {
	s := openRedis(t, redistest.URL(t))
	r := s.process("a", "terminal")
	var chats []string
	for _, id := range []string{"1", "2"} {
		claims, err := r.Accept(t.Context(), []bot.Update{{ID: "1", From: bot.Address{Channel: "terminal", ID: id}}})
		if err != nil {
			t.Fatal(err)
		}
		put(t, r, claims[0], bot.Outcome{Session: []byte(id)})
		chats = append(chats, claims[0].Lease.(lease).chat)
	}
	s.db.HSet(t.Context(), chats[1], "s", s.db.HGet(t.Context(), chats[0], "s").Val())
	due, err := s.process("a", "terminal").Due(t.Context(), 8)
	if err != nil || len(due) != 1 || string(due[0].Session) != "1" {
		t.Fatalf("%d chats open, want the one whose session it is; %v", len(due), err)
	}
}

// What has had its time goes; what waits, and who was dropped, is never lost by it.
func TestRedisExpiry(t *testing.T) {
	s := openRedis(t, redistest.URL(t))
	ahead := time.Duration(0)
	s.ahead = func() time.Duration { return ahead }
	r := s.process("a", "terminal")
	c := accept(t, r, "1", "2")
	chat := c.Lease.(lease).chat
	if ttl := s.db.PTTL(t.Context(), chat).Val(); ttl > 0 {
		t.Errorf("a chat that is played expires in %v", ttl)
	}
	put(t, r, c, bot.Outcome{Session: []byte("one"), Aside: true})
	put(t, r, c, bot.Outcome{Session: []byte("one")})
	if _, err := r.Done(t.Context(), c, 0); err != nil {
		t.Fatal(err)
	}
	near(t, "a chat at rest", s.db.PTTL(t.Context(), chat).Val(), keepSeen)
	near(t, "what is set aside", s.db.PTTL(t.Context(), r.beside(chat, "aside")).Val(), keepAside)
	for _, row := range []struct {
		after   time.Duration
		session bool
	}{{keepPlain - time.Minute, true}, {keepPlain + time.Second, false}} {
		ahead = row.after
		if _, err := r.Due(t.Context(), 8); err != nil {
			t.Fatal(err)
		}
		if has := s.db.HExists(t.Context(), chat, "s").Val(); has != row.session {
			t.Errorf("after %v the session is there: %v", row.after, has)
		}
	}
	if n := s.db.ZCard(t.Context(), c.Lease.(lease).due).Val(); n != 0 {
		t.Errorf("%d chats at rest stand in the index for ever", n)
	}
}

func near(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got > want || got < want-time.Minute {
		t.Errorf("%s is kept for %v, want %v", what, got, want)
	}
}

// A process that went away without a word leaves no name behind for ever.
func TestRedisForgetsSilentProcesses(t *testing.T) {
	s := openRedis(t, redistest.URL(t))
	ahead := time.Duration(0)
	s.ahead = func() time.Duration { return ahead }
	for _, name := range []string{"gone", "new"} {
		if _, err := s.process(name).Due(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		ahead += keepSilent + alive + time.Second
	}
	if names := s.db.HKeys(t.Context(), s.prefix+"rt:{07}:alive").Val(); !slices.Equal(names, []string{"new"}) {
		t.Errorf("these live: %v", names)
	}
}

// A full memory must refuse, not forget.
func TestRedisReady(t *testing.T) {
	t.Setenv("TEST_REDIS_URL", "") // a private one: its policy is changed
	s := openRedis(t, redistest.URL(t))
	r := s.process("a")
	if err := r.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.db.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	if err := r.Ready(t.Context()); !errors.Is(err, ErrEvicts) {
		t.Errorf("got %v, want %v", err, ErrEvicts)
	}
}

// Whoever waits for a Redis that is not there hears so soon.
func TestRedisAway(t *testing.T) {
	db, err := Dial("redis://127.0.0.1:1", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := &server{db: db, seal: openStore(t, noon).Sealer()}
	r := s.process("a", "terminal")
	if _, err := r.Accept(t.Context(), []bot.Update{{ID: "1", From: somebody}}); err == nil {
		t.Error("an update was kept nowhere")
	} else if strings.Contains(err.Error(), "SECRET") {
		t.Error("the error names the person")
	}
	if _, err := r.Due(t.Context(), 8); err == nil {
		t.Error("a heartbeat was kept nowhere")
	}
	if r.held.count() != 0 {
		t.Error("a token is held")
	}
}

func TestDial(t *testing.T) {
	for _, row := range []struct{ url, kind string }{
		{"redis://127.0.0.1:6379/2", "single"},
		{"rediss://user:pass@redis.example:6379", "single"},
		{"redis://127.0.0.1:26379?master_name=main&addr=127.0.0.1:26380", "single"}, // a client whose dialer asks Sentinels
		{"redis://127.0.0.1:7000?addr=127.0.0.1:7001", "cluster"},
		{"http://127.0.0.1", ""},
		{"redis://:SECRET@bad host:%zz", ""},
	} {
		db, err := Dial(row.url, slog.New(slog.DiscardHandler))
		kind := ""
		switch db.(type) {
		case *redis.Client:
			kind = "single"
		case *redis.ClusterClient:
			kind = "cluster"
		}
		if kind != row.kind || (err != nil && strings.Contains(err.Error(), "SECRET")) {
			t.Errorf("%s: %q, want %q (%v)", row.url, kind, row.kind, err)
		}
		if err == nil {
			db.Close()
		}
	}
}
