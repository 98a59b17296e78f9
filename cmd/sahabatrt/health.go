package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"sahabatrt/bot"
	"sahabatrt/store"
	"sahabatrt/store/session"
)

const (
	lookEvery = 500 * time.Millisecond
	lookTime  = time.Second  // for one look
	looksOld  = 2 * lookTime // what was seen longer ago is not true any more
)

// health is what must be well so that messages can be taken in. The servers are looked at in the background again and
// again: to ask costs nothing and waits for nobody.
type health struct {
	now      func() time.Time
	log      *slog.Logger
	servers  []*server
	lanes    *bot.Lanes
	stopping atomic.Bool
}

// server is one that keeps something. One look at it is under way at a time.
type server struct {
	name string
	try  func(context.Context) error
	last atomic.Pointer[seen]
}

// seen is what a look has found.
type seen struct {
	err error
	at  time.Time
}

var errSilent = errors.New("does not answer")

// newHealth knows what to look at; redis is nil when there is none.
func newHealth(now func() time.Time, log *slog.Logger, db *store.DB, redis *session.Redis, lanes *bot.Lanes) *health {
	h := &health{now: now, log: log, lanes: lanes, servers: []*server{{name: "database", try: db.Ping}}}
	if redis != nil {
		h.servers = append(h.servers, &server{name: "redis", try: redis.Ready})
	}
	return h
}

// look looks at every server once.
func (h *health) look(ctx context.Context) {
	var all sync.WaitGroup
	for _, s := range h.servers {
		all.Go(func() { h.lookAt(ctx, s) })
	}
	all.Wait()
}

// lookAt keeps what is found, and logs it when it has changed.
func (h *health) lookAt(ctx context.Context, s *server) {
	look, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	err := s.try(look)
	if ctx.Err() != nil {
		return
	}
	before := s.last.Swap(&seen{err, h.now()})
	switch well := before == nil || before.err == nil; {
	case well && err != nil:
		h.log.Error("not ready", "server", s.name, "err", err)
	case !well && err == nil:
		h.log.Warn("ready again", "server", s.name)
	}
}

// watch looks until ctx ends; a server that hangs holds up no other look.
func (h *health) watch(ctx context.Context) {
	var all sync.WaitGroup
	for _, s := range h.servers {
		all.Go(func() {
			tick := time.NewTicker(lookEvery)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					h.lookAt(ctx, s)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	all.Wait()
}

// stop says that the process is not to be sent anything any more.
func (h *health) stop() { h.stopping.Store(true) }

func (h *health) fault(s *server) error {
	last := s.last.Load()
	if last == nil || h.now().Sub(last.at) > looksOld {
		return errSilent
	}
	return last.err
}

// open is nil when what comes in can be kept and played, as far as was seen.
func (h *health) open() error {
	for _, s := range h.servers {
		if err := h.fault(s); err != nil {
			return fmt.Errorf("the %s: %w", s.name, err)
		}
	}
	return nil
}

// faults is a line for each part that is not well.
func (h *health) faults() (lines []string) {
	if h.stopping.Load() {
		lines = append(lines, "process: is stopping")
	}
	for _, s := range h.servers {
		if err := h.fault(s); err != nil {
			lines = append(lines, s.name+": "+plain(err))
		}
	}
	if err := h.lanes.Fault(); err != nil {
		lines = append(lines, "conversations: "+plain(err))
	}
	return lines
}

// plain says an error without what nobody outside should read: addresses, users, keys.
func plain(err error) string {
	var slow net.Error
	switch {
	case errors.Is(err, store.ErrNotMigrated):
		return "its schema is older than this program: run sahabatrt migrate"
	case errors.Is(err, store.ErrKeysOld):
		return "its keys do not open with this SAHABAT_KEY any more: start this process anew with the new one"
	case errors.Is(err, session.ErrEvicts):
		return "its maxmemory-policy is not noeviction"
	case errors.Is(err, bot.ErrReplaced):
		return "another process has this one's name"
	case redis.HasErrorPrefix(err, "READONLY"):
		return "is a replica and refuses to write"
	case redis.HasErrorPrefix(err, "MISCONF"):
		return "cannot save to its disk and refuses to write"
	case redis.HasErrorPrefix(err, "OOM"):
		return "its memory is full"
	case redis.HasErrorPrefix(err, "LOADING"):
		return "is still reading its file"
	case redis.HasErrorPrefix(err, "NOAUTH"), redis.HasErrorPrefix(err, "WRONGPASS"), redis.HasErrorPrefix(err, "NOPERM"):
		return "refuses the password, or what it may do"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return "does not answer in time"
	}
	return errSilent.Error()
}
