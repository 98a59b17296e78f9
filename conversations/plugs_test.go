package conversations_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/store/session/redistest"
	"sahabatrt/store/storetest"
)

// onOwnRedis is a city whose Redis belongs to the test.
func onOwnRedis(t *testing.T) (*city, *redistest.Server) {
	t.Helper()
	needsServers(t)
	r := redistest.Private(t)
	h := newHome(t)
	h.Redis = r.URL()
	return settled(t, h), r
}

func settled(t *testing.T, h home) *city {
	t.Helper()
	c := moveIn(t, h, "test")
	if err := c.settle(); err != nil {
		t.Fatal(err)
	}
	return c
}

// tells sends what a person writes and returns the last answer.
func (c *city) tells(t *testing.T, k *clerk, text string) bot.Message {
	t.Helper()
	c.send(t, k.says(text, start))
	return c.answer(t, k)
}

func (c *city) answer(t *testing.T, k *clerk) bot.Message {
	t.Helper()
	c.lanes.Wait()
	said := c.said.Read(k.addr)
	if len(said) == 0 {
		t.Fatal("no answer")
	}
	return said[len(said)-1]
}

// TestRedisEmptied: what lay in Redis alone is gone, a form that was not saved. The records are as they were, whoever goes
// on with his form hears that it is gone, and a button of before does nothing.
func TestRedisEmptied(t *testing.T) {
	c, r := onOwnRedis(t)
	k := hire("ketua14", 1)[0]
	for _, text := range append(answers(1), "simpan") {
		c.tells(t, k, text)
	}
	var last bot.Message
	for _, text := range answers(2) {
		last = c.tells(t, k, text)
	}
	if last.Choices[0].ID != "save" {
		t.Fatalf("the form ends with %q", last.Text)
	}
	before := c.picture(t)
	r.Empty()
	u := k.says("", start)
	u.Press = &bot.Press{Prompt: last.Prompt, Choice: "save"}
	c.send(t, u)
	if said := c.answer(t, k).Text; !strings.Contains(said, "tidak ada yang berubah") {
		t.Errorf("an old button: %q", said)
	}
	r.Empty()
	if said := c.tells(t, k, "simpan").Text; !strings.Contains(said, "tidak ada lagi") || strings.Contains(said, "✅") {
		t.Errorf("an answer to what is gone: %q", said)
	}
	compare(t, before, c.picture(t))
	c.registered(t, 1)
}

// TestRedisStartedAgain: with what it keeps on disk a form goes on where it was, and the scripts are taught anew.
func TestRedisStartedAgain(t *testing.T) {
	c, r := onOwnRedis(t)
	k := hire("ketua14", 1)[0]
	said := append(answers(1), "simpan")
	for i, text := range said {
		if i%3 == 2 {
			r.Stop()
			r.Start()
		}
		c.tells(t, k, text)
	}
	c.registered(t, 1)
}

// crowd are people who each register a worker and repeat what was not taken, as a channel does, or not recorded, as they are
// asked to.
type crowd struct {
	*city
	clerks  []*clerk
	said    [][]bot.Message // to each
	answers atomic.Int64
	refused atomic.Int64 // by Accept
	faults  atomic.Int64 // told as ours
}

// TestRedisStopped: for ten seconds there is no Redis. Nothing is acknowledged meanwhile; what was, is answered afterwards.
func TestRedisStopped(t *testing.T) {
	c, r := onOwnRedis(t)
	people := newCrowd(c, 16)
	people.register(t, func() {
		people.after(40)
		r.Stop()
		time.Sleep(10 * time.Second)
		r.Start()
	})
	if people.refused.Load() == 0 {
		t.Error("updates were accepted by nobody")
	}
	if n := people.faults.Load(); n > 0 {
		t.Errorf("%d were told of a fault, and nothing happened to their records", n)
	}
	var said []bot.Message
	for _, told := range people.said { // one message of each chat may have been on the wire
		for n := 1; n < len(told); n++ {
			if told[n].Text == told[n-1].Text {
				told = slices.Delete(told, n, n+1)
				break
			}
		}
		said = append(said, told...)
	}
	eachOnce(t, people.clerks, said)
}

// TestPostgresPulled: amid registrations every connection is cut, twice; then PostgreSQL starts again, crashes and is away for
// longer than a turn is tried. Each worker stands in the records once, and who was told of a fault sends it again
// without harm.
func TestPostgresPulled(t *testing.T) {
	needsServers(t)
	p := storetest.Private(t)
	h := newHome(t)
	h.Records = p.URL()
	c := settled(t, h)
	people := newCrowd(c, 16)
	people.register(t, func() {
		people.after(20)
		p.Cut()
		people.after(50)
		p.Cut()
		people.after(70)
		if n := people.faults.Load(); n > 0 {
			t.Errorf("%d were told of a fault because connections were cut", n)
		}
		p.Stop("fast")
		p.Start()
		people.after(90)
		p.Stop("immediate")
		p.Start()
		people.after(110)
		p.Stop("fast")
		time.Sleep(4 * time.Second)
		p.Start()
	})
	if people.faults.Load() == 0 {
		t.Error("nobody was told that it was away")
	}
	aside := 0
	for _, held := range redistest.Content(t, h.Redis, h.Prefix) {
		aside += strings.Count(string(held), "not played; ")
	}
	if aside != int(people.faults.Load()) {
		t.Errorf("%d were told of a fault, and %d updates are set aside", people.faults.Load(), aside)
	}
}

func newCrowd(c *city, n int) *crowd {
	return &crowd{city: c, clerks: hire("ketua14", n), said: make([][]bot.Message, n)}
}

// after waits until so many answers have been given.
func (c *crowd) after(answers int64) {
	for limit := time.Now().Add(time.Minute); c.answers.Load() < answers && time.Now().Before(limit); {
		time.Sleep(time.Millisecond)
	}
}

// register lets everybody register while something happens, and proves that each worker stands in the records once.
func (c *crowd) register(t *testing.T, meanwhile func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error)
	go func() { ended <- c.lanes.Run(ctx, ctx) }()
	var all sync.WaitGroup
	for i := range c.clerks {
		all.Go(func() {
			for _, text := range append(answers(i+1), "simpan") {
				c.insist(ctx, i, text)
			}
		})
	}
	meanwhile()
	all.Wait()
	if ctx.Err() != nil {
		t.Error("not everybody was answered")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	c.registered(t, len(c.clerks))
}

// insist says something until it is taken, and again as a new message while the answer is that it may not be recorded.
func (c *crowd) insist(ctx context.Context, i int, text string) {
	for ctx.Err() == nil {
		u := c.clerks[i].says(text, start)
		for ctx.Err() == nil && c.lanes.Accept(ctx, ctx, []bot.Update{u}) != nil {
			c.refused.Add(1)
			time.Sleep(50 * time.Millisecond)
		}
		fault := c.answered(ctx, i)
		c.answers.Add(1)
		if !fault {
			return
		}
		c.faults.Add(1)
	}
}

// answered waits for the next answer, which is not the one before over again; fault is whether it says that the message
// may not be recorded.
func (c *crowd) answered(ctx context.Context, i int) (fault bool) {
	for answered := false; !answered && ctx.Err() == nil; time.Sleep(time.Millisecond) {
		for _, m := range c.city.said.Read(c.clerks[i].addr) {
			fault = strings.Contains(m.Text, "mungkin belum tercatat")
			before := len(c.said[i]) - 1
			answered = before < 0 || fault || c.said[i][before].Text != m.Text
			c.said[i] = append(c.said[i], m)
		}
	}
	return fault
}
