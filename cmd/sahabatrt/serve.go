package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"sahabatrt/bot"
	"sahabatrt/conversations"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/session"
)

// drainTime is what chats in hand get when the program is asked to stop.
const drainTime = 10 * time.Second

var errNoChannel = errors.New("no channel is configured: set TELEGRAM_TOKEN to the token that BotFather gave; sahabatrt chat works without")

type serveCmd struct{}

// Run serves the configured channels until ctx ends.
func (serveCmd) Run(ctx context.Context, m Main, c *Config) (err error) {
	log := c.log(m.Stderr)
	db, err := c.openCity(ctx, m)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	texts, err := locales.New(log)
	if err != nil {
		return err
	}
	registry := newRegistry()
	flows := &conversations.Conversations{Store: db, Settings: program.DefaultSettings()}
	files := func(ctx context.Context, ref string) ([]byte, error) { return flows.File(ctx, texts, ref) }
	channels, err := m.channels(c, surroundings{db, texts, c.clock(m.Now), log, registry, cmp.Or(c.Process, uuid.NewString()), files})
	if err != nil {
		return err
	}
	for _, ch := range channels {
		if ch.close != nil {
			defer ch.close()
		}
	}
	if len(channels) == 0 {
		return errNoChannel
	}
	byName, names := map[string]bot.Channel{}, []string{}
	for _, ch := range channels {
		byName[ch.name], names = ch.channel, append(names, ch.name)
		if ch.link != nil {
			flows.Link = ch.link
		}
	}
	sessions, err := c.sessions(ctx, db, session.Options{Process: c.Process, Channels: names, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sessions.hangUp()) }()
	at, err := c.at()
	if err != nil {
		return err
	}
	lanes := &bot.Lanes{
		Engine:   flows.Engine(texts, uuid.NewString),
		Sessions: sessions,
		Channels: byName, Now: c.clock(m.Now), Log: log, Metrics: bot.NewMetrics(registry, m.Now), At: at,
	}
	chats := whereabouts{db, log}
	lanes.Gone, lanes.Moved = chats.gone, chats.moved
	notices := &conversations.Notices{Store: db, Texts: texts, Log: log, At: at, Send: func(ctx context.Context, msg bot.Message) error {
		ch := byName[msg.To.Channel]
		if ch == nil {
			return &bot.SendError{Err: fmt.Errorf("no channel %q here", msg.To.Channel)}
		}
		return ch.Send(ctx, msg)
	}}
	registry.MustRegister(pools{db: db, redis: sessions.client})
	s := &serving{
		channels: channels, lanes: lanes, work: worker(db, notices, c.clock(m.Now)), registry: registry, listen: c.OpsListen, stdout: m.Stdout,
		health: newHealth(m.Now, log, db, sessions.redis, lanes),
	}
	err = s.run(ctx)
	if errors.Is(err, bot.ErrReplaced) {
		err = fmt.Errorf("another sahabatrt has started under the name %q, so this one stops: give each process a SAHABAT_PROCESS of its own", c.Process)
	}
	return err
}

// serving is the program while it serves.
type serving struct {
	channels []channel
	lanes    *bot.Lanes
	work     func(ctx context.Context, accept accepting) error // on jobs, until ctx ends
	health   *health
	registry *prometheus.Registry
	listen   string // where operators look, "" for nowhere
	stdout   io.Writer
}

// run returns when ctx ends, or with the error of the part that failed first. Operators can look until the end.
func (s *serving) run(ctx context.Context) error {
	page, err := listenOps(s.listen, s.health, s.registry)
	if err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	looking, end := context.WithCancel(context.WithoutCancel(ctx))
	var beside sync.WaitGroup
	defer beside.Wait()
	defer end()
	s.health.look(ctx)
	beside.Go(func() { s.health.watch(looking) })
	beside.Go(func() {
		if err := page.serve(looking); err != nil {
			fail(err)
		}
	})
	defer context.AfterFunc(ctx, s.health.stop)()

	err = s.play(ctx, fail, page)
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, err)
	}
	return err
}

// play takes updates in until ctx ends. Then, in this order: the channels stop, the chats in hand come to their end within
// drainTime, and all claims are given back.
func (s *serving) play(ctx context.Context, fail context.CancelCauseFunc, page *opsPage) error {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer s.lanes.Wait()
	defer end()
	if err := s.lanes.Recover(life); err != nil { // before the first update, so that what waits is older
		return err
	}
	recovering, stop := context.WithCancel(life)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		err := s.lanes.Run(recovering, life)
		if err != nil {
			fail(err)
		}
		ended <- err
	}()
	var names []string
	for _, ch := range s.channels {
		names = append(names, ch.name)
	}
	fmt.Fprintf(s.stdout, "serving %s; %s\n", strings.Join(names, ", "), page)

	s.takeIn(ctx, life, fail)
	defer time.AfterFunc(drainTime, end).Stop()
	stop()
	return <-ended
}

// takeIn runs the channels, and the jobs beside them, until ctx ends; the first that ends before ends all.
func (s *serving) takeIn(ctx, life context.Context, fail context.CancelCauseFunc) {
	accept := accepting(func(ctx context.Context, in []bot.Update) error {
		if err := s.health.open(); err != nil { // with Redis alone it would be kept, and then not be recorded
			return fmt.Errorf("accept %d updates: %w", len(in), err)
		}
		return s.lanes.Accept(ctx, life, in)
	})
	var all sync.WaitGroup
	all.Go(func() {
		if err := s.work(ctx, accept); err != nil {
			fail(err)
		}
	})
	for _, ch := range s.channels {
		all.Go(func() {
			err := ch.run(ctx, accept)
			if err == nil {
				err = errors.New("has ended by itself")
			}
			fail(fmt.Errorf("%s: %w", ch.name, err)) // after the end of ctx nobody asks any more
		})
	}
	all.Wait()
}

// accepting keeps updates: with an error nothing may be acknowledged.
type accepting func(ctx context.Context, in []bot.Update) error

// worker does what the bot does unprompted.
func worker(db *store.DB, notices *conversations.Notices, now func() time.Time) func(context.Context, accepting) error {
	return func(ctx context.Context, accept accepting) error {
		notices.Tell = func(ctx context.Context, u bot.Update) error { return accept(ctx, []bot.Update{u}) }
		return db.Work(ctx, map[store.JobKind]store.Duty{
			store.JobNotice: {Do: func(ctx context.Context, id string) error { return notices.Work(ctx, id, now()) }},
			store.JobPlan:   {Do: func(ctx context.Context, _ string) error { return notices.Plan(ctx, now()) }, Every: time.Minute},
			store.JobForget: {Do: func(ctx context.Context, _ string) error { return db.Forget(ctx) }, Every: 24 * time.Hour},
		})
	}
}

// whereabouts keeps what a channel says of an address while it sends.
type whereabouts struct {
	db  *store.DB
	log *slog.Logger
}

func (w whereabouts) gone(ctx context.Context, a bot.Address) {
	w.keep(ctx, func(tx *store.Tx) error { return tx.ChatGone(a.Channel, a.ID) })
}

func (w whereabouts) moved(ctx context.Context, from, to bot.Address) {
	w.keep(ctx, func(tx *store.Tx) error { return tx.ChatMoved(from.Channel, from.ID, to.ID) })
}

func (w whereabouts) keep(ctx context.Context, change func(*store.Tx) error) {
	if err := w.db.Update(ctx, change); err != nil {
		w.log.Warn("where somebody can be reached was not kept", "err", err)
	}
}
