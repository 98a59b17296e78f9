package telegramtest

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Answer is a refusal as Telegram words it.
type Answer struct {
	Code        int // also the HTTP status
	Description string
	RetryAfter  int   // in seconds
	MigrateTo   int64 // the group's new id
	Page        bool  // a page of HTML, as gateways answer
}

// Refusals to order with a Fault.
var (
	BadGateway     = &Answer{Code: 502, Description: "Bad Gateway"}
	GatewayPage    = &Answer{Code: 502, Description: "Bad Gateway", Page: true}
	ServerError    = &Answer{Code: 500, Description: "Internal Server Error"}
	Blocked        = &Answer{Code: 403, Description: "Forbidden: bot was blocked by the user"}
	Deactivated    = &Answer{Code: 403, Description: "Forbidden: user is deactivated"}
	CannotInitiate = &Answer{Code: 403, Description: "Forbidden: bot can't initiate conversation with a user"}
	Kicked         = &Answer{Code: 403, Description: "Forbidden: bot was kicked from the group chat"}
	ChatNotFound   = &Answer{Code: 400, Description: "Bad Request: chat not found"}
	OtherPoller    = &Answer{Code: 409, Description: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"}
	WebhookIsSet   = &Answer{Code: 409, Description: "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"}
)

// TooManyRequests is the 429 that asks for a pause of so many seconds.
func TooManyRequests(seconds int) *Answer {
	return &Answer{Code: 429, Description: fmt.Sprintf("Too Many Requests: retry after %d", seconds), RetryAfter: seconds}
}

// Migrated is the refusal for a group that has become a supergroup.
func Migrated(to int64) *Answer {
	return &Answer{Code: 400, Description: "Bad Request: group chat was upgraded to a supergroup chat", MigrateTo: to}
}

// Fault is something that goes wrong with calls. Several may meet in one call: their delays add up, and the first that
// ends it decides.
type Fault struct {
	Method string  // the only one that it concerns; empty: every method
	Chat   int64   // the only chat that it concerns; 0: every call
	Skip   int     // lets so many of them pass first
	Chance float64 // of meeting a call, from 0 to 1; 0 stands for always
	Times  int     // how many calls it meets at most; 0: no end

	Delay  time.Duration // waits
	Answer *Answer       // answers this
	Cut    bool          // cuts the connection without an answer

	// Late lets the call have its effect first: the message is delivered, and then the answer is late, wrong or lost.
	Late bool
}

// Rule is a fault that was ordered.
type Rule struct {
	s     *Server
	fault Fault
	seen  int // calls that it concerned
	met   int
}

// Inject orders a fault, until Stop or its Times are over.
func (s *Server) Inject(f Fault) *Rule {
	r := &Rule{s: s, fault: f}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, r)
	return r
}

// Stop takes the fault back.
func (r *Rule) Stop() {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.faults = slices.DeleteFunc(r.s.faults, func(other *Rule) bool { return other == r })
}

// Met returns how many calls met the fault.
func (r *Rule) Met() int {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.met
}

// trouble is what the faults make of one call.
type trouble struct {
	before, after time.Duration
	answer        *Answer
	cut           bool
	late          bool // answer and cut come after the effect
}

func (t trouble) ends() bool { return t.cut || t.answer != nil }

func (s *Server) trouble(c *call) (t trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.faults {
		f := r.fault
		if f.Method != "" && f.Method != c.method.name || f.Chat != 0 && f.Chat != c.chatID || f.Times != 0 && r.met >= f.Times {
			continue
		}
		if r.seen++; r.seen <= f.Skip {
			continue
		}
		if f.Chance != 0 && s.chance.Float64() >= f.Chance {
			continue
		}
		ends := f.Cut || f.Answer != nil
		if ends && t.ends() {
			continue // another has ended this call
		}
		r.met++
		if f.Late {
			t.after += f.Delay
		} else {
			t.before += f.Delay
		}
		if ends {
			t.answer, t.cut, t.late = f.Answer, f.Cut, f.Late
		}
	}
	return t
}

// Limits are how much Telegram takes. A limit of 0 is none.
type Limits struct {
	PerSecond      int           // messages in all
	ChatBurst      int           // messages to one chat at once
	ChatPerSecond  float64       // and then so many a second
	GroupPerMinute int           // messages to one group
	Harsh          time.Duration // after one message too many everything but getUpdates is refused for so long
}

// RealLimits are Telegram's, as far as it names them.
var RealLimits = Limits{PerSecond: 30, ChatBurst: 3, ChatPerSecond: 1, GroupPerMinute: 20}

// Limit sets what is taken from now on.
func (s *Server) Limit(l Limits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits = limiter{Limits: l}
}

type limiter struct {
	Limits
	all    window
	closed time.Time // until when everything is refused
}

// pace is what a limiter remembers of one chat.
type pace struct {
	owed   time.Time // when the chat has paid for all that it got
	minute window
}

// window holds the times of the last messages.
type window []time.Time

// wait tells how long the next message has to wait, so that no span has more than n.
func (w window) wait(now time.Time, n int, span time.Duration) time.Duration {
	if n == 0 || len(w) < n {
		return 0
	}
	return w[len(w)-n].Add(span).Sub(now)
}

func (w *window) note(now time.Time, n int) {
	if n == 0 {
		return
	}
	if len(*w) >= n {
		*w = slices.Delete(*w, 0, len(*w)-n+1)
	}
	*w = append(*w, now)
}

// limited refuses a call that is too much.
func (s *Server) limited(c *call) *Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, now := &s.limits, s.config.Now()
	if l.Limits == (Limits{}) || c.method.name == "getUpdates" {
		return nil
	}
	if wait := l.closed.Sub(now); wait > 0 {
		return TooManyRequests(seconds(wait))
	}
	to := s.chats[c.chatID]
	if !c.method.message || to == nil {
		return nil
	}
	wait := l.all.wait(now, l.PerSecond, time.Second)
	if to.group {
		wait = max(wait, to.pace.minute.wait(now, l.GroupPerMinute, time.Minute))
	}
	gap := time.Duration(0)
	if l.ChatPerSecond > 0 {
		gap = time.Duration(float64(time.Second) / l.ChatPerSecond)
		wait = max(wait, to.pace.owed.Sub(now.Add(time.Duration(max(l.ChatBurst, 1)-1)*gap)))
	}
	if wait > 0 {
		if l.Harsh > 0 {
			l.closed, wait = now.Add(l.Harsh), l.Harsh
		}
		return TooManyRequests(seconds(wait))
	}
	l.all.note(now, l.PerSecond)
	to.pace.minute.note(now, l.GroupPerMinute)
	if to.pace.owed.Before(now) {
		to.pace.owed = now
	}
	to.pace.owed = to.pace.owed.Add(gap)
	return nil
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
