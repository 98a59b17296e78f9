package telegramtest

import (
	"strconv"
	"time"
)

// Query is a press of a button and what became of it.
type Query struct {
	ID       string
	Chat     int64
	User     int64
	Data     string
	At       time.Time
	Answered bool
	Text     string // what the answer shows
	Alert    bool   // in a box that has to be closed
}

// queries are the presses. Guarded by Server.mu.
type queries struct {
	last int64
	open map[string]*Query // not answered
	all  []*Query          // empty under Config.Lean
}

func (q *queries) init() {
	q.open = map[string]*Query{}
	q.last = 4_000_000_000_000_000_000
}

// ask notes a press. Call with mu held.
func (s *Server) ask(chat, user int64, data string) *Query {
	s.queries.last++
	q := &Query{ID: strconv.FormatInt(s.queries.last, 10), Chat: chat, User: user, Data: data, At: s.config.Now()}
	s.queries.open[q.ID] = q
	if !s.config.Lean {
		s.queries.all = append(s.queries.all, q)
	}
	return q
}

// Queries returns all presses, oldest first.
func (s *Server) Queries() []Query {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Query
	for _, q := range s.queries.all {
		out = append(out, *q)
	}
	return out
}

// Unanswered returns how many presses still turn their little clock.
func (s *Server) Unanswered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queries.open)
}

func answerCallbackQuery(c *call) (any, *Answer) {
	alert, refused := c.bool("show_alert")
	if refused != nil {
		return nil, refused
	}
	if _, refused := c.int("cache_time", 0); refused != nil {
		return nil, refused
	}
	text := c.params["text"]
	if units(text) > 200 {
		return nil, badRequest("MESSAGE_TOO_LONG")
	}
	if c.params["url"] != "" {
		return nil, badRequest("URL_INVALID")
	}
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	id := c.params["callback_query_id"]
	q := s.queries.open[id]
	if q == nil || s.config.Now().Sub(q.At) > s.config.QueryAge {
		return nil, badRequest("query is too old and response timeout expired or query ID is invalid")
	}
	delete(s.queries.open, id)
	q.Answered, q.Text, q.Alert = true, text, alert
	return true, nil
}
