// Package bottest holds what tests of the bot's parts share: the suite that every bot.Sessions passes.
package bottest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sahabatrt/bot"
)

// Start starts one process on a store; the name and the channels are those it is given. A name that was started before
// is that process started again.
type Start func(process string, channels ...string) bot.Sessions

// channel is the one that the suite's chats are on, unless a case is about channels.
const channel = "terminal"

// Sessions proves what bot.Sessions promises. open makes an empty store on the given clock, one for each case.
func Sessions(t *testing.T, open func(t *testing.T, now func() time.Time) Start) {
	cases := []struct {
		name string
		play func(*stage)
	}{
		{"a batch is split by chat and keeps its order", testOrder},
		{"a repeat is dropped wherever it comes", testRepeats},
		{"an update comes back as it was", testWhole},
		{"what comes to a chat that is played waits and is handed over", testHandOver},
		{"the same outcome put twice counts once", testPutTwice},
		{"a claim that was lost changes nothing", testLost},
		{"a dead process's chats go on where they stopped", testDead},
		{"a living process keeps its chats", testAlive},
		{"a lane whose store failed is replaced", testOrphan},
		{"an update that kills its process is counted", testPoison},
		{"an update set aside does not come back", testAside},
		{"a process that starts again frees its chats at once", testSameName},
		{"Close gives chats back at once", testClose},
		{"replies that were not delivered stay", testReplies},
		{"a session at rest expires", testExpiry},
		{"a full inbox drops the rest and says so once", testFlood},
		{"a session that is too large is refused", testTooLarge},
		{"chats of other channels are left alone", testChannels},
		{"Due takes no more than asked", testLimit},
		{"nothing is lost, repeated or out of order in a storm", testStorm},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := &stage{T: t, clock: &clock{now: time.Date(2026, 11, 2, 1, 0, 0, 0, time.UTC)}}
			s.start = open(t, s.clock.Now)
			c.play(s)
		})
	}
}

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// stage is one case: its store, its clock, and the words in which the cases are told.
type stage struct {
	*testing.T
	clock *clock
	start Start
}

// process starts one and lets it say that it lives, as an engine does before it listens.
func (s *stage) process(name string) bot.Sessions {
	s.Helper()
	p := s.start(name, channel)
	s.beat(p)
	return p
}

func (s *stage) beat(p bot.Sessions) {
	s.Helper()
	if _, err := p.Due(s.Context(), 0); err != nil {
		s.Fatalf("heartbeat: %v", err)
	}
}

// sent is what a person wrote: its id is its text.
func sent(chat, id string) bot.Update {
	return bot.Update{ID: id, From: bot.Address{Channel: channel, ID: chat}, Text: id}
}

func says(c *bot.Claim, texts ...string) []bot.Message {
	var out []bot.Message
	for _, t := range texts {
		out = append(out, bot.Message{To: c.Addr, Text: t})
	}
	return out
}

func (s *stage) accept(p bot.Sessions, in ...bot.Update) []*bot.Claim {
	s.Helper()
	claims, err := p.Accept(s.Context(), in)
	if err != nil {
		s.Fatalf("Accept: %v", err)
	}
	return claims
}

// claim accepts updates of one free chat.
func (s *stage) claim(p bot.Sessions, in ...bot.Update) *bot.Claim {
	s.Helper()
	return s.only(s.accept(p, in...))
}

func (s *stage) only(claims []*bot.Claim) *bot.Claim {
	s.Helper()
	if len(claims) != 1 {
		s.Fatalf("%d claims, want 1", len(claims))
	}
	return claims[0]
}

func (s *stage) due(p bot.Sessions, n int) []*bot.Claim {
	s.Helper()
	claims, err := p.Due(s.Context(), n)
	if err != nil {
		s.Fatalf("Due: %v", err)
	}
	return claims
}

func (s *stage) put(p bot.Sessions, c *bot.Claim, o bot.Outcome) {
	s.Helper()
	if err := p.Put(s.Context(), c, o); err != nil {
		s.Fatalf("Put: %v", err)
	}
}

func (s *stage) done(p bot.Sessions, c *bot.Claim, sent int) (more bool) {
	s.Helper()
	more, err := p.Done(s.Context(), c, sent)
	if err != nil {
		s.Fatalf("Done: %v", err)
	}
	return more
}

// finish plays a claim until its chat is free, as a lane does: the session collects the ids that were played.
func (s *stage) finish(p bot.Sessions, c *bot.Claim) {
	s.Helper()
	for {
		for len(c.Replies) > 0 || len(c.Inbox) == 0 {
			if !s.done(p, c, min(1, len(c.Replies))) {
				return
			}
		}
		s.put(p, c, bot.Outcome{Session: noted(c)})
	}
}

// noted is the session with the update that is being played added to it.
func noted(c *bot.Claim) []byte { return append(append([]byte{}, c.Session...), c.Inbox[0].ID+" "...) }

func (s *stage) want(what string, got, want any) {
	s.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func (s *stage) lost(what string, err error) {
	s.Helper()
	if !errors.Is(err, bot.ErrClaimLost) {
		s.Fatalf("%s: got %v, want %v", what, err, bot.ErrClaimLost)
	}
}

func ids(in []bot.Update) string {
	var out []string
	for _, u := range in {
		out = append(out, u.ID)
	}
	return strings.Join(out, " ")
}

func texts(in []bot.Message) string {
	var out []string
	for _, m := range in {
		out = append(out, m.Text)
	}
	return strings.Join(out, " ")
}

func testOrder(s *stage) {
	p := s.process("a")
	claims := s.accept(p, sent("1", "a"), sent("2", "x"), sent("1", "b"), sent("2", "y"), sent("1", "c"))
	s.want("claims", len(claims), 2)
	for _, c := range claims {
		s.want("inbox of chat "+c.Addr.ID, ids(c.Inbox), map[string]string{"1": "a b c", "2": "x y"}[c.Addr.ID])
		s.want("session", len(c.Session), 0)
		s.want("tries", c.Tries, 0)
		s.finish(p, c)
	}
	c := s.claim(p, sent("1", "d"))
	s.want("session", string(c.Session), "a b c ")
	s.want("inbox", ids(c.Inbox), "d")
}

func testRepeats(s *stage) {
	p, q := s.process("a"), s.process("b")
	c := s.claim(p, sent("1", "1"), sent("1", "2"), sent("1", "1"))
	s.want("a batch with a repeat", ids(c.Inbox), "1 2")
	s.want("claims of a repeat while played", len(s.accept(q, sent("1", "2"), sent("1", "1"))), 0)
	s.finish(p, c)
	s.want("claims of a repeat after it was played", len(s.accept(q, sent("1", "1"))), 0)
	c = s.claim(q, sent("1", "5"), sent("1", "2"), sent("1", "4"))
	s.want("new ones among repeats, in the order in which they came", ids(c.Inbox), "5 4")
	s.finish(q, c)
	c = s.claim(p, sent("1", "3"), sent("1", "4"))
	s.want("an older number that was never seen", ids(c.Inbox), "3")
	s.finish(p, c)
	c = s.claim(p, sent("2", "1"))
	s.want("the same id in another chat", ids(c.Inbox), "1")
	s.finish(p, c)
	s.clock.pass(25 * time.Hour)
	s.want("claims of a repeat after the session expired", len(s.accept(p, sent("1", "3"))), 0)
	s.due(p, 8) // cleans up, too
	s.want("claims of a repeat after that", len(s.accept(p, sent("1", "3"))), 0)
	s.want("session after that", string(s.claim(p, sent("1", "6")).Session), "")
}

func testWhole(s *stage) {
	p, q := s.process("a"), s.process("b")
	u := bot.Update{
		ID: "1", From: bot.Address{Channel: channel, ID: "1"}, Text: "Contoh \x00 \"teks\" 🙂\n", Press: &bot.Press{Prompt: 1793580000001, Choice: "ya"},
		Ack: "ack", Media: &bot.Media{Kind: bot.Photo, ID: "photo", Album: "album"}, Contact: &bot.Contact{Phone: "+6280000000000", Name: "Contoh"},
		Phone: "+6280000000001", Start: "ABCD2345", Edited: true, Lang: "en", At: s.clock.Now(),
	}
	c := s.claim(p, u)
	s.want("update", reflect.DeepEqual(c.Inbox[0], u), true)
	m := bot.Message{To: u.From, Text: "Contoh?", Prompt: 1793580000002, Choices: []bot.Button{{ID: "ya", Label: "Ya"}}, ShareContact: "Bagikan"}
	s.put(p, c, bot.Outcome{Session: []byte{0, 255, 1}, Replies: []bot.Message{m}})
	s.accept(p, sent("1", "2"))
	s.clock.pass(4 * time.Second)
	c = s.only(s.due(q, 8))
	s.want("address", c.Addr == u.From, true)
	s.want("session", c.Session, []byte{0, 255, 1})
	s.want("reply", reflect.DeepEqual(c.Replies, []bot.Message{m}), true)
}

func testHandOver(s *stage) {
	p, q := s.process("a"), s.process("b")
	c := s.claim(p, sent("1", "1"))
	s.want("claims of another process", len(s.accept(q, sent("1", "2"))), 0)
	s.want("claims of the same process", len(s.accept(p, sent("1", "3"))), 0)
	s.put(p, c, bot.Outcome{Session: []byte("one"), Replies: says(c, "first", "second")})
	s.want("more while a reply remains", s.done(p, c, 1), true)
	s.want("replies", texts(c.Replies), "second")
	s.want("more when others came", s.done(p, c, 1), true)
	s.want("replies", len(c.Replies), 0)
	s.want("inbox", ids(c.Inbox), "2 3")
	s.want("session", string(c.Session), "one")
	s.put(p, c, bot.Outcome{Session: []byte("two")})
	s.accept(q, sent("1", "4"))
	s.want("more", s.done(p, c, 0), true)
	s.put(p, c, bot.Outcome{Session: []byte("three")})
	s.want("more", s.done(p, c, 0), true)
	s.want("inbox", ids(c.Inbox), "4")
	s.put(p, c, bot.Outcome{Session: []byte("four")})
	s.want("more when nothing came", s.done(p, c, 0), false)
	s.want("session for the next", string(s.claim(q, sent("1", "5")).Session), "four")
}

func testPutTwice(s *stage) {
	p := s.process("a")
	c := s.claim(p, sent("1", "1"), sent("1", "2"))
	before := *c
	o := bot.Outcome{Session: []byte("one"), Replies: says(c, "hello")}
	s.put(p, c, o)
	s.put(p, &before, o)
	s.want("inbox after a Put", ids(before.Inbox), "2")
	s.done(p, c, 1)
	s.put(p, c, bot.Outcome{Session: []byte("two")})
	s.want("more", s.done(p, c, 0), false)
	c = s.claim(p, sent("1", "3"))
	s.want("session", string(c.Session), "two")
	s.want("inbox", ids(c.Inbox), "3")
}

func testLost(s *stage) {
	p := s.process("a")
	c := s.claim(p, sent("1", "1"), sent("1", "2"))
	old, older := *c, *c
	s.put(p, c, bot.Outcome{Session: []byte("one")})
	s.put(p, c, bot.Outcome{Session: []byte("two")})
	s.lost("Put of a turn that is over", p.Put(s.Context(), &old, bot.Outcome{Session: []byte("wrong")}))
	s.want("more", s.done(p, c, 0), false)
	s.lost("Put after the chat was freed", p.Put(s.Context(), &older, bot.Outcome{Session: []byte("wrong")}))

	c = s.claim(p, sent("1", "3"))
	s.want("session", string(c.Session), "two")
	q := s.process("b")
	s.clock.pass(4 * time.Second)
	taken := s.only(s.due(q, 8))
	mine := *c
	s.lost("Put after another took the chat", p.Put(s.Context(), c, bot.Outcome{Session: []byte("wrong")}))
	mine.Inbox = nil
	_, err := p.Done(s.Context(), &mine, 0)
	s.lost("Done after another took the chat", err)
	s.finish(q, taken)
	s.want("session", string(s.claim(q, sent("1", "4")).Session), "two3 ")
}

func testDead(s *stage) {
	p, q := s.process("a"), s.process("b")
	c := s.claim(p, sent("unplayed", "1"))
	c = s.claim(p, sent("answered", "1"), sent("answered", "2"))
	s.put(p, c, bot.Outcome{Session: []byte("one"), Replies: says(c, "first", "second")})
	s.done(p, c, 1)
	c = s.claim(p, sent("finished", "1")) // played, nothing to say, and not freed
	s.put(p, c, bot.Outcome{Session: []byte("one")})
	for range 6 { // the person goes on writing: that must not make the dead look alive
		s.clock.pass(time.Second / 2)
		s.beat(q)
		s.want("claims", len(s.accept(q, sent("unplayed", s.clock.Now().String()))), 0)
	}
	s.clock.pass(time.Second / 2)
	claims := s.due(q, 8)
	s.want("claims", len(claims), 3)
	for _, c := range claims {
		switch c.Addr.ID {
		case "unplayed":
			s.want("inbox", len(c.Inbox), 7)
			s.want("first", c.Inbox[0].ID, "1")
			s.want("tries", c.Tries, 1)
			s.want("session", len(c.Session), 0)
		case "answered":
			s.want("session", string(c.Session), "one")
			s.want("replies", texts(c.Replies), "second")
			s.want("inbox", ids(c.Inbox), "2")
			s.want("tries of an update that nobody began", c.Tries, 0)
		case "finished":
			s.want("session", string(c.Session), "one")
			s.want("inbox", len(c.Inbox), 0)
		}
		s.finish(q, c)
	}
	s.want("claims after that", len(s.due(q, 8)), 0)
}

func testAlive(s *stage) {
	p, q := s.process("a"), s.process("b")
	c := s.claim(p, sent("1", "1"))
	for range 10 {
		s.clock.pass(time.Second)
		s.want("claims of the one that plays", len(s.due(p, 8)), 0)
		s.want("claims of another", len(s.due(q, 8)), 0)
	}
	s.finish(p, c)
}

func testOrphan(s *stage) {
	p, q := s.process("a"), s.process("b")
	held := s.claim(p, sent("held", "1"))
	gone, cancel := context.WithCancel(s.Context())
	cancel()
	for i := range 100 { // until the store refuses: it may have been quicker
		c := s.claim(p, sent("lost", strconv.Itoa(i)))
		if p.Put(gone, c, bot.Outcome{}) != nil {
			break
		}
		s.want("more", s.done(p, c, 0), false)
	}
	s.clock.pass(2 * time.Second)
	s.beat(p)
	s.clock.pass(2 * time.Second)
	s.want("claims of another process", len(s.due(q, 8)), 0)
	c := s.only(s.due(p, 8))
	s.want("chat", c.Addr.ID, "lost")
	s.want("inbox", len(c.Inbox), 1)
	s.want("tries", c.Tries, 1)
	s.finish(p, c)
	s.finish(p, held)
}

func testPoison(s *stage) {
	p := s.process("a")
	s.claim(p, sent("1", "poison"), sent("1", "good"))
	for i := range 3 { // the process dies and comes back
		p = s.start("a", channel)
		c := s.only(s.due(p, 8))
		s.want("tries", c.Tries, i+1)
		if i < 2 {
			continue
		}
		s.put(p, c, bot.Outcome{Aside: true, Replies: says(c, "sorry")})
		s.want("tries of the next", c.Tries, 0)
		s.want("inbox", ids(c.Inbox), "good")
	}
	p = s.start("a", channel)
	c := s.only(s.due(p, 8))
	s.want("replies", texts(c.Replies), "sorry")
	s.want("tries while a reply is undelivered", c.Tries, 0)
	s.finish(p, c)
}

func testAside(s *stage) {
	p := s.process("a")
	c := s.claim(p, sent("1", "bad"), sent("1", "good"))
	s.put(p, c, bot.Outcome{Session: c.Session, Aside: true})
	s.want("inbox", ids(c.Inbox), "good")
	s.finish(p, c)
	s.want("claims of a repeat", len(s.accept(p, sent("1", "bad"))), 0)
	c = s.claim(p, sent("1", "next"))
	s.want("session", string(c.Session), "good ")
	s.want("inbox", ids(c.Inbox), "next")
}

func testSameName(s *stage) {
	p, q := s.process("a"), s.process("b")
	c := s.claim(p, sent("1", "1"))
	s.want("claims of another", len(s.due(q, 8)), 0)
	p2 := s.start("a", channel)
	again := s.only(s.due(p2, 8))
	s.lost("Put of the former", p.Put(s.Context(), c, bot.Outcome{}))
	if _, err := p.Due(s.Context(), 8); err == nil {
		s.Fatal("the former process goes on under a name that a newer one has")
	}
	if err := p.Close(s.Context()); err != nil {
		s.Fatal(err)
	}
	s.want("claims of another after the former closed", len(s.due(q, 8)), 0)
	s.finish(p2, again)
}

func testClose(s *stage) {
	p, q := s.process("a"), s.process("b")
	s.claim(p, sent("unplayed", "1"))
	c := s.claim(p, sent("answered", "1"))
	s.put(p, c, bot.Outcome{Session: []byte("one"), Replies: says(c, "first")})
	finished := s.claim(p, sent("finished", "1"))
	s.put(p, finished, bot.Outcome{Session: noted(finished)})
	if err := p.Close(s.Context()); err != nil {
		s.Fatal(err)
	}
	s.lost("Put after Close", p.Put(s.Context(), &bot.Claim{Inbox: []bot.Update{sent("answered", "1")}, Lease: c.Lease}, bot.Outcome{}))
	claims := s.due(q, 8)
	s.want("claims", len(claims), 2)
	s.want("session of a chat that was only to be freed", string(s.claim(q, sent("finished", "2")).Session), "1 ")
	for _, c := range claims {
		s.want("tries of a chat that was given back", c.Tries, 0)
		s.finish(q, c)
	}
	s.claim(q, sent("unplayed", "2"))
	if err := q.Close(s.Context()); err != nil {
		s.Fatal(err)
	}
	p = s.process("c")
	c = s.claim(p, sent("unplayed", "3"))
	s.want("inbox of a chat that was given back", ids(c.Inbox), "2 3")
	s.want("session", string(c.Session), "1 ")
}

func testReplies(s *stage) {
	p := s.process("a")
	c := s.claim(p, sent("1", "1"))
	s.put(p, c, bot.Outcome{Session: []byte("one"), Replies: says(c, "first", "second", "third")})
	s.want("more", s.done(p, c, 2), true)
	s.clock.pass(30 * 24 * time.Hour) // the channel was down
	q := s.process("b")
	c = s.only(s.due(q, 8))
	s.want("replies", texts(c.Replies), "third")
	s.want("session", string(c.Session), "one")
	s.want("more", s.done(q, c, 1), false)
	s.want("claims", len(s.due(q, 8)), 0)
}

func testExpiry(s *stage) {
	for _, row := range []struct {
		draft bool
		wait  time.Duration
		kept  bool
	}{
		{false, 23 * time.Hour, true},
		{false, 24 * time.Hour, false},
		{true, 24 * time.Hour, true},
		{true, 7*24*time.Hour - time.Minute, true},
		{true, 7 * 24 * time.Hour, false},
	} {
		for _, tidy := range []bool{false, true} {
			name := fmt.Sprintf("draft %v after %v, tidy %v", row.draft, row.wait, tidy)
			p := s.process("a")
			c := s.claim(p, sent(name, "1"))
			s.put(p, c, bot.Outcome{Session: []byte("one"), Draft: row.draft})
			s.want("more", s.done(p, c, 0), false)
			s.clock.pass(row.wait)
			if tidy {
				s.due(p, 8)
			}
			c = s.claim(p, sent(name, "2"))
			s.want(name, string(c.Session), map[bool]string{true: "one", false: ""}[row.kept])
			s.finish(p, c)
		}
	}
	p := s.process("a")
	s.claim(p, sent("unplayed", "1"))
	s.clock.pass(30 * 24 * time.Hour)
	p = s.start("a", channel)
	s.want("an inbox after a month", ids(s.only(s.due(p, 8)).Inbox), "1")
}

func testFlood(s *stage) {
	p := s.process("a")
	playing := s.claim(p, sent("1", "first"))
	var batch []bot.Update
	for i := range bot.MaxInbox + 20 {
		batch = append(batch, sent("1", strconv.Itoa(i)))
	}
	s.accept(p, batch[:50]...)
	for _, u := range batch[50:] {
		s.accept(p, u)
	}
	s.put(p, playing, bot.Outcome{})
	s.want("more", s.done(p, playing, 0), true)
	s.want("inbox", len(playing.Inbox), bot.MaxInbox) // the first one was among them; the marker is
	s.want("the last that was kept", playing.Inbox[bot.MaxInbox-2].ID, strconv.Itoa(bot.MaxInbox-2))
	for i, u := range playing.Inbox {
		s.want("marker at "+strconv.Itoa(i), u.Flood, i == bot.MaxInbox-1)
	}
	marker := playing.Inbox[bot.MaxInbox-1]
	s.want("the marker's chat", marker.From == playing.Addr, true)
	s.finish(p, playing)
	s.want("claims of what was dropped", len(s.accept(p, batch...)), 0)
	c := s.claim(p, sent("1", "next"))
	s.finish(p, c)

	c = s.claim(p, func() (in []bot.Update) {
		for i := range bot.MaxInbox + 5 {
			in = append(in, sent("1", "again "+strconv.Itoa(i)))
		}
		return in
	}()...)
	s.want("inbox of one batch", len(c.Inbox), bot.MaxInbox+1)
	s.want("marker", c.Inbox[bot.MaxInbox].Flood, true)
	s.want("a second marker", c.Inbox[bot.MaxInbox].ID != marker.ID, true)
}

func testTooLarge(s *stage) {
	p := s.process("a")
	c := s.claim(p, sent("1", "1"), sent("1", "2"))
	err := p.Put(s.Context(), c, bot.Outcome{Session: make([]byte, bot.MaxSession+1)})
	if err == nil || errors.Is(err, bot.ErrClaimLost) {
		s.Fatalf("got %v, want an error that leaves the claim", err)
	}
	s.want("claims", len(s.due(p, 8)), 0)
	s.put(p, c, bot.Outcome{Session: make([]byte, bot.MaxSession)})
	s.put(p, c, bot.Outcome{Session: []byte("two")})
	s.want("more", s.done(p, c, 0), false)
}

func testChannels(s *stage) {
	p := s.start("a", channel, "other")
	s.beat(p)
	there := bot.Update{ID: "1", From: bot.Address{Channel: "other", ID: "1"}}
	s.accept(p, sent("1", "1"), there)
	s.clock.pass(4 * time.Second)
	s.want("channel", s.only(s.due(s.start("b", channel), 8)).Addr.Channel, channel)
	s.want("channel", s.only(s.due(s.start("c", "third", "other"), 8)).Addr.Channel, "other")
	s.want("claims of a process without a channel", len(s.due(s.start("d"), 8)), 0)
}

func testLimit(s *stage) {
	p, q := s.process("a"), s.process("b")
	var mine []*bot.Claim
	for i := range 10 {
		mine = append(mine, s.claim(q, sent("mine "+strconv.Itoa(i), "1")))
	}
	for i := range 10 {
		s.clock.pass(time.Millisecond)
		s.claim(p, sent(strconv.Itoa(i), "1"))
	}
	for range 4 {
		s.clock.pass(time.Second)
		s.beat(q)
	}
	s.accept(q, sent("0", "2")) // one that writes again does not lose its place
	for _, row := range []struct {
		n    int
		want string
	}{{3, "0 1 2"}, {0, ""}, {4, "3 4 5 6"}, {20, "7 8 9"}} {
		var got []string
		for _, c := range s.due(q, row.n) {
			got = append(got, c.Addr.ID)
			s.finish(q, c)
		}
		s.want("chats, the longest waiting first", strings.Join(got, " "), row.want)
	}
	for _, c := range mine {
		s.finish(q, c)
	}
}

// storm is three processes that answer twenty chats while lanes die, processes start again, and updates arrive
// several times and at any process.
type storm struct {
	*stage
	processes [3]struct {
		sync.Mutex
		bot.Sessions
	}
	lanes sync.WaitGroup
	mu    sync.Mutex
	heard map[string]int // how often each reply was delivered
}

const (
	stormChats   = 20
	stormUpdates = 60
)

func testStorm(s *stage) {
	w := &storm{stage: s, heard: map[string]int{}}
	for i := range w.processes {
		w.processes[i].Sessions = s.process(strconv.Itoa(i))
	}
	stop := make(chan struct{})
	var ticks, people sync.WaitGroup
	ticks.Go(func() { w.tick(stop) })
	for chat := range stormChats {
		people.Go(func() { w.write(strconv.Itoa(chat)) })
	}
	people.Wait()
	close(stop)
	ticks.Wait()
	w.lanes.Wait()
	w.settle()
	w.judge()
}

// tick lets time pass, processes say that they live, and now and then one of them start again.
func (w *storm) tick(stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(5 * time.Millisecond):
		}
		w.clock.pass(200 * time.Millisecond)
		i := rand.N(len(w.processes))
		if rand.N(20) == 0 {
			w.processes[i].Lock()
			w.processes[i].Sessions = w.start(strconv.Itoa(i), channel)
			w.processes[i].Unlock()
		}
		p := w.process(i)
		claims, err := p.Due(w.Context(), 64)
		if err != nil {
			w.Errorf("Due: %v", err)
		}
		w.play(p, claims)
	}
}

func (w *storm) process(i int) bot.Sessions {
	w.processes[i].Lock()
	defer w.processes[i].Unlock()
	return w.processes[i].Sessions
}

// write is one person: each update is in before the next is sent, and repeats of it come at any time after.
func (w *storm) write(chat string) {
	for i := range stormUpdates {
		in := []bot.Update{sent(chat, chat+"."+strconv.Itoa(i))}
		if rand.N(10) == 0 {
			in = append(in, in[0])
		}
		for w.deliver(in, rand.N(20) == 0) != nil {
		}
		for rand.N(3) == 0 {
			earlier := sent(chat, chat+"."+strconv.Itoa(rand.N(i+1)))
			w.deliver([]bot.Update{earlier}, rand.N(20) == 0)
		}
	}
}

func (w *storm) deliver(in []bot.Update, dying bool) error {
	p := w.process(rand.N(len(w.processes)))
	claims, err := p.Accept(w.perhaps(dying), in)
	w.play(p, claims) // those beside an error are good
	return err
}

// perhaps is a context in which a call to the store may fail.
func (w *storm) perhaps(dying bool) context.Context {
	if !dying {
		return w.Context()
	}
	ctx, cancel := context.WithCancel(w.Context())
	cancel()
	return ctx
}

func (w *storm) play(p bot.Sessions, claims []*bot.Claim) {
	for _, c := range claims {
		w.lanes.Go(func() { w.lane(p, c) })
	}
}

// lane plays one claim until it is done or something fails: then Due must find the chat again.
func (w *storm) lane(p bot.Sessions, c *bot.Claim) {
	for {
		for len(c.Replies) > 0 || len(c.Inbox) == 0 {
			n := min(1, len(c.Replies))
			w.hear(c.Replies[:n])
			if more, err := p.Done(w.perhaps(rand.N(60) == 0), c, n); err != nil || !more {
				return
			}
		}
		o := bot.Outcome{Session: noted(c), Replies: says(c, c.Inbox[0].ID)}
		if err := p.Put(w.perhaps(rand.N(60) == 0), c, o); err != nil {
			return
		}
	}
}

func (w *storm) hear(replies []bot.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range replies {
		w.heard[m.Text]++
	}
}

// settle is the calm after: one process is left and takes over what the others had.
func (w *storm) settle() {
	p := w.start("0", channel)
	w.clock.pass(4 * time.Second)
	for claims := w.due(p, 64); len(claims) > 0; claims = w.due(p, 64) {
		for _, c := range claims {
			w.lane(p, c)
		}
	}
	w.processes[0].Sessions = p
}

func (w *storm) judge() {
	for i := range stormChats {
		chat := strconv.Itoa(i)
		var want []string
		for n := range stormUpdates {
			id := chat + "." + strconv.Itoa(n)
			want = append(want, id)
			if w.heard[id] == 0 {
				w.Errorf("nobody heard the answer to %s", id)
			}
		}
		c := w.claim(w.processes[0].Sessions, sent(chat, "probe"))
		w.want("inbox of chat "+chat, ids(c.Inbox), "probe")
		w.want("played in chat "+chat, strings.Fields(string(c.Session)), want)
	}
}
