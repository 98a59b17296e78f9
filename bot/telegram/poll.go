package telegram

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"sahabatrt/bot"
)

// What the parts of one round of polling may take, besides callTime, and how often a busy poller asks for the lease.
const (
	pollTime     = 10 * time.Second // that Telegram holds a poll open while nothing comes; the call ends after callTime
	leaseTime    = 5 * time.Second
	leaseAgain   = time.Second
	acceptTime   = 10 * time.Second
	longestPause = 4 * time.Second
)

const (
	pollLimit      = 100 // updates in one answer, the most that Telegram gives
	conflictsTaken = 20  // polls refused for another poller before polling ends, about a minute
	leaseEvery     = 2 * time.Second
)

// Accept keeps updates for good; only when it returns nil are they acknowledged.
type Accept func(context.Context, []bot.Update) error

var (
	errWebhookSet = errors.New("a webhook is set for this bot, so it cannot be polled: remove it with sahabatrt webhook delete, or set TELEGRAM_WEBHOOK_URL to use it")
	errConflict   = errors.New("somebody else polls with the same token: stop the other program, or give it a token of its own from BotFather")
)

// Poll takes updates in until ctx ends, and returns nil then. The offset moves when accept has kept what came before it.
// It returns an error for what waiting does not mend: a wrong token, a webhook that is set, another poller that stays.
func (t *Telegram) Poll(ctx context.Context, accept Accept) error {
	p := poller{Telegram: t, accept: accept}
	for ctx.Err() == nil {
		pause, err := p.round(ctx)
		if err != nil {
			return err
		}
		sleep(ctx, pause)
	}
	return nil
}

// poller is one run of polling.
type poller struct {
	*Telegram
	accept    Accept
	offset    int64
	conflicts int
	pause     time.Duration
	held      time.Time // when the lease was given last
}

// round is one poll. It says how long to wait before the next one; its error ends polling.
func (p *poller) round(ctx context.Context) (pause time.Duration, err error) {
	if held, err := p.lease(ctx); err != nil {
		return p.trouble(ctx, "the lease on polling could not be read", err), nil
	} else if !held {
		return leaseEvery, nil
	}
	updates, err := p.ask(ctx)
	if err != nil {
		return p.refused(ctx, err)
	}
	p.conflicts = 0
	within, cancel := context.WithTimeout(ctx, acceptTime)
	defer cancel()
	if err := p.take(within, updates, p.accept); err != nil {
		return p.trouble(ctx, "updates could not be kept and are asked for again", err), nil
	}
	p.offset, p.pause = next(p.offset, updates), 0
	return 0, nil
}

// next is the offset behind all that came: in whatever order, and repeated or not. When nothing came everything is
// confirmed, and the next poll asks for whatever there is: after a quiet week Telegram begins anew with any number.
func next(offset int64, updates []update) int64 {
	if len(updates) == 0 {
		return 0
	}
	for _, u := range updates {
		offset = max(offset, u.ID+1)
	}
	return offset
}

func (p *poller) lease(ctx context.Context) (bool, error) {
	now := p.opt.Now()
	if p.opt.Lease == nil || now.Sub(p.held) < leaseAgain {
		return true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, leaseTime)
	defer cancel()
	held, err := p.opt.Lease(ctx)
	if held && err == nil {
		p.held = now
	}
	return held, err
}

func (p *poller) ask(ctx context.Context) ([]update, error) {
	raw, err := p.call(ctx, "getUpdates", tgbotapi.Params{
		"offset":          strconv.FormatInt(p.offset, 10),
		"timeout":         strconv.Itoa(int(pollTime / time.Second)),
		"limit":           strconv.Itoa(pollLimit),
		"allowed_updates": wanted,
	})
	if err != nil {
		return nil, err
	}
	updates, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("read what getUpdates answered: %w", err)
	}
	return updates, nil
}

// refused decides what a failed poll means.
func (p *poller) refused(ctx context.Context, err error) (time.Duration, error) {
	var e *tgbotapi.Error
	switch {
	case !errors.As(err, &e):
	case e.Code == http.StatusUnauthorized || e.Code == http.StatusNotFound:
		return 0, err
	case e.Code == http.StatusConflict && strings.Contains(e.Message, "webhook"):
		return 0, errWebhookSet
	case e.Code == http.StatusConflict:
		if p.conflicts++; p.conflicts > conflictsTaken {
			return 0, errConflict
		}
		err = errConflict
	case e.RetryAfter > 0:
		_ = p.trouble(ctx, "polling is held back", err)
		return time.Duration(e.RetryAfter) * time.Second, nil
	}
	return p.trouble(ctx, "polling failed", err), nil
}

// trouble logs and says how long to wait: longer from time to time.
func (p *poller) trouble(ctx context.Context, what string, err error) time.Duration {
	if ctx.Err() == nil {
		p.opt.Log.Error(what, "channel", Channel, "err", err)
	}
	p.pause = min(max(2*p.pause, 250*time.Millisecond), longestPause)
	return p.pause
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// take hands on what is to be played. When that is kept it sees to the rest, beside.
func (t *Telegram) take(ctx context.Context, updates []update, accept Accept) error {
	now := t.opt.Now()
	play := make([]bot.Update, 0, len(updates))
	var rest []func(context.Context)
	for i := range updates {
		u, is := toUpdate(&updates[i], now)
		switch {
		case is == toPlay:
			t.dead.remove(u.From)
			play = append(play, u)
			continue
		case u.Ack != "":
			rest = append(rest, func(ctx context.Context) { t.Answer(ctx, u) })
		case is == blocked:
			rest = append(rest, func(ctx context.Context) {
				if !slices.ContainsFunc(play, func(other bot.Update) bool { return other.From == u.From }) { // else he may be back
					t.gone(ctx, u.From)
				}
			})
		}
		if is == inGroup && t.opt.Private != nil {
			rest = append(rest, func(ctx context.Context) { t.tellGroup(ctx, u) })
		}
		level := slog.LevelInfo
		if is == unreadable {
			level = slog.LevelWarn
		}
		t.opt.Log.Log(ctx, level, "update left out", "channel", Channel, "update", updates[i].ID, "kind", updates[i].kind, "because", is)
	}
	if len(play) > 0 {
		if err := accept(ctx, play); err != nil {
			return err
		}
		t.metrics.taken(play, now)
	}
	for _, f := range rest {
		t.beside.Go(func() {
			ctx, cancel := context.WithTimeout(t.life, time.Minute)
			defer cancel()
			f(ctx)
		})
	}
	return nil
}

// gone counts and tells that a person has blocked the bot.
func (t *Telegram) gone(ctx context.Context, a bot.Address) {
	t.died(a)
	if t.opt.Gone != nil {
		t.opt.Gone(ctx, a)
	}
}

// tellGroup says once in a group that the bot works in private, also where the group has moved to. One that could not be
// told is told the next time.
func (t *Telegram) tellGroup(ctx context.Context, u bot.Update) {
	if !t.told.add(u.From) {
		return
	}
	m := bot.Message{To: u.From, Text: t.opt.Private(u.Lang), Unprompted: true}
	err := t.Send(ctx, m)
	var se *bot.SendError
	if errors.As(err, &se) && se.MovedTo != nil {
		if m.To = *se.MovedTo; !t.told.add(m.To) {
			return
		}
		err = t.Send(ctx, m)
	}
	if err != nil {
		t.told.remove(u.From)
		t.told.remove(m.To)
		t.opt.Log.Warn("a group was not told", "chat", m.To, "err", err)
	}
}
