package telegramtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// queue is what the bot has not confirmed. Guarded by Server.mu.
type queue struct {
	pending []*update // by id
	again   []*update // confirmed, and given out once more: UpdateFaults.Repeat
	lastID  int
	allowed []string // kinds; empty: the usual ones
	faults  UpdateFaults
	poll    *poll // the getUpdates that waits
}

// update is one thing that happened, ready to be sent.
type update struct {
	id       int
	kind     string
	chat     int64
	body     []byte // `"message":{…}`
	at       time.Time
	repeated bool
	done     bool // a webhook took it
}

// poll is one getUpdates under way.
type poll struct {
	wake  chan struct{}
	ended chan struct{} // by another one, or by a webhook
	why   *Answer
}

// keepUpdates is how long Telegram keeps what nobody fetches.
const keepUpdates = 24 * time.Hour

// usual are the kinds that a bot gets when it does not say which, as far as the server makes them.
var usual = []string{"message", "edited_message", "callback_query", "my_chat_member"}

// known are all kinds that there are, so that a misspelt one is refused.
var known = append([]string{
	"channel_post", "edited_channel_post", "business_connection", "business_message", "edited_business_message",
	"deleted_business_messages", "guest_message", "message_reaction", "message_reaction_count", "inline_query",
	"chosen_inline_result", "shipping_query", "pre_checkout_query", "purchased_paid_media", "poll", "poll_answer",
	"chat_member", "chat_join_request", "chat_boost", "removed_chat_boost", "managed_bot",
}, usual...)

func (q *queue) init() { q.lastID = 500_000_000 }

// UpdateFaults are what can go wrong on the way to the bot, each with its chance from 0 to 1.
type UpdateFaults struct {
	Repeat  float64 // an update comes once more, after it was confirmed
	Reorder float64 // those that come together come in another order
}

// DisturbUpdates sets what goes wrong with updates from now on.
func (s *Server) DisturbUpdates(f UpdateFaults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.faults = f
}

// Pending returns how many updates wait for the bot or for its confirmation.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.count()
}

func (q *queue) count() int {
	n := len(q.again)
	for _, u := range q.pending {
		if !u.done {
			n++
		}
	}
	return n
}

// tell gives the bot an update. Call with mu held.
func (s *Server) tell(chat int64, kind string, what any) {
	q := &s.queue
	if allowed := q.allowed; !slices.Contains(allowed, kind) && (len(allowed) > 0 || !slices.Contains(usual, kind)) {
		return
	}
	body, err := json.Marshal(what)
	if err != nil {
		panic(fmt.Sprintf("telegramtest: encode update: %v", err))
	}
	q.lastID++
	u := &update{id: q.lastID, kind: kind, chat: chat, at: s.config.Now(), body: append(append(append([]byte{'"'}, kind...), `":`...), body...)}
	q.pending = append(q.pending, u)
	if s.hook != nil {
		s.hook.take(u)
	}
	if q.poll != nil {
		q.poll.ring()
	}
}

func (p *poll) ring() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (u *update) encode(to []byte) []byte {
	to = append(to, `{"update_id":`...)
	to = strconv.AppendInt(to, int64(u.id), 10)
	to = append(to, ',')
	to = append(to, u.body...)
	return append(to, '}')
}

// confirm forgets what is older than an offset; a negative one keeps so many of the newest.
func (s *Server) confirm(offset int) {
	q := &s.queue
	n := len(q.pending)
	switch {
	case offset < 0:
		n = max(0, n+offset)
	case offset > 0:
		n, _ = slices.BinarySearchFunc(q.pending, offset, func(u *update, id int) int { return u.id - id })
	default:
		n = 0
	}
	for n < len(q.pending) && s.config.Now().Sub(q.pending[n].at) > keepUpdates {
		n++
	}
	if q.faults.Repeat > 0 {
		for _, u := range q.pending[:n] {
			if !u.repeated && s.chance.Float64() < q.faults.Repeat {
				u.repeated = true
				q.again = append(q.again, u)
			}
		}
	}
	clear(q.pending[:n])
	q.pending = q.pending[n:]
}

// batch takes what a getUpdates answers with.
func (s *Server) batch(limit int) []*update {
	q := &s.queue
	n := min(limit, len(q.again))
	out := append([]*update{}, q.again[:n]...)
	q.again = q.again[n:]
	out = append(out, q.pending[:min(limit-n, len(q.pending))]...)
	if len(out) > 1 && q.faults.Reorder > 0 && s.chance.Float64() < q.faults.Reorder {
		s.chance.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	}
	return out
}

func getUpdates(c *call) (any, *Answer) {
	offset, refused := c.int("offset", 0)
	if refused != nil {
		return nil, refused
	}
	limit, refused := c.int("limit", 100)
	if refused != nil {
		return nil, refused
	}
	timeout, refused := c.int("timeout", 0)
	if refused != nil {
		return nil, refused
	}
	if limit < 1 || limit > 100 || timeout < 0 || timeout > 50 {
		return nil, own("limit is 1 to 100 and timeout 0 to 50; these are %d and %d", limit, timeout)
	}
	allowed, refused := c.allowedUpdates()
	if refused != nil {
		return nil, refused
	}
	p := &poll{wake: make(chan struct{}, 1), ended: make(chan struct{})}
	if refused := c.s.startPoll(p, offset, allowed); refused != nil {
		return nil, refused
	}
	defer c.s.endPoll(p)
	timer := time.NewTimer(time.Duration(timeout) * time.Second)
	defer timer.Stop()
	for over := timeout == 0; ; {
		c.s.mu.Lock()
		updates, refused := c.s.batch(limit), p.why
		c.s.mu.Unlock()
		if refused != nil {
			return nil, refused
		}
		if over || len(updates) > 0 {
			return encodeAll(updates), nil
		}
		select {
		case <-p.wake:
		case <-p.ended:
		case <-timer.C:
			over = true
		case <-c.ctx.Done():
			return encodeAll(nil), nil // to nobody
		case <-c.s.ctx.Done():
			return nil, ServerError
		}
	}
}

func encodeAll(updates []*update) json.RawMessage {
	out := []byte{'['}
	for i, u := range updates {
		if i > 0 {
			out = append(out, ',')
		}
		out = u.encode(out)
	}
	return append(out, ']')
}

// startPoll confirms, and ends the getUpdates that waits: the newer one wins.
func (s *Server) startPoll(p *poll, offset int, allowed *[]string) *Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hook != nil {
		return WebhookIsSet
	}
	s.endOther(OtherPoller)
	s.queue.poll = p
	if allowed != nil {
		s.queue.allowed = *allowed
	}
	s.confirm(offset)
	return nil
}

func (s *Server) endOther(why *Answer) {
	if other := s.queue.poll; other != nil {
		other.why = why
		close(other.ended)
		s.queue.poll = nil
	}
}

func (s *Server) endPoll(p *poll) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue.poll == p {
		s.queue.poll = nil
	}
}

// allowedUpdates reads the list of kinds; nil when none is given and the last one goes on.
func (c *call) allowedUpdates() (*[]string, *Answer) {
	if given := c.params["allowed_updates"]; given == "" || given == "null" {
		return nil, nil
	}
	var kinds []string
	if refused := c.decode("allowed_updates", &kinds); refused != nil {
		return nil, refused
	}
	for _, k := range kinds {
		if !slices.Contains(known, k) {
			return nil, own("there is no update of kind %q", k)
		}
	}
	return &kinds, nil
}
