package conversations_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sahabatrt/bot"
	"sahabatrt/program"
	"sahabatrt/store"
)

// TestKilledAtEveryPoint: a whole registration, once for each point that a message or an operation passes: there the process
// is killed, starts again under its name, and gets what it did not acknowledge once more. Whatever happens, the records are those of
// a registration that nobody disturbed, every message is answered, and nothing is said twice but what was on the wire.
func TestKilledAtEveryPoint(t *testing.T) {
	for _, way := range []struct {
		name  string
		batch int // updates that come at once
	}{{"one by one", 1}, {"all at once", 100}} {
		t.Run(way.name, func(t *testing.T) {
			undisturbed := tell(t, "", way.batch)
			for _, point := range points {
				passages := undisturbed.passed[point]
				if passages == 0 {
					t.Errorf("nothing passes %q", point)
					continue
				}
				confirming := min(len(answers(1))+1, passages)
				for _, n := range slices.Compact([]int{1, confirming, passages}) {
					spec := fmt.Sprintf("%s:%d", point, n)
					t.Run(spec, func(t *testing.T) {
						got := tell(t, spec, way.batch)
						want := slices.Clone(undisturbed.said)
						if point == bot.AtSent { // it had gone out, and nobody had noted that
							want = slices.Insert(want, n, want[n-1])
						}
						if !slices.Equal(got.said, want) {
							t.Errorf("it said\n%s\nwant\n%s", strings.Join(got.said, "\n"), strings.Join(want, "\n"))
						}
						compare(t, undisturbed.picture, got.picture)
					})
				}
			}
		})
	}
}

// told is a registration that came to its end.
type told struct {
	said    []string
	passed  map[string]int
	picture string
}

// tell plays a registration, and one message after it, to a process that is killed at a point.
func tell(t *testing.T, kill string, size int) told {
	t.Helper()
	h := newHome(t)
	founded(t, h)
	k := hire("ketua14", 1)[0]
	var in []bot.Update
	for _, text := range append(answers(1), "simpan", "menu") {
		in = append(in, k.says(text, start))
	}
	p := launch(t, h, "bot", kill)
	var said []bot.Message
	killed := false
	again := func() { // without what kills it
		if killed {
			t.Fatalf("killed twice: %s", p.stderr.String())
		}
		killed, said = true, append(said, p.said...)
		p = launch(t, h, "bot", "")
	}
	sent := 0
	for batch := range slices.Chunk(in, size) {
		for !p.send(batch) {
			p.died()
			again()
		}
		if sent += len(batch); !killed && !p.until(bot.AtDone, sent) {
			p.died()
			again()
		}
	}
	if p.finish() { // at the very last point
		again()
		p.finish()
	}
	if killed != (kill != "") {
		t.Fatalf("nothing passed %s", kill)
	}
	r := told{passed: p.passed}
	for _, m := range append(said, p.said...) {
		r.said = append(r.said, m.Text)
	}
	r.picture = registeredOnce(t, h)
	return r
}

// founded fills a home with people and money.
func founded(t *testing.T, h home) {
	t.Helper()
	c := moveIn(t, h, "founder")
	if err := c.settle(); err != nil {
		t.Fatal(err)
	}
	c.leave(t)
}

// leave gives a home to other processes.
func (c *city) leave(t *testing.T) {
	t.Helper()
	if err := c.lanes.Sessions.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
}

// registeredOnce: one worker stands in the records, his money is set aside, and check finds nothing.
func registeredOnce(t *testing.T, h home) (picture string) {
	t.Helper()
	c := moveIn(t, h, "judge")
	defer c.leave(t)
	c.registered(t, 1)
	return c.picture(t)
}

// workers is how many stand in the records of an RT.
func (c *city) workers(t testing.TB, rt program.RT) (n int) {
	t.Helper()
	if err := c.db.View(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM workers WHERE rt=$1`, rt.String()).Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
