package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sahabatrt/bot"
	"sahabatrt/bot/telegram"
	"sahabatrt/conversations"
	"sahabatrt/locales"
	"sahabatrt/store"
)

// channel is one way to people. Its name is that of its addresses.
type channel struct {
	name    string
	channel bot.Channel

	// run takes updates in until ctx ends: accept keeps them, and only when it returns nil may they be acknowledged.
	// An error ends the program.
	run func(ctx context.Context, accept func(context.Context, []bot.Update) error) error

	// doctor says what is to be mended, a line each; nil for nothing to look at.
	doctor func(ctx context.Context, r *report)

	// link is an address that opens a chat with the bot and begins with a code, "" while none is known; nil for a channel
	// that has none.
	link func(code string) string

	// close lets go of what the channel holds, after its last send; nil for nothing.
	close func()
}

// surroundings are what a channel may need of the rest. The doctor has no records: db is nil there.
type surroundings struct {
	db      *store.DB
	texts   *locales.Catalogue
	now     func() time.Time
	log     *slog.Logger
	metrics prometheus.Registerer
	process string // names this one among those that serve the same records
	files   func(ctx context.Context, ref string) ([]byte, error)
}

// Telegram are the settings of the channel to Telegram.
type Telegram struct {
	Token         string  `name:"telegram-token" env:"TELEGRAM_TOKEN" help:"The bot's token on Telegram, from BotFather. Default: no Telegram."`
	Endpoint      string  `name:"telegram-api-endpoint" env:"TELEGRAM_API_ENDPOINT" default:"https://api.telegram.org" help:"The base address of the Bot API, such as http://127.0.0.1:8081 for a server of one's own."`
	Rate          float64 `name:"telegram-rate" env:"TELEGRAM_RATE" default:"29.5" help:"Messages a second in all; Telegram takes 30. 0: as fast as it goes, for a server of one's own and for measuring."`
	WebhookURL    string  `name:"telegram-webhook-url" env:"TELEGRAM_WEBHOOK_URL" help:"The https address under which Telegram reaches LISTEN. Default: Telegram is polled."`
	WebhookSecret string  `name:"telegram-webhook-secret" env:"TELEGRAM_WEBHOOK_SECRET" help:"What Telegram proves itself with at the webhook: 16 to 256 letters, digits, _ and -."`
	Listen        string  `name:"listen" env:"LISTEN" help:"Where the webhook is served, such as :8443, behind a proxy that does TLS. Default: nowhere."`
}

// channels are those that the settings name, in no need of a network yet.
func (c *Config) channels(s surroundings) ([]channel, error) {
	if c.Telegram.Token == "" {
		return nil, nil
	}
	if c.Clock != nil && c.Telegram.official() {
		return nil, errors.New("SAHABAT_NOW starts the clock elsewhere, but this token reaches real people: unset one of both")
	}
	if err := c.Telegram.check(); err != nil {
		return nil, err
	}
	alone := &lease{db: s.db, name: "telegram.poll", holder: s.process, log: s.log}
	tg, err := c.Telegram.open(telegram.Options{
		Now: s.now, Log: s.log, Metrics: s.metrics, Lease: alone.take, Files: s.files, Gone: whereabouts{s.db, s.log}.gone,
		Private: func(lang string) string { return s.texts.Render(language(lang), locales.T("channel.private")) },
		Over:    s.texts.Render(locales.Default, locales.T("channel.over")),
	})
	if err != nil {
		return nil, err
	}
	on := telegramChannel{c.Telegram, tg, alone, s}
	return []channel{{name: telegram.Channel, channel: tg, run: on.run, doctor: on.doctor, link: tg.Link, close: tg.Close}}, nil
}

func (c Telegram) official() bool {
	return strings.TrimRight(c.Endpoint, "/") == telegram.DefaultEndpoint
}

// check says which settings do not go together.
func (c Telegram) check() error {
	switch webhook := c.WebhookURL != ""; {
	case webhook && c.Listen == "":
		return errors.New("TELEGRAM_WEBHOOK_URL is set, but not where the webhook is served: set LISTEN, such as :8443")
	case webhook && !telegram.GoodSecret(c.WebhookSecret):
		return fmt.Errorf("TELEGRAM_WEBHOOK_SECRET: %w: make one with openssl rand -hex 32", telegram.ErrSecret)
	case !webhook && c.Listen != "":
		return errors.New("LISTEN is for the webhook of Telegram: set TELEGRAM_WEBHOOK_URL too, or unset it")
	}
	return nil
}

func (c Telegram) open(o telegram.Options) (*telegram.Telegram, error) {
	o.Token, o.Endpoint, o.Rate = c.Token, c.Endpoint, c.Rate
	tg, err := telegram.New(o)
	if err != nil {
		return nil, fmt.Errorf("TELEGRAM_TOKEN, TELEGRAM_API_ENDPOINT, TELEGRAM_RATE: %w", err)
	}
	return tg, nil
}

// language is the catalogue's language for what a phone is set to ("en-US").
func language(code string) string {
	base, _, _ := strings.Cut(code, "-")
	if slices.Contains(locales.Languages, base) {
		return base
	}
	return locales.Default
}

// telegramChannel is Telegram while it is served.
type telegramChannel struct {
	Telegram
	tg    *telegram.Telegram
	alone *lease // who polls
	surroundings
}

func (t telegramChannel) run(ctx context.Context, accept func(context.Context, []bot.Update) error) error {
	ctx, stop := context.WithCancel(ctx)
	announced := make(chan struct{})
	go func() {
		defer close(announced)
		t.announce(ctx)
		t.learnName(ctx)
	}()
	defer func() { stop(); <-announced }()
	if t.WebhookURL != "" {
		return t.serveWebhook(ctx, accept)
	}
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		t.alone.keep(ctx)
	}()
	defer func() { stop(); <-kept }()
	return t.tg.Poll(ctx, accept)
}

// A process that dies is followed by another within leaseTime; one that lives says so every leaseRenewed.
const (
	leaseTime    = 4 * time.Second
	leaseRenewed = time.Second
)

// lease is the right of one process of several to do something.
type lease struct {
	db           *store.DB
	name, holder string
	log          *slog.Logger
	held         atomic.Bool
}

func (l *lease) take(ctx context.Context) (bool, error) {
	held, err := l.db.Lease(ctx, l.name, l.holder, leaseTime)
	l.held.Store(held)
	return held, err
}

// keep renews a lease that is held, and gives it back when ctx ends.
func (l *lease) keep(ctx context.Context) {
	tick := time.NewTicker(leaseRenewed)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if !l.held.Load() {
				continue
			}
			if _, err := l.take(ctx); err != nil && ctx.Err() == nil {
				l.log.Warn("a lease was not renewed", "lease", l.name, "err", err)
			}
		case <-ctx.Done():
			if err := l.db.Release(context.WithoutCancel(ctx), l.name, l.holder); err != nil {
				l.log.Warn("a lease was not given back", "lease", l.name, "err", err)
			}
			return
		}
	}
}

// announce presents the bot in every language. That it fails is no reason to stop.
func (t telegramChannel) announce(ctx context.Context) {
	var profiles []telegram.Profile
	for _, lang := range locales.Languages {
		say := func(id string) string { return t.texts.Render(lang, locales.T(id)) }
		p := telegram.Profile{Lang: lang, Description: say("channel.description"), Short: say("channel.short")}
		if lang == locales.Default {
			p.Lang = "" // for everybody whose language we do not speak
		}
		for _, word := range conversations.Commands {
			p.Commands = append(p.Commands, telegram.Command{Word: word, Does: say("channel.command." + word)})
		}
		profiles = append(profiles, p)
	}
	if err := t.tg.Announce(ctx, profiles...); err != nil && ctx.Err() == nil {
		t.log.Warn("the bot's menu and description are as they were", "channel", telegram.Channel, "err", err)
	}
}

// learnName asks how the bot is called, for links to it, until Telegram tells.
func (t telegramChannel) learnName(ctx context.Context) {
	for {
		_, err := t.tg.Me(ctx)
		if err == nil {
			return
		}
		t.log.Warn("nobody can be given a link to the bot yet", "channel", telegram.Channel, "err", err)
		select {
		case <-time.After(leaseTime):
		case <-ctx.Done():
			return
		}
	}
}

// mostPerSecond is what Telegram takes in all.
const mostPerSecond = 30

// doctor looks at the token, at who gets the updates, and at the pace.
func (t telegramChannel) doctor(ctx context.Context, r *report) {
	defer t.tg.Close()
	name, err := t.tg.Me(ctx)
	if err != nil {
		r.fail("telegram: %v", err)
		return
	}
	r.ok("telegram: TELEGRAM_TOKEN is that of @%s", name)
	if info, err := t.tg.WebhookInfo(ctx); err != nil {
		r.fail("telegram: %v", err)
	} else {
		t.hook(r, info)
	}
	switch {
	case t.official() && (t.Rate == 0 || t.Rate > mostPerSecond):
		r.fail("telegram: TELEGRAM_RATE is %g: Telegram takes %d messages a second and shuts out who sends more", t.Rate, mostPerSecond)
	case t.Rate == 0:
		r.warn("telegram: TELEGRAM_RATE is 0: messages go out as fast as they can")
	default:
		r.ok("telegram: at most %g messages a second go out", t.Rate)
	}
}

// hook compares the webhook that is set with the way updates are taken in.
func (t telegramChannel) hook(r *report, info telegram.WebhookInfo) {
	switch {
	case info.URL != "" && t.WebhookURL == "":
		r.fail("telegram: a webhook is set, so polling is refused: sahabatrt webhook delete, or set TELEGRAM_WEBHOOK_URL")
	case info.URL == "" && t.WebhookURL == "":
		r.ok("telegram: polled; %d updates wait", info.Pending)
	case info.URL == "":
		r.warn("telegram: no webhook is set yet: serve sets it when it starts")
	case info.URL != t.WebhookURL:
		r.fail("telegram: the webhook is another address than TELEGRAM_WEBHOOK_URL: sahabatrt webhook set")
	case info.LastError != "" && info.Pending > 0:
		r.warn("telegram: %d updates wait; at %s the webhook failed: %s", info.Pending, info.LastErrorAt.UTC().Format(time.RFC3339), info.LastError)
	default:
		r.ok("telegram: the webhook is set; %d updates wait", info.Pending)
	}
}
