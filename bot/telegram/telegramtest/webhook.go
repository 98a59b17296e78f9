package telegramtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// webhook delivers updates to the bot. Guarded by Server.mu.
type webhook struct {
	s      *Server
	url    string
	secret string
	most   int
	ctx    context.Context
	stop   context.CancelFunc
	places chan struct{}       // one for each delivery at the same time
	lanes  map[int64][]*update // by chat: one after the other, as Telegram does
	failed time.Time
	why    string
}

type wireWebhook struct {
	URL         string   `json:"url"`
	Certificate bool     `json:"has_custom_certificate"`
	Pending     int      `json:"pending_update_count"`
	ErrorDate   int64    `json:"last_error_date,omitempty"`
	Error       string   `json:"last_error_message,omitempty"`
	Connections int      `json:"max_connections,omitempty"`
	Allowed     []string `json:"allowed_updates,omitempty"`
}

var secretToken = regexp.MustCompile(`^[A-Za-z0-9_-]{0,256}$`)

func setWebhook(c *call) (any, *Answer) {
	address := c.params["url"]
	if address == "" {
		return deleteWebhook(c)
	}
	if refused := checkWebhook(address); refused != nil {
		return nil, refused
	}
	if !secretToken.MatchString(c.params["secret_token"]) {
		return nil, badRequest("secret token contains unallowed characters")
	}
	most, refused := c.int("max_connections", 40)
	if refused != nil {
		return nil, refused
	}
	if most < 1 || most > 100 {
		return nil, own("max_connections is 1 to 100; this is %d", most)
	}
	allowed, refused := c.allowedUpdates()
	if refused != nil {
		return nil, refused
	}
	drop, refused := c.bool("drop_pending_updates")
	if refused != nil {
		return nil, refused
	}
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endOther(&Answer{Code: 409, Description: "Conflict: terminated by setWebhook request"})
	s.unhook(drop)
	if allowed != nil {
		s.queue.allowed = *allowed
	}
	h := &webhook{s: s, url: address, secret: c.params["secret_token"], most: most, places: make(chan struct{}, most), lanes: map[int64][]*update{}}
	h.ctx, h.stop = context.WithCancel(s.ctx)
	s.hook = h
	for _, u := range s.queue.pending {
		h.take(u)
	}
	return true, nil
}

func checkWebhook(address string) *Answer {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return badRequest("bad webhook: invalid webhook URL specified")
	}
	ip := net.ParseIP(u.Hostname())
	local := ip != nil && ip.IsLoopback() || u.Hostname() == "localhost"
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return badRequest("bad webhook: An HTTPS URL must be provided for webhook")
	}
	return nil
}

func deleteWebhook(c *call) (any, *Answer) {
	drop, refused := c.bool("drop_pending_updates")
	if refused != nil {
		return nil, refused
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.unhook(drop)
	return true, nil
}

// unhook ends deliveries; what was not delivered waits for whoever asks next. Call with mu held.
func (s *Server) unhook(drop bool) {
	if s.hook != nil {
		s.hook.stop()
		s.hook = nil
	}
	var left []*update
	for _, u := range s.queue.pending {
		if !u.done && !drop {
			left = append(left, u)
		}
	}
	s.queue.pending = left
	if drop {
		s.queue.again = nil
	}
}

func getWebhookInfo(c *call) (any, *Answer) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	info := wireWebhook{Pending: s.queue.count(), Allowed: s.queue.allowed}
	if h := s.hook; h != nil {
		info.URL, info.Connections, info.Error = h.url, h.most, h.why
		if h.why != "" {
			info.ErrorDate = h.failed.Unix()
		}
	}
	return info, nil
}

// take gives an update to the lane of its chat. Call with mu held.
func (h *webhook) take(u *update) {
	lane, running := h.lanes[u.chat]
	h.lanes[u.chat] = append(lane, u)
	if !running {
		h.s.work.Add(1)
		go h.run(u.chat)
	}
}

// run delivers the updates of one chat until none is left.
func (h *webhook) run(chat int64) {
	defer h.s.work.Done()
	pause := h.s.config.WebhookPause
	for {
		u := h.next(chat)
		if u == nil {
			return
		}
		select {
		case h.places <- struct{}{}:
		case <-h.ctx.Done():
			return
		}
		after, err := h.deliver(u)
		<-h.places
		if h.ctx.Err() != nil {
			return
		}
		if err == nil {
			pause = h.s.config.WebhookPause
			h.delivered(chat, u)
			continue
		}
		h.note(err)
		if after == 0 {
			after = pause
			pause = min(2*pause, time.Minute)
		}
		timer := time.NewTimer(after)
		select {
		case <-timer.C:
		case <-h.ctx.Done():
			timer.Stop()
			return
		}
	}
}

// next is what a lane delivers now; nil ends the lane.
func (h *webhook) next(chat int64) *update {
	s := h.s
	s.mu.Lock()
	defer s.mu.Unlock()
	lane := h.lanes[chat]
	for len(lane) > 0 && s.config.Now().Sub(lane[0].at) > keepUpdates {
		lane[0].done = true
		lane = lane[1:]
	}
	if len(lane) == 0 {
		delete(h.lanes, chat)
		return nil
	}
	if len(lane) > 1 && s.queue.faults.Reorder > 0 && s.chance.Float64() < s.queue.faults.Reorder {
		lane[0], lane[1] = lane[1], lane[0]
	}
	h.lanes[chat] = lane
	return lane[0]
}

// delivered takes an update off its lane, or leaves it for another time: UpdateFaults.Repeat.
func (h *webhook) delivered(chat int64, u *update) {
	s := h.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.queue.faults.Repeat; p > 0 && !u.repeated && s.chance.Float64() < p {
		u.repeated = true
		return
	}
	u.done = true
	h.lanes[chat] = h.lanes[chat][1:]
	for len(s.queue.pending) > 0 && s.queue.pending[0].done {
		s.queue.pending[0] = nil
		s.queue.pending = s.queue.pending[1:]
	}
}

func (h *webhook) note(err error) {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	h.failed, h.why = h.s.config.Now(), sentence(err)
}

// deliver sends an update once. A bot that refuses may say how long to wait.
func (h *webhook) deliver(u *update) (retryAfter time.Duration, err error) {
	r, err := http.NewRequestWithContext(h.ctx, http.MethodPost, h.url, bytes.NewReader(u.encode(nil)))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if h.secret != "" {
		r.Header.Set("X-Telegram-Bot-Api-Secret-Token", h.secret)
	}
	resp, err := h.s.hooks.Do(r)
	if err != nil {
		return 0, fmt.Errorf("connection failed: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()                      // it was read
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection serves again
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return 0, nil
	}
	after, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // mostly missing
	return time.Duration(min(after, 3600)) * time.Second, fmt.Errorf("wrong response from the webhook: %s", resp.Status)
}
