package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sahabatrt/bot"
	"sahabatrt/bot/bottest"
	"sahabatrt/locales"
	"sahabatrt/store"
	"sahabatrt/store/session"
)

type order struct{ Name string }

// shop is the smallest bot: a menu, and one question that can be made to fail.
func shop(t testing.TB, fail func() error) *bot.Engine {
	t.Helper()
	texts, err := locales.New(bottest.Quiet())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(text string) func(context.Context, *bot.Turn, *order) (bot.Prompt, error) {
		return func(context.Context, *bot.Turn, *order) (bot.Prompt, error) {
			return bot.Prompt{Text: locales.T(text), Free: true}, nil
		}
	}
	flow := func(name string, steps ...bot.Step[order]) bot.Playable {
		return bot.Flow[order]{Name: name, Steps: steps}.Playable()
	}
	name := bot.Step[order]{Name: "name", Ask: ask("register.name.ask"), Answer: func(_ context.Context, t *bot.Turn, d *order) (bot.Next, error) {
		d.Name = t.Text
		return bot.To("name"), fail()
	}}
	var serial atomic.Int64
	return &bot.Engine{
		Flows: []bot.Playable{flow("greet", name), flow("menu", name), flow("help"), flow("person")},
		Texts: texts, NewID: func() string { return fmt.Sprint(serial.Add(1)) },
		Understand: func(*bot.Turn) bot.Intent { return bot.Intent{} },
		Greet:      "greet", Menu: "menu", Help: "help", Person: "person",
	}
}

func lanes(t testing.TB, engine *bot.Engine, channel bot.Channel) (*bot.Lanes, *store.DB) {
	t.Helper()
	now := time.Now
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "bot.db"), Key: make([]byte, 32), Now: now, Log: bottest.Quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	l := &bot.Lanes{Engine: engine, Sessions: session.NewSQL(db, session.Options{Process: "p", Channels: []string{"terminal"}, Log: bottest.Quiet()}),
		Channels: map[string]bot.Channel{"terminal": channel}, Now: now, Log: bottest.Quiet()}
	if err := l.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l, db
}

func says(id, text string) bot.Update {
	return bot.Update{ID: id, From: bot.Address{Channel: "terminal", ID: "a"}, Text: text, At: time.Now()}
}

// TestOurFault: a turn that fails or panics is tried three times; then the person is told that it was not recorded, the
// update is kept for an operator, and the chat goes on.
func TestOurFault(t *testing.T) {
	for name, fault := range map[string]func() error{
		"error": func() error { return errors.New("disk full") },
		"panic": func() error { panic("nil map") },
	} {
		t.Run(name, func(t *testing.T) {
			tries, broken := 0, true
			buffer := &bottest.Buffer{}
			l, db := lanes(t, shop(t, func() error {
				if tries++; broken {
					return fault()
				}
				return nil
			}), buffer)
			play := func(id, text string) string {
				if err := l.Accept(t.Context(), t.Context(), []bot.Update{says(id, text)}); err != nil {
					t.Fatal(err)
				}
				l.Wait()
				said := buffer.Read(says("", "").From)
				if len(said) != 1 {
					t.Fatalf("%d replies", len(said))
				}
				return said[0].Text
			}
			play("1", "halo")
			if said := play("2", "Udin"); !strings.Contains(said, "belum tercatat") || tries != 3 {
				t.Errorf("after %d tries: %q", tries, said)
			}
			broken = false
			if said := play("3", "Udin"); !strings.Contains(said, "Siapa namanya") {
				t.Errorf("the chat does not go on: %q", said)
			}
			findings, err := db.Check(t.Context())
			if err != nil || len(findings) != 1 {
				t.Errorf("check lists %v (%v), want the update that was set aside", findings, err)
			}
		})
	}
}

// TestReplyOrderAcrossFailures: a send that fails is repeated until it went out, and the next message waits for it.
func TestReplyOrderAcrossFailures(t *testing.T) {
	buffer := &bottest.Buffer{}
	flaky := &flakyChannel{Buffer: buffer, failures: 2}
	l, _ := lanes(t, shop(t, func() error { return nil }), flaky)
	if err := l.Accept(t.Context(), t.Context(), []bot.Update{says("1", "halo"), says("2", "Udin")}); err != nil {
		t.Fatal(err)
	}
	l.Wait()
	if said := buffer.Read(says("", "").From); len(said) != 2 || flaky.failures != 0 {
		t.Errorf("%d replies, %d failures left", len(said), flaky.failures)
	}
}

type flakyChannel struct {
	*bottest.Buffer
	failures int
}

func (f *flakyChannel) Send(ctx context.Context, m bot.Message) error {
	if f.failures > 0 {
		f.failures--
		return &bot.SendError{Err: errors.New("bad gateway"), RetryAfter: time.Millisecond}
	}
	return f.Buffer.Send(ctx, m)
}

// TestHangingChatDelaysNobody: in virtual time, a chat whose sends hang for 30 seconds holds up no other.
func TestHangingChatDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := &hangingChannel{heard: map[string]time.Duration{}, began: time.Now()}
		l := &bot.Lanes{Engine: shop(t, func() error { return nil }), Sessions: &memory{}, Channels: map[string]bot.Channel{"terminal": hanging}, Now: time.Now, Log: bottest.Quiet()}
		var in []bot.Update
		for _, chat := range []string{"slow", "a", "b", "c"} {
			in = append(in, bot.Update{ID: "1", From: bot.Address{Channel: "terminal", ID: chat}, Text: "halo", At: time.Now()})
		}
		if err := l.Accept(t.Context(), t.Context(), in); err != nil {
			t.Fatal(err)
		}
		l.Wait()
		for chat, after := range hanging.heard {
			if chat != "slow" && after > time.Second {
				t.Errorf("chat %s waited %v", chat, after)
			}
		}
		if len(hanging.heard) != 4 {
			t.Errorf("%d chats were answered", len(hanging.heard))
		}
	})
}

type hangingChannel struct {
	began time.Time
	mu    sync.Mutex
	heard map[string]time.Duration
}

func (h *hangingChannel) Send(_ context.Context, m bot.Message) error {
	if m.To.ID == "slow" {
		time.Sleep(30 * time.Second)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard[m.To.ID] = time.Since(h.began)
	return nil
}

// memory hands each update out once and keeps nothing: enough for a test of the lanes' time.
type memory struct{}

func (memory) Accept(_ context.Context, in []bot.Update) (claims []*bot.Claim, err error) {
	for _, u := range in {
		claims = append(claims, &bot.Claim{Addr: u.From, Inbox: []bot.Update{u}})
	}
	return claims, nil
}

func (memory) Put(_ context.Context, c *bot.Claim, o bot.Outcome) error {
	c.Session, c.Replies, c.Inbox = o.Session, o.Replies, c.Inbox[1:]
	return nil
}

func (memory) Done(_ context.Context, c *bot.Claim, sent int) (bool, error) {
	c.Replies = c.Replies[sent:]
	return len(c.Replies)+len(c.Inbox) > 0, nil
}

func (memory) Due(context.Context, int) ([]*bot.Claim, error) { return nil, nil }
func (memory) Close(context.Context) error                    { return nil }

// TestSerialsAreNeverUsedAgain: neither a lost session nor a clock that stands still makes an old button fit.
func TestSerialsAreNeverUsedAgain(t *testing.T) {
	e := shop(t, func() error { return nil })
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	var raw []byte
	seen := map[int64]bool{}
	for i := range 20 {
		if i == 10 {
			raw, now = nil, now.Add(time.Second) // the session is lost
		}
		out, err := e.Play(t.Context(), raw, says(fmt.Sprint(i), "Udin"), now)
		if err != nil {
			t.Fatal(err)
		}
		serial := out.Replies[0].Prompt
		if seen[serial] {
			t.Fatalf("prompt %d twice", serial)
		}
		seen[serial], raw = true, out.Session
	}
	if !json.Valid(raw) {
		t.Error("the session is no JSON")
	}
}

// TestPressesOfNothing: what no button of ours ever held is told to be over, also where nothing was pressed before.
func TestPressesOfNothing(t *testing.T) {
	e := shop(t, func() error { return nil })
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	out, err := e.Play(t.Context(), nil, says("0", "Udin"), now)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range [][]byte{nil, out.Session} {
		press := says("1", "")
		press.Press = &bot.Press{}
		if out, err := e.Play(t.Context(), raw, press, now); err != nil || len(out.Replies) != 1 || !strings.Contains(out.Replies[0].Text, "sudah lewat") {
			t.Errorf("told %v, %v", out.Replies, err)
		}
	}
}

// BenchmarkEngine is one turn of the engine alone: session in, session and replies out.
func BenchmarkEngine(b *testing.B) {
	e := shop(b, func() error { return nil })
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	out, err := e.Play(b.Context(), nil, says("0", "halo"), now)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if out, err = e.Play(b.Context(), out.Session, says("1", "Udin"), now); err != nil {
			b.Fatal(err)
		}
	}
}

// TestStoredSessionsOfOtherVersions: what was stored by another version of the flows, or damaged, is met with an answer
// and never with a panic or a chat that is dead.
func TestStoredSessionsOfOtherVersions(t *testing.T) {
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	seen := now.Add(-48 * time.Hour).UnixMilli()
	for name, raw := range map[string]string{
		"step gone":     fmt.Sprintf(`{"Serial":1,"Seen":%d,"Frames":[{"ID":"x","Flow":"menu","Step":"colour","Done":["size"]}]}`, seen),
		"flow gone":     fmt.Sprintf(`{"Serial":1,"Seen":%d,"Frames":[{"ID":"x","Flow":"lottery","Step":"name"}],"Resume":true}`, seen),
		"draft damaged": fmt.Sprintf(`{"Serial":1,"Seen":%d,"Frames":[{"ID":"x","Flow":"menu","Step":"name","Draft":{"Name":7}}]}`, seen),
		"bytes damaged": `{"Serial":`,
		"nothing":       `{}`,
	} {
		for _, text := range []string{"menu", "batal", "kembali", "bantuan", "petugas", "/start", "", "Udin", "1"} {
			e := shop(t, func() error { return nil })
			out, err := e.Play(t.Context(), []byte(raw), says("1", text), now)
			if err != nil || len(out.Replies) != 1 || out.Replies[0].Text == "" {
				t.Errorf("%s, %q: %v, %d replies", name, text, err, len(out.Replies))
			}
		}
	}
}

// TestRecallOfWhatIsGone: an operation whose answer is kept no longer ends its conversation, and is no fault.
func TestRecallOfWhatIsGone(t *testing.T) {
	flow := bot.Flow[order]{Name: "menu", Steps: []bot.Step[order]{{Name: "pick",
		Ask: func(context.Context, *bot.Turn, *order) (bot.Prompt, error) {
			return bot.Prompt{Text: locales.T("register.name.ask"), Free: true}, nil
		},
		Answer: func(_ context.Context, turn *bot.Turn, d *order) (bot.Next, error) {
			return bot.Recall(turn, nil, d)
		}}}}
	e := shop(t, nil)
	e.Flows = []bot.Playable{flow.Playable()}
	e.Greet = "menu"
	out, err := e.Play(t.Context(), nil, bot.Update{ID: "1", Text: "halo", From: bot.Address{Channel: "terminal", ID: "1"}}, time.Now())
	for range 2 {
		if err != nil || len(out.Replies) != 1 {
			t.Fatalf("%d replies, %v", len(out.Replies), err)
		}
		out, err = e.Play(t.Context(), out.Session, bot.Update{ID: "2", Text: "Contoh", From: bot.Address{Channel: "terminal", ID: "1"}}, time.Now())
	}
}

// TestRecallBringsTheFile: what an operation attached is delivered again with its answer, and what a change that had to run
// twice attached first is not.
func TestRecallBringsTheFile(t *testing.T) {
	var kept []byte
	flow := bot.Flow[order]{Name: "menu", Steps: []bot.Step[order]{{Name: "pick",
		Ask: func(context.Context, *bot.Turn, *order) (bot.Prompt, error) {
			return bot.Prompt{Text: locales.T("register.name.ask"), Free: true}, nil
		},
		Answer: func(_ context.Context, turn *bot.Turn, d *order) (next bot.Next, err error) {
			if kept != nil {
				return bot.Recall(turn, kept, d)
			}
			back := turn.Mark()
			turn.Attach(bot.File{Kind: bot.Document, Name: "contoh.pdf", Ref: "first"}, locales.T("menu.budget"))
			back()
			turn.Attach(bot.File{Kind: bot.Document, Name: "contoh.pdf", Ref: "contoh"}, locales.T("menu.help"))
			kept, err = bot.Keep(turn, bot.To("pick"), d)
			return bot.To("pick"), err
		}}}}
	e := shop(t, nil)
	e.Flows = []bot.Playable{flow.Playable()}
	e.Greet = "menu"
	from := bot.Address{Channel: "terminal", ID: "1"}
	begun, err := e.Play(t.Context(), nil, bot.Update{ID: "1", Text: "halo", From: from}, time.Now())
	for range 2 {
		var out bot.Outcome
		if err == nil {
			out, err = e.Play(t.Context(), begun.Session, bot.Update{ID: "2", Text: "Contoh", From: from}, time.Now())
		}
		if err != nil || len(out.Replies) != 2 || out.Replies[0].File == nil || out.Replies[0].File.Ref != "contoh" || out.Replies[0].Text != "Bantuan" {
			t.Fatalf("%+v, %v", out.Replies, err)
		}
	}
}

// relay is a bot in which "person" passes on what is written, and an accident is an emergency.
func relay(t *testing.T, passed *[]string) *bot.Engine {
	t.Helper()
	e := shop(t, func() error { return nil })
	tell := func(text string) func(context.Context, *bot.Turn, *order) (bot.Next, error) {
		return func(_ context.Context, t *bot.Turn, _ *order) (bot.Next, error) {
			t.Say(locales.T(text))
			return bot.End(), nil
		}
	}
	write := bot.Step[order]{Name: "write", Help: "menu.help",
		Ask: func(context.Context, *bot.Turn, *order) (bot.Prompt, error) {
			return bot.Prompt{Text: locales.T("moves.none"), Free: true, Relay: true, Choices: []bot.Choice{{ID: "done", Label: locales.T("button.menu"), Key: "#"}}}, nil
		},
		Answer: func(_ context.Context, t *bot.Turn, _ *order) (bot.Next, error) {
			if t.Choice == "done" || t.Args["over"] != "" {
				t.Say(locales.T("language.changed"))
				return bot.End(), nil
			}
			*passed = append(*passed, t.Text+" as "+t.Op())
			return bot.Quiet(), nil
		}}
	e.Flows[3] = bot.Flow[order]{Name: "person", ReadOnly: true, Steps: []bot.Step[order]{write}, Begin: func(ctx context.Context, t *bot.Turn, d *order) (bot.Next, error) {
		if t.Args["over"] != "" {
			return tell("language.changed")(ctx, t, d)
		}
		return bot.Next{}, nil
	}}.Playable()
	e.Flows = append(e.Flows, bot.Flow[order]{Name: "accident", ReadOnly: true, Urgent: true, Begin: tell("accident.answer")}.Playable(),
		bot.Flow[order]{Name: "budget", ReadOnly: true, Begin: tell("area.city")}.Playable())
	e.Understand = func(t *bot.Turn) bot.Intent {
		for _, flow := range []string{"accident", "budget"} {
			if strings.Contains(t.Text, flow) {
				return bot.Intent{Flow: flow, Sure: true, Asked: true}
			}
		}
		return bot.Intent{}
	}
	return e
}

// TestRelay: what is written goes on, each message as an operation of its own, and nothing is said, whatever it asks for;
// but the bot's own words are heard, an emergency is answered once and goes on, too, and what lay below is asked again at
// the end, whoever brings it about.
func TestRelay(t *testing.T) {
	var passed []string
	e := relay(t, &passed)
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	var raw []byte
	n := 0
	play := func(u bot.Update) string {
		n++
		u.ID, u.From = fmt.Sprint("u", n), bot.Address{Channel: "terminal", ID: "a"}
		out, err := e.Play(t.Context(), raw, u, now)
		if err != nil {
			t.Fatal(err)
		}
		raw = out.Session
		if len(out.Replies) == 0 {
			return ""
		}
		return out.Replies[0].Text
	}
	const question, asks, over = "Siapa namanya", "Tidak ada permintaan pindah", "berbahasa Indonesia"
	ended := bot.Update{Event: &bot.Event{Flow: "person", Args: map[string]string{"over": "1"}}}
	for _, row := range []struct {
		says bot.Update
		want []string // that are said, in this order; none: silence
		goes string   // what went on
	}{
		{bot.Update{Text: "halo"}, []string{question}, ""},
		{bot.Update{Text: "petugas"}, []string{asks}, ""},
		{bot.Update{Text: "selamat pagi"}, nil, "selamat pagi as 2:write:u3"},
		{bot.Update{Text: "budget?"}, nil, "budget? as 2:write:u4"},
		{bot.Update{Text: "1"}, nil, "1 as 2:write:u5"},
		{bot.Update{Text: "accident"}, []string{"rumah sakit", asks}, "accident as 2:write:u6"},
		{bot.Update{Text: "accident?"}, nil, "accident? as 2:write:u7"},
		{bot.Update{Text: "petugas"}, []string{asks}, ""},
		{bot.Update{Text: "bantuan"}, []string{"Bantuan", asks}, ""},
		{bot.Update{Media: &bot.Media{Kind: bot.Voice}}, []string{"pesan suara", asks}, ""},
		{bot.Update{Text: "#"}, []string{over, "Kita lanjut", question}, ""},
		{bot.Update{Text: "petugas"}, []string{asks}, ""},
		{ended, []string{over, "Kita lanjut", question}, ""},
		{ended, []string{over, "Kita lanjut", question}, ""},
		{bot.Update{Event: &bot.Event{Flow: "of another version"}}, nil, ""},
		{bot.Update{Text: "petugas"}, []string{asks}, ""},
		{bot.Update{Text: "menu"}, []string{question}, ""},
	} {
		passed = nil
		said := play(row.says)
		rest := said
		for _, want := range row.want {
			var found bool
			if _, rest, found = strings.Cut(rest, want); !found {
				t.Errorf("%q: said %q, want %q", row.says.Text, said, row.want)
			}
		}
		if row.want == nil && said != "" {
			t.Errorf("%q: said %q", row.says.Text, said)
		}
		if got := strings.Join(passed, ", "); got != row.goes {
			t.Errorf("%q: %q went on, want %q", row.says.Text, got, row.goes)
		}
	}
}
