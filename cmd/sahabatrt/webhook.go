package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"sahabatrt/bot/telegram"
)

// webhookCmd are what operators do with the webhook by hand. serve sets it by itself when TELEGRAM_WEBHOOK_URL is set.
type webhookCmd struct {
	Set    webhookSetCmd    `cmd:"" help:"Let Telegram deliver to TELEGRAM_WEBHOOK_URL, whatever was set before."`
	Delete webhookDeleteCmd `cmd:"" help:"Remove the webhook, so that the bot can be polled."`
	Info   webhookInfoCmd   `cmd:"" help:"Show where Telegram delivers, what waits, and the last failure."`
}

type (
	webhookSetCmd    struct{}
	webhookDeleteCmd struct{}
	webhookInfoCmd   struct{}
)

// withTelegram does one thing with the configured bot.
func (c *Config) withTelegram(m Main, do func(*telegram.Telegram) error) error {
	if c.Telegram.Token == "" {
		return errors.New("set TELEGRAM_TOKEN to the token that BotFather gave")
	}
	tg, err := c.Telegram.open(telegram.Options{Now: m.Now, Log: c.log(m.Stderr)})
	if err != nil {
		return err
	}
	defer tg.Close()
	return do(tg)
}

func (webhookSetCmd) Run(ctx context.Context, m Main, c *Config) error {
	if c.Telegram.WebhookURL == "" {
		return errors.New("set TELEGRAM_WEBHOOK_URL to the https address under which Telegram reaches LISTEN")
	}
	return c.withTelegram(m, func(tg *telegram.Telegram) error {
		err := tg.SetWebhook(ctx, c.Telegram.WebhookURL, c.Telegram.WebhookSecret)
		if errors.Is(err, telegram.ErrSecret) {
			return fmt.Errorf("TELEGRAM_WEBHOOK_SECRET: %w: make one with openssl rand -hex 32", err)
		}
		if err == nil {
			fmt.Fprintf(m.Stdout, "set: %s\n", c.Telegram.WebhookURL)
		}
		return err
	})
}

func (webhookDeleteCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withTelegram(m, func(tg *telegram.Telegram) error {
		err := tg.DeleteWebhook(ctx)
		if err == nil {
			fmt.Fprintln(m.Stdout, "deleted: the bot can be polled; what waited goes on waiting")
		}
		return err
	})
}

func (webhookInfoCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withTelegram(m, func(tg *telegram.Telegram) error {
		info, err := tg.WebhookInfo(ctx)
		if err != nil {
			return err
		}
		where := "none: the bot can be polled"
		if info.URL != "" {
			where = info.URL
		}
		fmt.Fprintf(m.Stdout, "webhook\t%s\nwaiting\t%d\n", where, info.Pending)
		if info.LastError != "" {
			fmt.Fprintf(m.Stdout, "failed\t%s\t%s\n", info.LastErrorAt.UTC().Format(time.RFC3339), info.LastError)
		}
		return nil
	})
}

// What one request to the webhook may take, and all of them when the program stops.
const (
	hookTime  = 20 * time.Second
	hookDrain = 5 * time.Second
)

// serveWebhook listens first and tells Telegram then. It returns when ctx ends, or when the webhook is not ours any more,
// and what had come in is answered.
func (t *telegramChannel) serveWebhook(ctx context.Context, accept telegram.Accept) error {
	at, err := url.Parse(t.WebhookURL)
	if err != nil {
		return errors.New("TELEGRAM_WEBHOOK_URL is no address")
	}
	listener, err := net.Listen("tcp", t.Listen)
	if err != nil {
		return fmt.Errorf("LISTEN: %w", err)
	}
	server := &http.Server{
		Handler:     only(at.Path, t.tg.Webhook(t.WebhookSecret, accept)),
		ReadTimeout: hookTime, WriteTimeout: hookTime, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(t.log.Handler(), slog.LevelDebug), // whoever breaks off a connection is no news
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended, held := make(chan error, 1), make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	go func() { held <- t.tg.HoldWebhook(ctx, t.WebhookURL, t.WebhookSecret) }()
	select {
	case err := <-ended:
		stop()
		<-held
		return fmt.Errorf("serve the webhook: %w", err)
	case err := <-held: // nil when ctx has ended
		return errors.Join(err, shutDown(ctx, server))
	}
}

// shutDown answers what has come in.
func shutDown(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hookDrain)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop the webhook: %w", err), server.Close())
	}
	return nil
}

// only serves one path.
func only(path string, h http.Handler) http.Handler {
	if path == "" {
		path = "/"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}
