package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	turnDeadline = 10 * time.Second
	turnTries    = 3
	firstPause   = 400 * time.Millisecond // before the second try; four times that before the third: a database starts again meanwhile
	dueEvery     = time.Second
	dueAtOnce    = 256
	longestPause = 30 * time.Second
	giveBackTime = 5 * time.Second // for giving claims back at the end
	typingAfter  = 700 * time.Millisecond
	typingEvery  = 5 * time.Second // Telegram and WhatsApp show it that long
	answerTime   = 3 * time.Second // what the next message of a chat waits at most for the answer to a press
)

// The points that every message passes, in order: see Lanes.At.
const (
	AtReceived = "received" // in hand, not kept yet
	AtAccepted = "accepted" // kept, not acknowledged yet
	AtClaimed  = "claimed"  // a lane has the chat
	AtPlayed   = "played"   // decided, the outcome not kept yet
	AtPut      = "put"      // the outcome kept, nothing sent
	AtSent     = "sent"     // sent, not noted yet
	AtDone     = "done"     // noted
)

// Points are all of them, for tests that stop the process at each.
var Points = []string{AtReceived, AtAccepted, AtClaimed, AtPlayed, AtPut, AtSent, AtDone}

// Lanes plays every claimed chat in a loop of its own: chats run side by side, the messages of one chat in order.
// Its fields are set once, before the first Accept. Metrics, Gone, Moved and At may be nil.
type Lanes struct {
	Engine   *Engine
	Sessions Sessions
	Channels map[string]Channel
	Now      func() time.Time
	Log      *slog.Logger
	Metrics  *Metrics

	Gone  func(context.Context, Address)              // nobody reads this address any more
	Moved func(ctx context.Context, from, to Address) // the chat has another address from now on
	At    func(point string)                          // is called at each point, so that a test can stop the process there

	running sync.WaitGroup
	fault   atomic.Pointer[error] // of the last heartbeat, or of an Accept since
}

func (l *Lanes) at(point string) {
	if l.At != nil {
		l.At(point)
	}
}

// Accept keeps the updates and starts the lanes of the chats that nobody played. Only when it returns nil may the
// updates be acknowledged. ctx bounds the accepting; life is the lanes'.
func (l *Lanes) Accept(ctx, life context.Context, in []Update) error {
	for _, u := range in {
		if l.Channels[u.From.Channel] == nil {
			return fmt.Errorf("accept an update of %q: no such channel", u.From.Channel)
		}
	}
	l.at(AtReceived)
	claims, err := l.Sessions.Accept(ctx, in)
	l.begin(life, claims)
	l.Metrics.arrived(in, err)
	if err != nil {
		if ctx.Err() == nil { // a caller who gave up says nothing of the sessions
			l.fault.Store(&err)
		}
		return fmt.Errorf("accept %d updates: %w", len(in), err)
	}
	l.at(AtAccepted)
	return nil
}

// Fault is why the last Accept or heartbeat failed; nil when the last heartbeat went well and no Accept failed since.
func (l *Lanes) Fault() error {
	if fault := l.fault.Load(); fault != nil {
		return *fault
	}
	return nil
}

// Recover takes over what nobody plays, until there is none, and writes the heartbeat. The lanes live as long as ctx.
func (l *Lanes) Recover(ctx context.Context) error {
	for {
		claims, err := l.due(ctx, dueAtOnce)
		if err != nil {
			return fmt.Errorf("look for chats that are due: %w", err)
		}
		if len(claims) == 0 {
			return nil
		}
		l.begin(ctx, claims)
	}
}

// due is the heartbeat, and up to n chats that nobody plays.
func (l *Lanes) due(ctx context.Context, n int) ([]*Claim, error) {
	claims, err := l.Sessions.Due(ctx, n)
	l.fault.Store(&err)
	l.Metrics.recovered(len(claims))
	return claims, err
}

// Run recovers at once and then every second until ctx ends. From then on it takes nothing up and only says that the
// process lives, until the lanes have come to their end; the end of life hurries them. Then it gives all claims back.
// Accept must not be called any more when ctx ends. It returns ErrReplaced at once when a newer process took this
// one's name: what the lanes still do is refused.
func (l *Lanes) Run(ctx, life context.Context) error {
	tick := time.NewTicker(dueEvery)
	defer tick.Stop()
	for {
		err := l.Recover(life)
		if errors.Is(err, ErrReplaced) {
			return err
		}
		if err != nil && life.Err() == nil {
			l.Log.Error("recovery failed", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return l.drain(life, tick.C)
		}
	}
}

// drain keeps the claims of lanes that are not at their end: without a heartbeat others would take them over.
func (l *Lanes) drain(life context.Context, tick <-chan time.Time) error {
	ctx := context.WithoutCancel(life)
	ended := make(chan struct{})
	go func() {
		l.Wait()
		close(ended)
	}()
	for {
		select {
		case <-ended:
			ctx, cancel := context.WithTimeout(ctx, giveBackTime)
			defer cancel()
			return l.Sessions.Close(ctx)
		case <-tick:
			if _, err := l.due(ctx, 0); errors.Is(err, ErrReplaced) {
				return err
			} else if err != nil {
				l.Log.Error("heartbeat failed", "err", err)
			}
		}
	}
}

// Wait returns when no chat is being played.
func (l *Lanes) Wait() { l.running.Wait() }

func (l *Lanes) begin(ctx context.Context, claims []*Claim) {
	for _, c := range claims {
		l.running.Go(func() {
			if err := l.lane(ctx, c); err != nil && ctx.Err() == nil && !errors.Is(err, ErrClaimLost) {
				l.Log.Error("chat left to recovery", "chat", c.Addr, "err", err)
			}
		})
	}
}

// lane delivers and plays one chat until it is free. An error leaves the chat to Due.
func (l *Lanes) lane(ctx context.Context, c *Claim) error {
	l.at(AtClaimed)
	hand := l.Metrics.take(c)
	defer l.Metrics.drop(hand)
	var answered <-chan struct{}
	if len(c.Replies) > 0 { // whoever played it may have died before it answered the press
		answered = l.answer(ctx, c.Addr, c.Replies[0].Ack)
	}
	for {
		sent := 0
		if len(c.Replies) > 0 {
			if err := l.send(ctx, c.Replies[0]); err != nil {
				return err
			}
			l.at(AtSent)
			sent = 1
			await(ctx, answered)
		} else if len(c.Inbox) > 0 {
			ack := c.Inbox[0].Ack
			answered = l.answer(ctx, c.Addr, ack)
			out, err := l.turn(ctx, c)
			if err != nil {
				return err
			}
			if len(out.Replies) > 0 {
				out.Replies[0].Ack = ack
			}
			l.at(AtPlayed)
			if err := l.Sessions.Put(context.WithoutCancel(ctx), c, out); err != nil {
				return fmt.Errorf("keep turn: %w", err)
			}
			l.at(AtPut)
			l.Metrics.step(hand, c)
			if len(c.Replies) > 0 {
				continue
			}
		}
		more, err := l.Sessions.Done(context.WithoutCancel(ctx), c, sent)
		if err != nil {
			return fmt.Errorf("note delivery: %w", err)
		}
		l.at(AtDone)
		l.Metrics.step(hand, c)
		if !more {
			return nil
		}
	}
}

// send delivers one reply, however long it takes; an address that is gone takes nothing any more.
func (l *Lanes) send(ctx context.Context, m Message) error {
	channel := l.Channels[m.To.Channel]
	for pause := time.Second; ; pause = min(2*pause, longestPause) {
		err := channel.Send(ctx, m)
		if err == nil {
			l.Metrics.replied(m.To.Channel, replySent)
			return nil
		}
		var se *SendError
		if errors.As(err, &se) && se.Gone && l.Gone != nil {
			l.Gone(ctx, m.To)
		}
		if se != nil && (se.Gone || se.Refused) {
			l.Metrics.replied(m.To.Channel, undelivered(se))
			l.Log.Error("reply can never be delivered", "chat", m.To, "letters", len(m.Text), "err", err)
			return nil
		}
		if se != nil && se.MovedTo != nil && *se.MovedTo != m.To {
			if l.Moved != nil {
				l.Moved(ctx, m.To, *se.MovedTo)
			}
			l.Metrics.replied(m.To.Channel, replyMoved)
			m.To = *se.MovedTo
			continue
		}
		if se != nil && se.RetryAfter > 0 {
			pause = se.RetryAfter
		}
		l.Metrics.replied(m.To.Channel, replyWaits)
		l.Log.Warn("reply not delivered yet", "chat", m.To, "err", err)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// turn plays the first update; after three failures it is set aside and the person is told that it was not recorded.
// The error is that of a process that stops: the update waits for the next one.
func (l *Lanes) turn(ctx context.Context, c *Claim) (Outcome, error) {
	if a, ok := l.Channels[c.Addr.Channel].(Attentive); ok {
		defer l.attend(ctx, a, c.Addr)()
	}
	for try := c.Tries; try < turnTries; try++ {
		out, err := l.attempt(ctx, c)
		if err == nil {
			return out, nil
		}
		if ctx.Err() != nil {
			return Outcome{}, ctx.Err()
		}
		l.Log.Error("turn failed", "chat", c.Addr, "try", try+1, "err", err)
		if try+1 == turnTries {
			break
		}
		if err := sleep(ctx, firstPause<<(2*try)); err != nil {
			return Outcome{}, err
		}
	}
	l.Metrics.setAside()
	return l.Engine.Fault(c.Session, c.Addr), nil
}

// answer tells the person beside the turn that his press has come in, where there is one. done closes when that was tried.
func (l *Lanes) answer(ctx context.Context, to Address, ack string) (done <-chan struct{}) {
	a, ok := l.Channels[to.Channel].(Attentive)
	if !ok || ack == "" {
		return nil
	}
	tried := make(chan struct{})
	l.running.Go(func() {
		defer close(tried)
		a.Answer(ctx, Update{From: to, Ack: ack})
	})
	return tried
}

// await waits for the answer to a press, which has mostly gone before the reply. One that hangs is left behind.
func await(ctx context.Context, answered <-chan struct{}) {
	if answered == nil {
		return
	}
	select {
	case <-answered:
		return
	default:
	}
	timer := time.NewTimer(answerTime)
	defer timer.Stop()
	select {
	case <-answered:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// attend shows the person that an answer is on its way while the turn takes long. done ends that.
func (l *Lanes) attend(ctx context.Context, a Attentive, to Address) (done func()) {
	typing, cancel := context.WithCancel(ctx)
	l.running.Add(1) // for the timer: it may go off when the lane has ended
	timer := time.AfterFunc(typingAfter, func() {
		defer l.running.Done()
		for typing.Err() == nil {
			a.Typing(typing, to)
			_ = sleep(typing, typingEvery)
		}
	})
	return func() {
		cancel()
		if timer.Stop() {
			l.running.Done()
		}
	}
}

func (l *Lanes) attempt(ctx context.Context, c *Claim) (out Outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, turnDeadline)
	defer cancel()
	began := l.Now()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("turn panicked: %T", r)
		}
		l.Metrics.played(l.Now().Sub(began), err)
	}()
	return l.Engine.Play(ctx, c.Session, c.Inbox[0], began)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
