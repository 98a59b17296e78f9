package conversations_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/storetest"
)

// clerk is one person with a chat of his own who plays a registration.
type clerk struct {
	addr    bot.Address
	phone   string
	updates int
}

// hire gives the ketua of an RT so many chats: one person, each chat a dialogue of its own.
func hire(ketua string, n int) []*clerk {
	clerks := make([]*clerk, n)
	for i := range clerks {
		clerks[i] = &clerk{addr: bot.Address{Channel: "terminal", ID: fmt.Sprintf("%s-%d", ketua, i)}, phone: people[ketua].phone}
	}
	return clerks
}

func (k *clerk) says(text string, at time.Time) bot.Update {
	k.updates++
	return bot.Update{ID: fmt.Sprint("m", k.updates), From: k.addr, Phone: k.phone, Text: text, At: at}
}

// answers lead to the summary of a registration of one worker for one month.
func answers(nik int) []string {
	return []string{"daftar pekerja", "becak", "Orang Contoh", fmt.Sprintf("157107120980%04d", nik), "ya", "tidak punya", "di rt ini", "belum", "1 bulan"}
}

func (c *city) send(t testing.TB, in ...bot.Update) {
	if err := c.lanes.Accept(context.Background(), context.Background(), in); err != nil {
		t.Error(err)
	}
}

// TestLastRupiah: money for exactly one worker, and fifty confirmations at once (rule 12), from two processes where there
// can be two.
func TestLastRupiah(t *testing.T) {
	c := newCity(t)
	processes := []*city{c, c}
	if storetest.OnPostgres() {
		processes[1] = moveIn(t, c.home, "second")
	}
	clerks := hire("ketua9", 50)
	for i, k := range clerks {
		for _, said := range answers(i + 1) {
			c.send(t, k.says(said, start))
			c.lanes.Wait()
		}
		c.said.Read(k.addr)
	}
	var together sync.WaitGroup
	for i, k := range clerks {
		together.Go(func() { processes[i%2].send(t, k.says("simpan", start)) })
	}
	together.Wait()
	saved, refused := 0, 0
	for i, k := range clerks {
		processes[i%2].lanes.Wait()
		for _, m := range processes[i%2].said.Read(k.addr) {
			switch {
			case strings.Contains(m.Text, "✅ Tersimpan"):
				saved++
			case strings.Contains(m.Text, "anggarannya kurang Rp16.800"):
				refused++
			}
		}
	}
	if saved != 1 || refused != 49 {
		t.Errorf("%d registered and %d refused, want 1 and 49", saved, refused)
	}
	rt, _ := program.ParseRTCode("1571091005-RT009")
	if b := c.budget(t, rt); b.Remaining() != 0 || b.Committed != 16_800 {
		t.Errorf("remaining %v, committed %v", b.Remaining(), b.Committed)
	}
	if _, err := c.do([]string{"check"}); err != nil {
		t.Error(err)
	}
}

func (c *city) budget(t testing.TB, rt program.RT) (b store.Budget) {
	t.Helper()
	if err := c.db.View(context.Background(), func(tx *store.Tx) (err error) {
		b, err = tx.Budget(rt, 2026)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRepeatedUpdates: every update arrives one to five times, in bursts and from several callers at once. Each is
// answered once and every worker stands in the records once.
func TestRepeatedUpdates(t *testing.T) {
	c := newCity(t)
	clerks := hire("ketua14", 12)
	var people sync.WaitGroup
	for i, k := range clerks {
		people.Go(func() {
			for _, said := range append(answers(i+1), "simpan") {
				u := k.says(said, start)
				var burst sync.WaitGroup
				for range 1 + rand.IntN(5) {
					burst.Go(func() { c.send(t, u) })
				}
				burst.Wait()
			}
		})
	}
	people.Wait()
	c.lanes.Wait()
	for _, k := range clerks {
		said := c.said.Read(k.addr)
		if len(said) != k.updates {
			t.Errorf("%d updates got %d replies", k.updates, len(said))
		}
		if last := said[len(said)-1].Text; !strings.Contains(last, "✅ Tersimpan") {
			t.Errorf("the last reply is %q", last)
		}
	}
	rt, _ := program.ParseRTCode("1571071012-RT014")
	if b := c.budget(t, rt); b.Committed != 12*16_800 {
		t.Errorf("committed %v for twelve workers", b.Committed)
	}
	if _, err := c.do([]string{"check"}); err != nil {
		t.Error(err)
	}
}

// BenchmarkMessages plays whole registrations, message by message, in 128 chats side by side: messages a second end to
// end, records included.
func BenchmarkMessages(b *testing.B) {
	on := storetest.Engine()
	if storetest.OnPostgres() {
		on += "+Redis"
	}
	b.Run(on, messages)
}

func messages(b *testing.B) {
	c := newCity(b)
	const chats = 128
	clerks := hire("ketua14", chats)
	told := bell{}
	for _, k := range clerks {
		told[k.addr] = make(chan struct{}, 1)
	}
	c.lanes.Channels["terminal"] = told
	b.ReportAllocs()
	b.ResetTimer()
	began := time.Now()
	var people sync.WaitGroup
	for i, k := range clerks {
		people.Go(func() {
			said := append(answers(i%9000+1), "batal") // the draft is dropped, so that one NIK serves for every round
			for n := range b.N/chats + 1 {
				c.send(b, k.says(said[n%len(said)], start))
				<-told[k.addr]
			}
		})
	}
	people.Wait()
	c.lanes.Wait()
	b.ReportMetric(float64((b.N/chats+1)*chats)/time.Since(began).Seconds(), "messages/s")
}

// bell is a channel that rings for whoever waits in a chat.
type bell map[bot.Address]chan struct{}

func (b bell) Send(_ context.Context, m bot.Message) error {
	b[m.To] <- struct{}{}
	return nil
}
