package conversations_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"sahabatrt/bot"
	"sahabatrt/program"
	"sahabatrt/store/storetest"
)

// needsServers is for what several processes do, or what happens to a server: a SQLite file has one process and none.
func needsServers(t *testing.T) {
	t.Helper()
	if !storetest.OnPostgres() {
		t.Skip("about PostgreSQL and Redis")
	}
}

// registrations are whole registrations in so many chats of one person; each ends with its confirmation.
func registrations(chats int) (clerks []*clerk, said [][]bot.Update) {
	clerks = hire("ketua14", chats)
	for i, k := range clerks {
		var in []bot.Update
		for _, text := range append(answers(i+1), "simpan") {
			in = append(in, k.says(text, start))
		}
		said = append(said, in)
	}
	return clerks, said
}

var figures = regexp.MustCompile(`[\d.]*\d`)

// dialogue is what one chat was told, in whatever order it was heard, without the figures that depend on others.
func dialogue(k *clerk, said []bot.Message) (texts []string) {
	for _, m := range said {
		if m.To == k.addr {
			texts = append(texts, figures.ReplaceAllString(m.Text, "0"))
		}
	}
	slices.Sort(texts)
	return texts
}

// eachOnce: every chat was told all of one registration, and nothing twice.
func eachOnce(t *testing.T, clerks []*clerk, said []bot.Message) {
	t.Helper()
	want := dialogue(clerks[0], said)
	if len(want) != clerks[0].updates || !slices.ContainsFunc(want, func(s string) bool { return strings.Contains(s, "✅ Tersimpan") }) {
		t.Errorf("%d messages were answered by %q", clerks[0].updates, want)
	}
	for _, k := range clerks[1:] {
		if got := dialogue(k, said); !slices.Equal(got, want) {
			t.Errorf("one chat was told %q, another %q", got, want)
		}
	}
}

// allRegistered: every chat's worker stands in the records once.
func allRegistered(t *testing.T, h home, clerks []*clerk) {
	t.Helper()
	c := moveIn(t, h, "judge")
	defer c.leave(t)
	c.registered(t, len(clerks))
}

// registered: so many workers stand in the records, with their money, and check finds nothing.
func (c *city) registered(t *testing.T, workers int) {
	t.Helper()
	rt, _ := program.ParseRTCode("1571071012-RT014")
	if n, b := c.workers(t, rt), c.budget(t, rt); n != workers || b.Committed != program.Rupiah(workers)*16_800 {
		t.Errorf("%d workers with %v, want %d", n, b.Committed, workers)
	}
	if _, err := c.do([]string{"check"}); err != nil {
		t.Error(err)
	}
}

// TestTwoProcesses: what people write arrives now at one, now at the other, before the last answer is out. Each chat is
// answered once and in order: an answer fits its own question only.
func TestTwoProcesses(t *testing.T) {
	needsServers(t)
	h := newHome(t)
	founded(t, h)
	both := []*process{launch(t, h, "a", ""), launch(t, h, "b", "")}
	clerks, in := registrations(8)
	for n := range in[0] {
		for i := range clerks {
			if !both[(n+i)%2].send(in[i][n : n+1]) {
				t.Fatal("a process died")
			}
		}
	}
	var said []bot.Message
	for _, p := range both {
		if p.finish() {
			t.Error("a process died")
		}
		if len(p.said) == 0 {
			t.Error("one process did all the work")
		}
		said = append(said, p.said...)
	}
	eachOnce(t, clerks, said)
	allRegistered(t, h, clerks)
}

// TestTakeOver: one of two processes is killed amid many registrations. The other, which was told of none of them, has its
// chats within five seconds, on the clock that claims are on.
func TestTakeOver(t *testing.T) {
	needsServers(t)
	h := newHome(t)
	founded(t, h)
	dies, lives := launch(t, h, "dies", "put:30"), launch(t, h, "lives", "")
	clerks, in := registrations(8)
	all := slices.Concat(in...)
	if !dies.send(all) {
		t.Fatal("it died before it acknowledged")
	}
	dies.died()
	killed := h.clock(t)
	for !registeredAll(clerks, append(dies.said, lives.said...)) {
		if _, alive := lives.hear(); !alive {
			t.Fatalf("the other died, too: %s", lives.stderr.String())
		}
	}
	if took := h.clock(t).Sub(killed); took > 5*time.Second {
		t.Errorf("taken over after %v", took)
	}
	lives.finish()
	said := dies.said
	for _, k := range clerks {
		said = append(said, unrepeated(k, dies.said, lives.said)...)
	}
	eachOnce(t, clerks, said)
	allRegistered(t, h, clerks)
}

// registeredAll: every chat was told that its worker is registered.
func registeredAll(clerks []*clerk, said []bot.Message) bool {
	return !slices.ContainsFunc(clerks, func(k *clerk) bool {
		return !slices.ContainsFunc(said, func(m bot.Message) bool { return m.To == k.addr && strings.Contains(m.Text, "✅ Tersimpan") })
	})
}

// unrepeated is what one chat was told afterwards, without the one message that may have been on the wire before.
func unrepeated(k *clerk, before, after []bot.Message) (rest []bot.Message) {
	last := ""
	for _, m := range before {
		if m.To == k.addr {
			last = m.Text
		}
	}
	for _, m := range after {
		if m.To == k.addr {
			rest = append(rest, m)
		}
	}
	if len(rest) > 0 && rest[0].Text == last {
		return rest[1:]
	}
	return rest
}

// clock is Redis' own.
func (h home) clock(t *testing.T) time.Time {
	t.Helper()
	o, err := redis.ParseURL(h.Redis)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(o)
	defer client.Close()
	now, err := client.Time(context.Background()).Result()
	if err != nil {
		t.Fatal(err)
	}
	return now
}
