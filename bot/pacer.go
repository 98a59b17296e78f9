package bot

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Pacer spaces what one channel sends: evenly over all chats and without bursts, and within each chat. Replies go before
// what nobody asked for. It holds no slot while a message travels, so a chat whose sends hang delays no other.
// Its fields are set once, before the first Do.
type Pacer struct {
	Gap time.Duration // between two sends of the whole channel; 0: none
	// Chat says how many messages a chat takes at once, and how far apart they are from then on. nil: no limit.
	Chat func(Address) (burst int, gap time.Duration)
	Now  func() time.Time

	mu      sync.Mutex
	free    time.Time // the channel sends nothing before
	shut    time.Time // the channel was told to wait until then
	chats   map[Address]*quota
	sweepAt int          // the size at which chats that owe nothing are forgotten
	waiting [2][]*waiter // replies, then what is unprompted; each in the order of coming
	timer   *time.Timer
	refused refusal
}

// quota is what a chat owes. One that owes nothing any more is as good as none.
type quota struct {
	debt    time.Time // the moment at which all that was sent is paid for
	until   time.Time // the chat said to wait
	burst   int
	gap     time.Duration
	waiting int
}

type waiter struct {
	chat *quota
	turn chan struct{}
}

// refusal is the newest answer "too many", until something else was delivered.
type refusal struct {
	to        Address
	at, until time.Time
}

// Do sends one message when its turn has come. A *SendError with RetryAfter holds its chat back for as long; when a
// second chat is refused before anything else was delivered it is the channel that is too fast, and all wait as long as
// both said. The error is send's; while waiting it is a *SendError that says nothing: the message never left.
func (p *Pacer) Do(ctx context.Context, m Message, send func() error) error {
	began, err := p.wait(ctx, m.To, m.Unprompted)
	if err != nil {
		return err
	}
	err = send()
	p.learn(m.To, began, err)
	return err
}

// Beside makes a call that carries no message. It takes no turn, but while its chat or the channel was told to wait it is
// not made: that is a *SendError with RetryAfter. What it is told itself holds messages back too.
func (p *Pacer) Beside(to Address, call func() error) error {
	if wait := p.told(to); wait > 0 {
		return &SendError{Err: errTold, RetryAfter: wait}
	}
	began := p.Now()
	err := call()
	if err != nil { // that it went well says nothing of messages
		p.learn(to, began, err)
	}
	return err
}

var errTold = errors.New("the channel was told to wait")

// told is how long the chat or the channel still has to wait because it was told to.
func (p *Pacer) told(to Address) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := p.shut
	if c := p.chats[to]; c != nil && c.until.After(until) {
		until = c.until
	}
	return until.Sub(p.Now())
}

// Waiting is how many messages wait for their turn.
func (p *Pacer) Waiting() (replies, unprompted int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting[0]), len(p.waiting[1])
}

func (p *Pacer) wait(ctx context.Context, to Address, unprompted bool) (began time.Time, err error) {
	p.mu.Lock()
	now := p.Now()
	c := p.chat(to, now)
	if len(p.waiting[0])+len(p.waiting[1]) == 0 && !p.free.After(now) && !c.ready().After(now) {
		p.spend(c, now)
		p.mu.Unlock()
		return now, nil
	}
	w := &waiter{c, make(chan struct{})}
	c.waiting++
	class := 0
	if unprompted {
		class = 1
	}
	p.waiting[class] = append(p.waiting[class], w)
	p.serve(now)
	p.mu.Unlock()
	select {
	case <-w.turn:
		return p.Now(), nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting[class], w); i >= 0 {
		p.waiting[class] = slices.Delete(p.waiting[class], i, i+1)
		c.waiting--
	}
	return now, &SendError{Err: ctx.Err()}
}

// chat is the quota of an address. Quotas that owe nothing are forgotten now and then.
func (p *Pacer) chat(to Address, now time.Time) *quota {
	if c := p.chats[to]; c != nil {
		return c
	}
	if len(p.chats) >= p.sweepAt {
		for a, c := range p.chats {
			if c.waiting == 0 && !c.debt.After(now) && !c.until.After(now) {
				delete(p.chats, a)
			}
		}
		p.sweepAt = 2*len(p.chats) + 64
	}
	if p.chats == nil {
		p.chats = map[Address]*quota{}
	}
	c := &quota{}
	if p.Chat != nil {
		c.burst, c.gap = p.Chat(to)
	}
	p.chats[to] = c
	return c
}

// ready is the moment from which the chat takes a message.
func (c *quota) ready() time.Time {
	at := c.debt.Add(-time.Duration(c.burst-1) * c.gap)
	if at.Before(c.until) {
		return c.until
	}
	return at
}

func (p *Pacer) spend(c *quota, now time.Time) {
	if c.debt.Before(now) {
		c.debt = now
	}
	c.debt = c.debt.Add(c.gap)
	p.free = now.Add(p.Gap) // from now, not from when it was due: a late one is never made up for by two at once
}

// serve lets go whoever may send now, and sets the clock for the next one.
func (p *Pacer) serve(now time.Time) {
	for !p.free.After(now) {
		w, next := p.first(now)
		if w == nil {
			if !next.IsZero() {
				p.wake(next.Sub(now))
			}
			return
		}
		w.chat.waiting--
		p.spend(w.chat, now)
		close(w.turn)
	}
	if len(p.waiting[0])+len(p.waiting[1]) > 0 {
		p.wake(p.free.Sub(now))
	}
}

// first takes the first waiter whose chat is ready, or says when one will be.
func (p *Pacer) first(now time.Time) (w *waiter, next time.Time) {
	for class, queue := range p.waiting {
		for i, w := range queue {
			at := w.chat.ready()
			if !at.After(now) {
				p.waiting[class] = slices.Delete(queue, i, i+1)
				return w, now
			}
			if next.IsZero() || at.Before(next) {
				next = at
			}
		}
	}
	return nil, next
}

func (p *Pacer) wake(after time.Duration) {
	if p.timer != nil {
		p.timer.Reset(after)
		return
	}
	p.timer = time.AfterFunc(after, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.serve(p.Now())
	})
}

// learn takes what became of a message that was sent at the moment began.
func (p *Pacer) learn(to Address, began time.Time, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var se *SendError
	if !errors.As(err, &se) || se.RetryAfter <= 0 {
		if err == nil && began.After(p.refused.at) && to != p.refused.to {
			p.refused = refusal{} // others get through: it was that chat alone
		}
		return
	}
	now := p.Now()
	r := refusal{to, now, now.Add(se.RetryAfter)}
	if c := p.chat(to, now); c.until.Before(r.until) {
		c.until = r.until
	}
	if last := p.refused; last.to != to && last.until.After(now) {
		both := r.until
		if last.until.Before(both) {
			both = last.until
		}
		if p.free.Before(both) {
			p.free, p.shut = both, both
		}
	}
	p.refused = r
}
