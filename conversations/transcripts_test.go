package conversations_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/store"
	"sahabatrt/store/storetest"
)

var update = flag.Bool("update", false, "rewrite what the bot says in the transcripts")

// TestTranscripts plays every conversation of testdata: in the terminal on SQLite, and on PostgreSQL and Redis over Telegram.
// Both show the same, and end with the same records, which check finds in order; every step is asked by one of them; and from every state that they reach, after whatever may come there, the menu is one message away.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	played, ran := map[string]bool{}, 0
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			ran++
			c := newCity(t)
			if storetest.OnPostgres() {
				c.onTelegram(t)
			}
			c.stage.Play(t, file, *update && !storetest.OnPostgres())
			if _, err := c.do([]string{"check"}); err != nil {
				t.Error(err)
			}
			sameOnBoth(t, c.picture(t))
			for _, state := range slices.Backward(c.states.seen) { // how each place was left: a talk may be open
				if name := state.where(t).String(); !played[name] {
					played[name] = true
					c.walk(t, name, state)
				}
			}
		})
	}
	if ran < len(files) {
		return // only some were asked for
	}
	for _, flow := range newCity(t).lanes.Engine.Flows {
		for _, step := range flow.StepNames() {
			if name := flow.Name() + "." + step; !played[name] {
				t.Errorf("no transcript plays %s", name)
			}
		}
	}
}

// states remembers each session that a turn left behind.
type states struct {
	bot.Sessions
	mu   sync.Mutex
	seen []state
}

type state struct {
	from    bot.Address
	session []byte
}

func (s *states) Put(ctx context.Context, c *bot.Claim, o bot.Outcome) error {
	s.mu.Lock()
	s.seen = append(s.seen, state{c.Addr, o.Session})
	s.mu.Unlock()
	return s.Sessions.Put(ctx, c, o)
}

// place is where a session stands, read from its stored form.
type place struct {
	Flow, Step string
	Resume     bool
}

func (p place) String() string {
	if p.Resume {
		return p.Flow + "." + p.Step + "?"
	}
	return p.Flow + "." + p.Step
}

func (s state) where(t *testing.T) place {
	t.Helper()
	var stored struct {
		Resume bool
		Frames []place
	}
	if err := json.Unmarshal(s.session, &stored); err != nil {
		t.Fatal(err)
	}
	if len(stored.Frames) == 0 {
		return place{}
	}
	p := stored.Frames[len(stored.Frames)-1]
	p.Resume = stored.Resume
	return p
}

// passedOn is how much was passed on between people who talk.
func (c *city) passedOn(t *testing.T) (n int) {
	t.Helper()
	if err := c.db.View(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM talk_lines`).Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// walk sends everything that may come at any time to one state, and then "menu": each is answered or passed on.
func (c *city) walk(t *testing.T, name string, s state) {
	t.Helper()
	now := time.Unix(0, c.now.Load())
	for i, u := range []bot.Update{
		{Text: "batal"}, {Text: "menu"}, {Text: "kembali"}, {Text: "bantuan"}, {Text: "petugas"}, {Text: "/start"},
		{Text: "sisa anggaran berapa"}, {Text: "pak Udin kecelakaan"}, {Text: ""}, {Text: strings.Repeat("a", 5000)}, {Text: "x?!"}, {Text: "1"},
		{Text: "<b>%s';--\u202e😀"}, {Media: &bot.Media{Kind: bot.Voice}}, {Media: &bot.Media{Kind: bot.Sticker}}, {Media: &bot.Media{Kind: bot.Photo}},
		{Edited: true, Text: "x"}, {Flood: true}, {Contact: &bot.Contact{Phone: "+6281200000999"}}, {Press: &bot.Press{Prompt: 1, Choice: "yes"}},
	} {
		u.ID, u.From, u.At = fmt.Sprint("walk", i), s.from, now
		before := c.passedOn(t)
		out, err := c.lanes.Engine.Play(t.Context(), s.session, u, now)
		if silent := len(out.Replies) == 0 || strings.TrimSpace(out.Replies[0].Text) == ""; err != nil || silent && c.passedOn(t) == before {
			t.Errorf("%s: %.20q: no answer (%v)", name, u.Text, err)
			continue
		}
		menu, err := c.lanes.Engine.Play(t.Context(), out.Session, bot.Update{ID: "menu", From: s.from, Text: "menu", At: now}, now)
		if err != nil {
			t.Errorf("%s: %.20q, then menu: %v", name, u.Text, err)
			continue
		}
		if at := (state{s.from, menu.Session}).where(t); at.String() != "menu.pick" {
			t.Errorf("%s: %.20q, then menu: is at %s", name, u.Text, at)
		}
	}
}
