package session

import (
	"errors"
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/store"
	"sahabatrt/store/session/redistest"
)

// talk leaves a chat at rest with a session, as a process does that then goes away.
func talk(t *testing.T, s bot.Sessions, id, session string) {
	t.Helper()
	claims, err := s.Accept(t.Context(), []bot.Update{{ID: id, From: somebody}})
	if err != nil || len(claims) != 1 {
		t.Fatalf("%d claims, %v", len(claims), err)
	}
	if err := s.Put(t.Context(), claims[0], bot.Outcome{Session: []byte(session)}); err != nil {
		t.Fatal(err)
	}
	if more, err := s.Done(t.Context(), claims[0], 0); more || err != nil {
		t.Fatal(more, err)
	}
}

// session is what a chat remembers when its person writes again.
func session(t *testing.T, s bot.Sessions, id string) string {
	t.Helper()
	claims, err := s.Accept(t.Context(), []bot.Update{{ID: id, From: somebody}})
	if err != nil || len(claims) != 1 {
		t.Fatalf("%d claims, %v", len(claims), err)
	}
	return string(claims[0].Session)
}

// changeKeys does to the keys what can be done to them.
func changeKeys(t *testing.T, db *store.DB) {
	t.Helper()
	if _, err := db.RotateKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Reseal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Reindex(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if err := db.Rewrap(t.Context(), []byte("0123456789abcdef0123456789abcdef")); err != nil {
		t.Fatal(err)
	}
	if findings, err := db.Check(t.Context()); err != nil || len(findings) != 0 {
		t.Errorf("findings %+v, %v", findings, err)
	}
}

// Conversations under way go on whatever happens to the keys.
func TestSQLWithOtherKeys(t *testing.T) {
	db := openStore(t, noon)
	talk(t, start(db, "a"), "1", "half a form")
	changeKeys(t, db)
	if got := session(t, start(db, "a"), "2"); got != "half a form" {
		t.Errorf("the chat remembers %q", got)
	}
}

func TestRedisWithOtherKeys(t *testing.T) {
	db := openStore(t, noon)
	s := openRedis(t, redistest.URL(t))
	s.seal = db.Sealer()
	talk(t, s.process("a", "terminal"), "1", "half a form")
	changeKeys(t, db)
	if got := session(t, s.process("a", "terminal"), "2"); got != "half a form" {
		t.Errorf("the chat remembers %q", got)
	}
}

// Reindex refuses while a process plays, and until it has been silent for a while.
func TestReindexWaitsForProcesses(t *testing.T) {
	ahead := time.Duration(0)
	db := openStore(t, func() time.Time { return noon().Add(ahead) })
	s := start(db, "a")
	if _, err := s.Due(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Reindex(t.Context(), false); !errors.Is(err, store.ErrRunning) {
		t.Errorf("while a process plays: %v", err)
	}
	ahead = alive
	if _, err := db.Reindex(t.Context(), false); err != nil {
		t.Errorf("when it is silent: %v", err)
	}
}

// Every sealed value in Redis is counted for its key: address, session, replies, inbox, and what was set aside.
func TestRedisSealedBy(t *testing.T) {
	db := openStore(t, noon)
	s := openRedis(t, redistest.URL(t))
	s.seal = db.Sealer()
	r := s.process("a", "terminal")
	count := func() map[uint32]int64 {
		t.Helper()
		n, err := r.SealedBy(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); len(n) != 0 {
		t.Fatalf("an empty Redis counts %v", n)
	}
	c := accept(t, r, "1", "2", "3", "4")
	put(t, r, c, bot.Outcome{Aside: true})
	put(t, r, c, bot.Outcome{Session: []byte("x"), Replies: []bot.Message{{To: somebody, Text: "y"}}})
	before := count()
	if len(before) != 1 || before[only(before)] != 6 {
		t.Errorf("counted %v, want an address, a session, replies, two updates and one aside", before)
	}
	id, err := db.RotateKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	put(t, r, c, bot.Outcome{Session: []byte("z")})
	if after := count(); after[id] != 1 || after[only(before)] != 3 {
		t.Errorf("counted %v, want a session with the new key %d; an address, an update and one aside with the old one", after, id)
	}
}

func only(count map[uint32]int64) (id uint32) {
	for id = range count {
	}
	return id
}

// Living counts those whose heartbeat is young.
func TestRedisLiving(t *testing.T) {
	s := openRedis(t, redistest.URL(t))
	ahead := time.Duration(0)
	s.ahead = func() time.Duration { return ahead }
	r := s.process("a")
	living := func(want int) {
		t.Helper()
		if n, err := r.Living(t.Context()); err != nil || n != want {
			t.Errorf("%d live, %v; want %d", n, err, want)
		}
	}
	living(0)
	for _, name := range []string{"b", "c"} {
		if _, err := s.process(name).Due(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	living(2)
	ahead = alive + time.Second
	living(0)
}
