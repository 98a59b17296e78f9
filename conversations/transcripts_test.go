package conversations_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/bot/bottest"
	"sahabatrt/conversations"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/session"
	"sahabatrt/store/storetest"
)

var update = flag.Bool("update", false, "rewrite what the bot says in the transcripts")

// city is a small invented city: one store, a bot over it, and people with names.
type city struct {
	db      *store.DB
	lanes   *bot.Lanes
	stage   *bottest.Stage
	notices *conversations.Notices
	states  *states
	now     atomic.Int64
	address string // of the records
	log     bytes.Buffer
}

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, program.WIB)

func TestMain(m *testing.M) { storetest.Main(m) }

func newCity(t testing.TB) *city {
	t.Helper()
	c := &city{}
	c.now.Store(start.UnixNano())
	now := func() time.Time { return time.Unix(0, c.now.Load()) }
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	c.address = storetest.URL(t)
	log := slog.New(slog.NewTextHandler(&c.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	db, err := store.Open(t.Context(), store.Options{URL: c.address, Key: key, Now: now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c.db = db
	c.settle(t)
	texts, err := locales.New(log)
	if err != nil {
		t.Fatal(err)
	}
	var serial atomic.Int64
	flows := &conversations.Conversations{Store: db, Settings: program.DefaultSettings()}
	buffer := &bottest.Buffer{}
	c.states = &states{Sessions: session.NewSQL(db, session.Options{Process: "test", Channels: []string{"terminal"}, Log: log})}
	c.lanes = &bot.Lanes{
		Engine:   flows.Engine(texts, func() string { return fmt.Sprint("talk", serial.Add(1)) }),
		Sessions: c.states,
		Channels: map[string]bot.Channel{"terminal": buffer}, Now: now, Log: log,
	}
	if err := c.lanes.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.notices = &conversations.Notices{Store: db, Texts: texts, Log: log, Send: buffer.Send}
	c.stage = &bottest.Stage{Lanes: c.lanes, Buffer: buffer, SetClock: func(at time.Time) { c.now.Store(at.UnixNano()) }, Person: c.person, Do: c.do, Due: c.due}
	return c
}

// due does what jobs do in production, in order.
func (c *city) due(ctx context.Context, now time.Time) error {
	if err := c.notices.Plan(ctx, now); err != nil {
		return err
	}
	var ids []string
	err := c.db.View(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.DueNotices()
		return err
	})
	var again store.Again
	for _, id := range ids {
		if fault := c.notices.Work(ctx, id, now); !errors.As(fault, &again) {
			err = errors.Join(err, fault)
		}
	}
	return err
}

// people are the persons of the transcripts: office, place, number.
var people = map[string]struct {
	role      store.Role
	place     string
	honorific store.Honorific
	phone     string
}{
	"ketua14":      {store.Ketua, "1571071012-RT014", "pak", "+6281200000014"},
	"sekretaris14": {store.Sekretaris, "1571071012-RT014", "bu", "+6281200000114"},
	"bendahara14":  {store.Bendahara, "1571071012-RT014", "pak", "+6281200000214"},
	"ketua15":      {store.Ketua, "1571071012-RT015", "bu", "+6281200000015"},
	"ketua3":       {store.Ketua, "1571101003-RT003", "pak", "+6281200000003"},
	"ketua7":       {store.Ketua, "1571031004-RT007", "pak", "+6281200000007"},
	"ketua9":       {store.Ketua, "1571091005-RT009", "pak", "+6281200000009"},
	"lurah12":      {store.Lurah, "1571071012", "bu", "+6281200000012"},
}

func (c *city) person(name string) (bot.Address, string) {
	if name == "warga" { // the channel vouches for a number that stands on no list
		return bot.Address{Channel: "terminal", ID: name}, "+6281200000777"
	}
	return bot.Address{Channel: "terminal", ID: name}, people[name].phone
}

func (c *city) settle(t testing.TB) {
	t.Helper()
	asOf := program.Date{Year: 2026, Month: 11, Day: 2}
	ceilings := map[string]store.Ceiling{
		"1571071012-RT014": {Amount: 100_000_000, SpentBefore: 61_200_000, Received: 100_000_000, Source: "daftar DPMPPA", AsOf: asOf},
		"1571071012-RT015": {Amount: 50_000_000, SpentBefore: 20_000_000, Source: "daftar DPMPPA", AsOf: asOf,
			Lines: []store.BudgetLine{{Name: "honor", Amount: 14_400_000, Spent: 12_000_000}}, SocialPlan: 1_000_000, HasSocialPlan: true},
		"1571101003-RT003": {Amount: 0, Source: "daftar DPMPPA", AsOf: asOf},
		"1571091005-RT009": {Amount: 70_000_000, SpentBefore: 70_000_000 - 16_800, Source: "daftar DPMPPA", AsOf: asOf},
	}
	err := c.db.Update(t.Context(), func(tx *store.Tx) error {
		for name, p := range people {
			phone, err := program.ParsePhone(p.phone)
			if err != nil {
				return err
			}
			if rt, err := program.ParseRTCode(p.place); err == nil {
				if err := tx.PutRT(rt, true); err != nil {
					return err
				}
			}
			if _, _, err := tx.PutPerson(store.Person{Name: name + " Contoh", Phone: phone, Honorific: p.honorific, Offices: []store.Office{{Role: p.role, Place: p.place}}}); err != nil {
				return err
			}
		}
		for code, ceiling := range ceilings {
			rt, _ := program.ParseRTCode(code)
			if _, err := tx.SetCeiling(rt, 2026, ceiling, ""); err != nil {
				return err
			}
		}
		known, _ := program.ParseNIK("1571075203850009")
		_, err := tx.PutElsewhere(known, "city", program.NewMonth(2026, 12), "daftar contoh")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// do plays what happens outside the chat.
func (c *city) do(words []string) (string, error) {
	switch words[0] {
	case "invite":
		phone, _ := program.ParsePhone(words[3])
		var code string
		err := c.db.Update(context.Background(), func(tx *store.Tx) (err error) {
			code, err = tx.Invite(store.Invite{Role: store.Role(words[1]), Place: words[2], Phone: phone, Name: "Orang Contoh"}, "")
			return err
		})
		return code, err
	case "ceiling":
		rt, _ := program.ParseRTCode(words[1])
		amount, err := program.ParseRupiah(words[2])
		return "", errors.Join(err, c.db.Update(context.Background(), func(tx *store.Tx) error {
			_, err := tx.SetCeiling(rt, 2026, store.Ceiling{Amount: amount, Source: "daftar DPMPPA", AsOf: program.Date{Year: 2026, Month: 11, Day: 20}}, "")
			return err
		}))
	case "crew":
		rt, _ := program.ParseRTCode(words[1])
		return "", c.db.Update(context.Background(), func(tx *store.Tx) error {
			for i := range 10 {
				nik, err := program.ParseNIK(fmt.Sprintf("157107010180%04d", i+1))
				if err != nil {
					return err
				}
				w := store.Worker{RT: rt, State: program.Active, Category: program.OjekDriver, Name: fmt.Sprintf("Pekerja %c Contoh", 'A'+i), NIK: nik,
					Birth: program.Date{Year: 1980, Month: 1, Day: 1}, Sex: program.Male, FirstMonth: program.NewMonth(2026, 5), Months: 8,
					PaidUntil: program.NewMonth(2026, 10-time.Month(i/5*2))}
				if _, err := tx.ImportWorker(w, ""); err != nil {
					return err
				}
			}
			return nil
		})
	case "retire":
		return "", c.db.Update(context.Background(), func(tx *store.Tx) error {
			who := people[words[1]]
			phone, _ := program.ParsePhone(who.phone)
			p, err := tx.PersonByPhone(phone)
			if err != nil {
				return err
			}
			return tx.EndOffice(p.ID, store.Office{Role: who.role, Place: who.place}, "")
		})
	case "check":
		findings, err := c.db.Check(context.Background())
		if err == nil && len(findings) > 0 {
			err = fmt.Errorf("check found %v", findings)
		}
		return "", err
	}
	return "", errors.New("no such event: " + words[0])
}

// TestTranscripts plays every conversation of testdata. Each ends with records that check finds in order; every step is
// asked by one of them; and from every state that they reach, after whatever may come there, the menu is one message away.
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
			c.stage.Play(t, file, *update)
			if _, err := c.do([]string{"check"}); err != nil {
				t.Error(err)
			}
			for _, state := range c.states.seen {
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

// walk sends everything that may come at any time to one state, and then "menu".
func (c *city) walk(t *testing.T, name string, s state) {
	t.Helper()
	now := time.Unix(0, c.now.Load())
	for _, u := range []bot.Update{
		{Text: "batal"}, {Text: "menu"}, {Text: "kembali"}, {Text: "bantuan"}, {Text: "petugas"}, {Text: "/start"},
		{Text: "sisa anggaran berapa"}, {Text: "pak Udin kecelakaan"}, {Text: ""}, {Text: strings.Repeat("a", 5000)}, {Text: "x?!"}, {Text: "1"},
		{Text: "<b>%s';--\u202e😀"}, {Media: &bot.Media{Kind: bot.Voice}}, {Media: &bot.Media{Kind: bot.Sticker}}, {Media: &bot.Media{Kind: bot.Photo}},
		{Edited: true, Text: "x"}, {Flood: true}, {Contact: &bot.Contact{Phone: "+6281200000999"}}, {Press: &bot.Press{Prompt: 1, Choice: "yes"}},
	} {
		u.ID, u.From, u.At = "walk", s.from, now
		out, err := c.lanes.Engine.Play(t.Context(), s.session, u, now)
		if err != nil || len(out.Replies) == 0 || strings.TrimSpace(out.Replies[0].Text) == "" {
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
