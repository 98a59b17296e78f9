package telegramtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// InProcess is an address for clients made by Server.Client, which open no socket.
const InProcess = "http://telegram.test"

// Config is what a server can be told when it is made. The zero value is a sensible one.
type Config struct {
	Token    string           // default "1000000001:contoh-token-untuk-pengujian-000000"
	Username string           // of the bot, default "contoh_bot"
	Now      func() time.Time // dates messages and measures limits, default time.Now; pauses are real (or the bubble's)
	Seed     uint64           // of everything that happens by chance

	// Lean keeps counts, but no record of calls, and of each chat the newest messages only: for benchmarks.
	Lean bool

	QueryAge     time.Duration     // how long a press can be answered, default 15 s
	MaxLabel     int               // of a button, in UTF-16 units, default 64; Telegram names no limit
	WebhookPause time.Duration     // before the first repeat of a webhook, doubled each time up to a minute, default 1 s
	Webhooks     http.RoundTripper // carries webhooks, default a transport of its own
}

// Server plays Telegram for one bot.
type Server struct {
	Token string

	config Config
	t      testing.TB
	ctx    context.Context // ends when the server closes
	close  context.CancelFunc
	work   sync.WaitGroup // deliveries of webhooks

	listen sync.Once
	socket *httptest.Server
	hooks  *http.Client

	mu      sync.Mutex
	chance  *rand.Rand
	bot     wireUser
	chats   map[int64]*chat
	lastID  int64 // of people and groups
	lastMsg int   // of messages outside of supergroups: one counter, as at Telegram
	files   files
	queue   queue
	hook    *webhook
	queries queries
	profile profile
	faults  []*Rule
	limits  limiter
	calls   []Call
	counts  map[string]int
}

// New makes a server that closes with the test.
func New(t testing.TB, c Config) *Server {
	s := &Server{
		config: c.withDefaults(),
		t:      t,
		chance: rand.New(rand.NewPCG(c.Seed, 0)),
		chats:  map[int64]*chat{},
		counts: map[string]int{},
		lastID: 1000,
	}
	s.Token = s.config.Token
	s.bot = wireUser{ID: botID(s.Token), IsBot: true, FirstName: "Contoh", Username: s.config.Username, CanJoinGroups: ptr(true), ReadsGroups: ptr(false), Inline: ptr(false)}
	s.files.init()
	s.queue.init()
	s.queries.init()
	s.ctx, s.close = context.WithCancel(context.Background())
	s.hooks = &http.Client{Transport: s.config.Webhooks, Timeout: time.Minute, CheckRedirect: noRedirect}
	if s.config.Webhooks == nil {
		s.hooks.Transport = &http.Transport{MaxIdleConnsPerHost: 100}
	}
	t.Cleanup(s.Close)
	return s
}

func (c Config) withDefaults() Config {
	if c.Token == "" {
		c.Token = "1000000001:contoh-token-untuk-pengujian-000000"
	}
	if c.Username == "" {
		c.Username = "contoh_bot"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.QueryAge == 0 {
		c.QueryAge = 15 * time.Second
	}
	if c.MaxLabel == 0 {
		c.MaxLabel = 64
	}
	if c.WebhookPause == 0 {
		c.WebhookPause = time.Second
	}
	return c
}

// Close lets everybody who waits go, and ends deliveries. New arranges for it.
func (s *Server) Close() {
	s.close()
	s.listen.Do(func() {}) // from here on URL has nothing to give
	if s.socket != nil {
		s.socket.CloseClientConnections()
		s.socket.Close()
	}
	s.work.Wait()
	s.hooks.CloseIdleConnections()
}

// URL is where the server listens on the loopback, for clients that use sockets: the address before "/bot<token>/".
func (s *Server) URL() string {
	s.listen.Do(func() { s.socket = httptest.NewServer(s) })
	if s.socket == nil {
		return "http://127.0.0.1:0"
	}
	return s.socket.URL
}

// Client returns an HTTP client that calls the server in process, whatever host it is asked for: without sockets, so
// that it also works in a bubble of testing/synctest, where waiting costs no time.
func (s *Server) Client() *http.Client { return &http.Client{Transport: inProcess{s}} }

// inProcess is a transport whose network is a function call.
type inProcess struct{ s *Server }

func (p inProcess) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	ctx := r.Context()
	in := r.WithContext(ctx) // a copy: reading its form must not change the caller's
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer func() { _ = in.Body.Close() }() // it was read
	rec := httptest.NewRecorder()
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if cut, ok := p.(error); !ok || !errors.Is(cut, http.ErrAbortHandler) {
			panic(p)
		}
		resp, err = nil, fmt.Errorf("connection cut: %w", io.ErrUnexpectedEOF)
	}()
	p.s.ServeHTTP(rec, in)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	resp = rec.Result()
	resp.Request = r
	return resp, nil
}

// ServeHTTP answers as the Bot API does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, ok := strings.CutPrefix(r.URL.Path, "/file/bot"); ok {
		s.download(w, path)
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/bot")
	token, name, whole := strings.Cut(path, "/")
	switch {
	case !ok || !whole:
		write(w, nil, &Answer{Code: 404, Description: "Not Found"})
		return
	case token != s.Token:
		write(w, nil, wrongToken(token))
		return
	}
	m := methods[strings.ToLower(name)]
	if m == nil {
		write(w, nil, &Answer{Code: 404, Description: "Not Found: method not found"})
		return
	}
	c := &call{s: s, method: m, ctx: r.Context(), at: s.config.Now()}
	c.read(r)
	s.play(w, c)
}

func wrongToken(token string) *Answer {
	if id, secret, ok := strings.Cut(token, ":"); !ok || secret == "" || botID(id+":") == 0 {
		return &Answer{Code: 401, Description: "Unauthorized: invalid token specified"}
	}
	return &Answer{Code: 401, Description: "Unauthorized"}
}

// play lets a call have its effect and its answer, with the faults that were ordered for it.
func (s *Server) play(w http.ResponseWriter, c *call) {
	trouble := s.trouble(c)
	if !c.wait(trouble.before) {
		s.record(c, &Answer{Description: "the caller has gone"}, false)
		return
	}
	if trouble.ends() && !trouble.late {
		s.end(w, c, trouble, nil, false)
		return
	}
	result, refused := c.run()
	if c.ctx.Err() != nil || !c.wait(trouble.after) {
		s.record(c, &Answer{Description: "the caller has gone"}, refused == nil)
		return
	}
	if trouble.ends() {
		s.end(w, c, trouble, refused, refused == nil)
		return
	}
	s.record(c, refused, refused == nil)
	write(w, result, refused)
}

func (s *Server) end(w http.ResponseWriter, c *call, t trouble, refused *Answer, done bool) {
	if t.cut {
		s.record(c, &Answer{Description: "connection cut"}, done)
		panic(http.ErrAbortHandler)
	}
	if refused == nil {
		refused = t.answer
	}
	s.record(c, refused, done)
	write(w, nil, refused)
}

// envelope is what every answer comes in.
type envelope struct {
	OK          bool        `json:"ok"`
	Result      any         `json:"result,omitempty"`
	Code        int         `json:"error_code,omitempty"`
	Description string      `json:"description,omitempty"`
	Parameters  *parameters `json:"parameters,omitempty"`
}

type parameters struct {
	MigrateTo  int64 `json:"migrate_to_chat_id,omitempty"`
	RetryAfter int   `json:"retry_after,omitempty"`
}

func write(w http.ResponseWriter, result any, refused *Answer) {
	status, e := http.StatusOK, envelope{OK: true, Result: result}
	if refused != nil {
		if refused.Page {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(refused.Code)
			fmt.Fprintf(w, "<html>\r\n<head><title>%d %s</title></head>\r\n</html>\r\n", refused.Code, refused.Description)
			return
		}
		status = refused.Code
		e = envelope{Code: refused.Code, Description: refused.Description}
		if refused.MigrateTo != 0 || refused.RetryAfter != 0 {
			e.Parameters = &parameters{MigrateTo: refused.MigrateTo, RetryAfter: refused.RetryAfter}
		}
		if refused.RetryAfter != 0 {
			w.Header().Set("Retry-After", strconv.Itoa(refused.RetryAfter))
		}
	}
	var body bytes.Buffer
	if raw, ok := result.(json.RawMessage); ok && refused == nil {
		body.WriteString(`{"ok":true,"result":`)
		body.Write(raw)
		body.WriteString("}")
	} else if err := json.NewEncoder(&body).Encode(e); err != nil {
		panic(fmt.Sprintf("telegramtest: encode answer: %v", err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the other side may have gone
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func ptr[T any](v T) *T { return &v }
