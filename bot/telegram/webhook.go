package telegram

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
)

const (
	maxUpdate   = 1 << 20 // bytes of one request
	connections = 40      // that Telegram may open at the same time
)

// ErrSecret: what was given is no secret of a webhook.
var ErrSecret = errors.New("the secret of the webhook must have 16 to 256 characters of A-Z, a-z, 0-9, _ and -")

// GoodSecret says whether a webhook can be guarded by it.
func GoodSecret(s string) bool { return secretForm.MatchString(s) }

var secretForm = regexp.MustCompile(`^[A-Za-z0-9_-]{16,256}$`)

// Webhook serves the address that Telegram calls: one update a request, 200 when accept has kept it, 503 when it cannot,
// and then Telegram tries again. Without a good secret it refuses everything.
func (t *Telegram) Webhook(secret string, accept Accept) http.Handler {
	want := sha256.Sum256([]byte(secret))
	open := GoodSecret(secret)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("X-Telegram-Bot-Api-Secret-Token")))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || !open {
			http.Error(w, "not for you", http.StatusUnauthorized)
			return
		}
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "only POST", http.StatusMethodNotAllowed)
			return
		}
		w.WriteHeader(t.receive(w, r, accept))
	})
}

// receive keeps one update and returns the status to answer.
func (t *Telegram) receive(w http.ResponseWriter, r *http.Request, accept Accept) int {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpdate))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		t.opt.Log.Error("update refused: too large", "channel", Channel, "limit", maxUpdate)
		return http.StatusRequestEntityTooLarge
	}
	if err != nil {
		return http.StatusBadRequest
	}
	u, err := parseOne(body)
	if err != nil { // it would come again and again, and be no better
		t.opt.Log.Error("update left out: not in the form that we know", "channel", Channel, "bytes", len(body))
		return http.StatusOK
	}
	ctx, cancel := context.WithTimeout(r.Context(), acceptTime)
	defer cancel()
	if err := t.take(ctx, []update{u}, accept); err != nil {
		t.opt.Log.Error("an update could not be kept and will come again", "channel", Channel, "update", u.ID, "err", err)
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// SetWebhook tells Telegram where to deliver updates. The address must be https; a secret that is none is ErrSecret.
func (t *Telegram) SetWebhook(ctx context.Context, address, secret string) error {
	if err := t.checkWebhook(address, secret); err != nil {
		return err
	}
	_, err := t.call(ctx, "setWebhook", tgbotapi.Params{
		"url": address, "secret_token": secret, "allowed_updates": wanted, "max_connections": strconv.Itoa(connections),
	})
	return err
}

// checkWebhook says what nobody has to be asked for.
func (t *Telegram) checkWebhook(address, secret string) error {
	if !GoodSecret(secret) {
		return ErrSecret
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "https" && t.endpoint == DefaultEndpoint {
		return errors.New("the address of the webhook must begin with https:// and name a host")
	}
	return nil
}

var errElsewhere = errors.New("the webhook of this bot is not TELEGRAM_WEBHOOK_URL: somebody else may serve it; sahabatrt webhook info shows it, sahabatrt webhook set replaces it")

// hookLook is how often the webhook is looked at while it is served.
const hookLook = time.Minute

// HoldWebhook makes sure that updates come to this address, and goes on looking until ctx ends; it returns nil then. It
// tries again while Telegram cannot be reached or refuses, and returns an error for what waiting does not mend: a wrong
// token, no address or secret, a webhook that is set elsewhere or was taken away.
func (t *Telegram) HoldWebhook(ctx context.Context, address, secret string) error {
	if err := t.checkWebhook(address, secret); err != nil {
		return err
	}
	seen, err := t.takeWebhook(ctx, address, secret)
	if err != nil {
		return err
	}
	tick := time.NewTicker(hookLook)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		info, err := t.WebhookInfo(ctx)
		switch {
		case forGood(err):
			return err
		case err != nil:
			t.hookTrouble(ctx, "the webhook could not be looked at", err)
			continue
		case info.URL != address:
			return errElsewhere
		}
		if at := info.LastErrorAt; at.After(seen) {
			seen = at
			t.metrics.undelivered.Inc()
			t.opt.Log.Error("Telegram could not deliver to the webhook", "channel", Channel, "waiting", info.Pending, "at", at.UTC(), "because", info.LastError)
		}
	}
}

// takeWebhook sets the webhook, and tries again until it is set or that is hopeless. It returns no error when ctx ends.
// Seen is when Telegram last failed to deliver before.
func (t *Telegram) takeWebhook(ctx context.Context, address, secret string) (seen time.Time, err error) {
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, hookLook) {
		before, err := t.useWebhook(ctx, address, secret)
		if err == nil || forGood(err) {
			return before.LastErrorAt, err
		}
		t.hookTrouble(ctx, "the webhook is not set yet", err)
		sleep(ctx, pause)
	}
	return time.Time{}, nil
}

// forGood says whether the same will be said however often it is tried.
func forGood(err error) bool {
	var e *tgbotapi.Error
	return errors.Is(err, errElsewhere) || errors.As(err, &e) && (e.Code == http.StatusUnauthorized || e.Code == http.StatusNotFound)
}

func (t *Telegram) hookTrouble(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		t.opt.Log.Error(what, "channel", Channel, "err", err)
	}
}

// useWebhook sets the webhook once and returns what was known of it before. One that is set elsewhere belongs to somebody
// else and is an error.
func (t *Telegram) useWebhook(ctx context.Context, address, secret string) (before WebhookInfo, err error) {
	before, err = t.WebhookInfo(ctx)
	if err != nil {
		return before, err
	}
	if before.URL != "" && before.URL != address {
		return before, errElsewhere
	}
	return before, t.SetWebhook(ctx, address, secret)
}

// DeleteWebhook makes polling possible. What waits for delivery goes on waiting.
func (t *Telegram) DeleteWebhook(ctx context.Context) error {
	_, err := t.call(ctx, "deleteWebhook", nil)
	return err
}

// WebhookInfo is what Telegram says of the webhook.
type WebhookInfo struct {
	URL         string // "": none is set
	Pending     int    // updates that wait for delivery
	LastError   string // why the last delivery failed; "" when none did
	LastErrorAt time.Time
}

// WebhookInfo asks Telegram where it delivers updates.
func (t *Telegram) WebhookInfo(ctx context.Context) (WebhookInfo, error) {
	raw, err := t.call(ctx, "getWebhookInfo", nil)
	if err != nil {
		return WebhookInfo{}, err
	}
	var info struct {
		URL       string `json:"url"`
		Pending   int    `json:"pending_update_count"`
		LastError string `json:"last_error_message"`
		LastDate  int64  `json:"last_error_date"`
	}
	if err := json.Unmarshal(raw, &info); err != nil {
		return WebhookInfo{}, fmt.Errorf("read what getWebhookInfo answered: %w", err)
	}
	out := WebhookInfo{URL: info.URL, Pending: info.Pending, LastError: info.LastError}
	if info.LastDate > 0 {
		out.LastErrorAt = time.Unix(info.LastDate, 0)
	}
	return out, nil
}
