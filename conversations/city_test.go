package conversations_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"sahabatrt/bot"
	"sahabatrt/bot/bottest"
	"sahabatrt/bot/telegram"
	"sahabatrt/conversations"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/session"
	"sahabatrt/store/session/redistest"
	"sahabatrt/store/storetest"
)

// home is where the records and conversations of one test are, for every process that works on them.
type home struct {
	Records string // the store's address
	Redis   string // "" for conversations beside the records
	Prefix  string // of the keys in Redis
	Key     []byte
}

// newHome is one SQLite file, or PostgreSQL and Redis.
func newHome(t testing.TB) home {
	t.Helper()
	h := home{Records: storetest.URL(t), Key: make([]byte, 32)}
	_, _ = rand.Read(h.Key)
	if storetest.OnPostgres() {
		h.Redis = redistest.URL(t)
		h.Prefix = redistest.Prefix(t, h.Redis)
	}
	return h
}

// city is a small invented city: one process of a bot, on one home.
type city struct {
	home
	db      *store.DB
	redis   redis.UniversalClient // nil without
	lanes   *bot.Lanes
	stage   *bottest.Stage
	said    *bottest.Buffer // in the terminal
	notices *conversations.Notices
	flows   *conversations.Conversations
	states  *states
	names   map[string]string // of people, by the ids of their chats, where these are no names
	now     atomic.Int64
	log     *bytes.Buffer
}

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, program.WIB)

// openCity opens one process on a home, its clock at start.
func openCity(ctx context.Context, h home, process string, log *slog.Logger, at func(string)) (c *city, err error) {
	c = &city{home: h}
	c.now.Store(start.UnixNano())
	now := func() time.Time { return time.Unix(0, c.now.Load()) }
	texts, err := locales.New(log)
	if err != nil {
		return nil, err
	}
	if c.db, err = store.Open(ctx, store.Options{URL: h.Records, Key: h.Key, Now: now, Log: log, At: at}); err != nil {
		return nil, err
	}
	options := session.Options{Process: process, Channels: []string{"terminal", telegram.Channel}, Log: log, Prefix: h.Prefix, Ahead: func() time.Duration { return now().Sub(start) }}
	c.states = &states{Sessions: session.NewSQL(c.db, options)}
	if h.Redis != "" {
		if c.redis, err = session.Dial(h.Redis, log); err != nil {
			return nil, errors.Join(err, c.db.Close())
		}
		c.states.Sessions = session.NewRedis(c.redis, c.db.Sealer(), options)
	}
	c.flows = &conversations.Conversations{Store: c.db, Settings: program.DefaultSettings()}
	c.lanes = &bot.Lanes{Engine: c.flows.Engine(texts, uuid.NewString), Sessions: c.states, Now: now, Log: log, At: at}
	c.notices = &conversations.Notices{Store: c.db, Texts: texts, Log: log}
	return c, nil
}

func (c *city) close() error {
	if c.redis == nil {
		return c.db.Close()
	}
	return errors.Join(c.redis.Close(), c.db.Close())
}

// newCity is the only process of a home of its own, and its people.
func newCity(t testing.TB) *city {
	t.Helper()
	c := moveIn(t, newHome(t), "test")
	if err := c.settle(); err != nil {
		t.Fatal(err)
	}
	return c
}

// moveIn opens a process that lives as long as the test, and what it says is kept.
func moveIn(t testing.TB, h home, process string) *city {
	t.Helper()
	log := &bytes.Buffer{}
	c, err := openCity(t.Context(), h, process, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.close() })
	c.log = log
	c.said = &bottest.Buffer{}
	c.lanes.Channels = map[string]bot.Channel{"terminal": c.said}
	c.stage = &bottest.Stage{Tell: c.tell, Read: c.said.Read, SetClock: func(at time.Time) { c.now.Store(at.UnixNano()) }, Person: c.person, Do: c.do, Due: c.due,
		Secret: regexp.MustCompile(`(?s), sekali pakai.*?kode ([A-Z2-9]{8})`)}
	c.notices.Send = c.said.Send
	c.notices.Tell = func(ctx context.Context, u bot.Update) error { return c.lanes.Accept(ctx, ctx, []bot.Update{u}) }
	if err := c.lanes.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// tell hands over what a person does in the terminal, one after the other.
func (c *city) tell(in []bot.Update) error {
	for _, u := range in {
		if err := c.lanes.Accept(context.Background(), context.Background(), []bot.Update{u}); err != nil {
			return err
		}
		c.lanes.Wait()
	}
	return nil
}

// due does what jobs do in production, in order.
func (c *city) due(ctx context.Context, now time.Time) error {
	if err := c.notices.Plan(ctx, now); err != nil {
		return err
	}
	var ids []string
	err := c.db.View(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.DueNotices("")
		return err
	})
	var again store.Again
	for _, id := range ids {
		if fault := c.notices.Work(ctx, id, now); !errors.As(fault, &again) {
			err = errors.Join(err, fault)
		}
	}
	c.lanes.Wait()
	return err
}

// people are the persons of the transcripts: office, place, number.
var people = map[string]struct {
	role      program.Role
	place     string
	honorific store.Honorific
	phone     string
}{
	"ketua14":      {program.Ketua, "1571071012-RT014", "pak", "+6281200000014"},
	"sekretaris14": {program.Sekretaris, "1571071012-RT014", "bu", "+6281200000114"},
	"bendahara14":  {program.Bendahara, "1571071012-RT014", "pak", "+6281200000214"},
	"ketua15":      {program.Ketua, "1571071012-RT015", "bu", "+6281200000015"},
	"ketua3":       {program.Ketua, "1571101003-RT003", "pak", "+6281200000003"},
	"ketua7":       {program.Ketua, "1571031004-RT007", "pak", "+6281200000007"},
	"ketua9":       {program.Ketua, "1571091005-RT009", "pak", "+6281200000009"},
	"lurah12":      {program.Lurah, "1571071012", "bu", "+6281200000012"},
	"camat07":      {program.Camat, "157107", "pak", "+6281200000907"},
}

func (c *city) person(name string) (bot.Address, string) {
	if name == "warga" { // the channel vouches for a number that stands on no list
		return bot.Address{Channel: "terminal", ID: name}, "+6281200000777"
	}
	if vouched, ok := strings.CutPrefix(name, "+"); ok { // somebody with a number of his own; after @ another of his chats
		number, _, _ := strings.Cut(name, "@")
		return bot.Address{Channel: "terminal", ID: vouched}, number
	}
	return bot.Address{Channel: "terminal", ID: name}, people[name].phone
}

func (c *city) settle() error {
	asOf := program.Date{Year: 2026, Month: 11, Day: 2}
	ceilings := map[string]store.Ceiling{
		"1571071012-RT014": {Amount: 100_000_000, SpentBefore: 61_200_000, Received: 100_000_000, Source: "daftar DPMPPA", AsOf: asOf},
		"1571071012-RT015": {Amount: 50_000_000, SpentBefore: 20_000_000, Source: "daftar DPMPPA", AsOf: asOf,
			Lines: []store.BudgetLine{{Name: "honor", Amount: 14_400_000, Spent: 12_000_000}}, SocialPlan: 1_000_000, HasSocialPlan: true},
		"1571101003-RT003": {Amount: 0, Source: "daftar DPMPPA", AsOf: asOf},
		"1571091005-RT009": {Amount: 70_000_000, SpentBefore: 70_000_000 - 16_800, Source: "daftar DPMPPA", AsOf: asOf},
	}
	return c.db.Update(context.Background(), func(tx *store.Tx) error {
		for _, name := range slices.Sorted(maps.Keys(people)) { // in the same order in every city
			p := people[name]
			phone, err := program.ParsePhone(p.phone)
			if err != nil {
				return err
			}
			if rt, err := program.ParseRTCode(p.place); err == nil {
				if err := tx.PutRT(rt, true); err != nil {
					return err
				}
			}
			if _, _, err := tx.PutPerson(store.Person{Name: name + " Contoh", Phone: phone, Honorific: p.honorific, Offices: []program.Office{{Role: p.role, Place: p.place}}}); err != nil {
				return err
			}
		}
		for _, code := range slices.Sorted(maps.Keys(ceilings)) {
			ceiling := ceilings[code]
			rt, _ := program.ParseRTCode(code)
			if _, err := tx.SetCeiling(rt, 2026, ceiling, ""); err != nil {
				return err
			}
		}
		known, _ := program.ParseNIK("1571075203850009")
		_, err := tx.PutElsewhere(known, "city", program.NewMonth(2026, 12), "daftar contoh")
		return err
	})
}

// do plays what happens outside the chat.
func (c *city) do(words []string) (string, error) {
	switch words[0] {
	case "invite":
		phone, _ := program.ParsePhone(words[3])
		var code string
		err := c.db.Update(context.Background(), func(tx *store.Tx) (err error) {
			code, err = tx.InviteAsOperator(store.Invite{Role: program.Role(words[1]), Place: words[2], Phone: phone, Name: "Orang Contoh"})
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
	case "member": // NAME NIK PHONE PAID-UNTIL [MOTHER]: of RT 14, from November
		nik, err := program.ParseNIK(words[2])
		if err != nil {
			return "", err
		}
		phone, _ := program.ParsePhone(words[3])
		until, _ := program.ParseMonth(words[4])
		w := store.Worker{RT: program.RT{Kelurahan: "1571071012", Number: 14}, State: program.Submitted, Category: program.BecakDriver, Sex: program.Male,
			Name: words[1] + " Contoh", NIK: nik, Phone: phone, Birth: program.Date{Year: 1980, Month: 1, Day: 1},
			FirstMonth: program.NewMonth(2026, 11), Months: 2, PaidUntil: until, Mother: strings.Join(words[5:], " ")}
		if !until.IsZero() {
			w.State = program.Active
		}
		return "", c.db.Update(context.Background(), func(tx *store.Tx) error {
			_, err := tx.ImportWorker(w, "")
			return err
		})
	case "official": // ROLE PLACE PHONE
		phone, _ := program.ParsePhone(words[3])
		return "", c.db.Update(context.Background(), func(tx *store.Tx) error {
			_, _, err := tx.PutPerson(store.Person{Name: "Petugas Contoh", Phone: phone, Offices: []program.Office{{Role: program.Role(words[1]), Place: words[2]}}})
			return err
		})
	case "retire":
		return "", c.db.Update(context.Background(), func(tx *store.Tx) error {
			who := people[words[1]]
			phone, _ := program.ParsePhone(who.phone)
			p, err := tx.PersonByPhone(phone)
			if err != nil {
				return err
			}
			return tx.EndOffice(p.ID, program.Office{Role: who.role, Place: who.place}, "")
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
