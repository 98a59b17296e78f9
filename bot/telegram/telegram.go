// Package telegram is the channel to Telegram: updates come by long polling or by webhook and are acknowledged when they
// are kept; messages go out at the pace that Telegram allows.
//
// It only translates. What it knows of people and conversations stands in package bot; what it says of itself comes
// through Options. The library does the calls; fields that it does not know are read here. The token is part of each
// address that is called, so no error leaves this package that was not searched for it.
package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
	"github.com/prometheus/client_golang/prometheus"

	"sahabatrt/bot"
)

// Channel is the name of Telegram's addresses.
const Channel = "telegram"

// DefaultEndpoint is where Telegram itself answers.
const DefaultEndpoint = "https://api.telegram.org"

// DefaultRate is how many messages a second go out in all. Telegram takes thirty: at this pace no second holds more.
const DefaultRate = 29.5

// How long a call may take.
const (
	callTime   = 15 * time.Second // a poll too: Telegram holds it open for pollTime
	uploadTime = time.Minute
	fetchTime  = time.Minute
)

// maxFile is the size in bytes of the largest file that is fetched: Telegram hands out no larger ones.
const maxFile = 20 << 20

// maxAnswer is the size in bytes of the largest answer that is read: a hundred updates are far smaller.
const maxAnswer = 32 << 20

// Options are what a Telegram needs. Token, Now and Log must be set.
type Options struct {
	Token    string
	Endpoint string  // a base address such as http://127.0.0.1:8081; "": DefaultEndpoint
	Rate     float64 // messages a second in all; 0: no pace at all, for a server of one's own and for measuring
	Now      func() time.Time
	Log      *slog.Logger

	// Lease says whether this process may poll now. It is asked before a poll, at most once a second; a poll stays open for
	// some seconds, through which whoever gives the lease sees that it holds. nil: it may.
	Lease func(context.Context) (held bool, err error)
	// Files are the bytes of what Message.File refers to; fs.ErrNotExist when they are gone for good.
	Files func(ctx context.Context, ref string) ([]byte, error)
	// Gone is called when a person has blocked the bot. nil: nobody wants to know.
	Gone func(context.Context, bot.Address)
	// Private is what is said once in a group: that the bot works in private. nil: nothing.
	Private func(lang string) string
	// Over stands before a question of one line when the button that shares a number goes and others come, for Telegram does
	// one of both in a message. It is understood in every language. "": nothing does, and that button stays.
	Over    string
	Metrics prometheus.Registerer // nil: nothing is counted
	// Transport carries the calls. nil: one that is made for many calls to one host.
	Transport http.RoundTripper
}

var _ bot.Attentive = (*Telegram)(nil)

// Telegram is the channel. It is a bot.Channel and bot.Attentive.
type Telegram struct {
	opt      Options
	endpoint string // without a slash at the end
	api      tgbotapi.BotAPI
	http     *http.Client
	pacer    *bot.Pacer
	metrics  *metrics
	name     atomic.Value // a string: what it is called, once Telegram has told
	halfway  halfway
	boards   boards
	told     addresses // groups that were told that the bot works in private; a process that is started again tells them once more
	dead     addresses // those that were counted

	life   context.Context
	end    context.CancelFunc
	beside sync.WaitGroup // what polling and webhooks do not wait for
}

var tokenForm = regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]+$`)

// New checks the options; it calls nobody. The errors never hold the token.
func New(o Options) (*Telegram, error) {
	if !tokenForm.MatchString(o.Token) {
		return nil, errors.New("the token of the bot is not one: BotFather gives them in the form 123456:ABC-DEF")
	}
	if o.Endpoint == "" {
		o.Endpoint = DefaultEndpoint
	}
	if o.Rate < 0 {
		return nil, fmt.Errorf("%g messages a second is no pace", o.Rate)
	}
	base, err := url.Parse(o.Endpoint)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("the address of the Bot API is not one: it looks like " + DefaultEndpoint)
	}
	if o.Transport == nil {
		o.Transport = transport()
	}
	t := &Telegram{
		opt:      o,
		endpoint: strings.TrimRight(o.Endpoint, "/"),
		api:      tgbotapi.BotAPI{Token: o.Token},
		http: &http.Client{Transport: o.Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, // the address holds the token
		pacer: pacer(o),
	}
	t.api.SetAPIEndpoint(strings.ReplaceAll(t.endpoint, "%", "%%") + "/bot%s/%s")
	t.metrics = newMetrics(o.Metrics, t.pacer)
	t.life, t.end = context.WithCancel(context.Background())
	return t, nil
}

// Close ends what goes on beside and lets go of the connections. Polling and webhooks have ended before.
func (t *Telegram) Close() {
	t.end()
	t.beside.Wait()
	t.http.CloseIdleConnections()
}

// transport keeps a connection for each call that may be under way. It does not put them on one HTTP/2 connection, where
// calls that hang would use up the streams of the others.
func transport() *http.Transport {
	one := new(http.Protocols)
	one.SetHTTP1(true)
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConns:        256,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
		Protocols:           one,
	}
}

// pacer keeps Telegram's limits: a private chat takes three messages at once and then one a second, a group twenty a minute.
func pacer(o Options) *bot.Pacer {
	if o.Rate == 0 {
		return &bot.Pacer{Now: o.Now}
	}
	return &bot.Pacer{Now: o.Now, Gap: time.Duration(float64(time.Second) / o.Rate), Chat: func(a bot.Address) (int, time.Duration) {
		if isGroup(a) {
			return 1, 3 * time.Second
		}
		return 3, time.Second
	}}
}

// isGroup: the ids of groups are negative.
func isGroup(a bot.Address) bool { return strings.HasPrefix(a.ID, "-") }

func address(chat int64) bot.Address {
	return bot.Address{Channel: Channel, ID: strconv.FormatInt(chat, 10)}
}

// addresses is a set that holds maxAddresses; beyond it all are forgotten.
type addresses struct {
	mu  sync.Mutex
	set map[bot.Address]bool
}

const maxAddresses = 10_000

// add says whether the address is new.
func (s *addresses) add(a bot.Address) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set[a] {
		return false
	}
	if s.set == nil || len(s.set) >= maxAddresses {
		s.set = map[bot.Address]bool{}
	}
	s.set[a] = true
	return true
}

func (s *addresses) remove(a bot.Address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.set, a)
}

// call makes one call that must end within callTime and returns its result.
func (t *Telegram) call(ctx context.Context, method string, params tgbotapi.Params) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	api := t.api
	api.Client = &client{ctx: ctx, http: t.http}
	answer, err := api.MakeRequest(method, params)
	if err != nil {
		return nil, t.failed(method, err)
	}
	return answer.Result, nil
}

// upload is a call that carries one file; it returns the result.
func (t *Telegram) upload(ctx context.Context, method string, params tgbotapi.Params, file tgbotapi.RequestFile) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, uploadTime)
	defer cancel()
	c := &client{ctx: ctx, http: t.http}
	api := t.api
	api.Client = c
	answer, err := api.UploadFiles(method, params, []tgbotapi.RequestFile{file})
	var refused *tgbotapi.Error
	if errors.As(err, &refused) && refused.Code == 0 {
		refused.Code = c.status // the library leaves it out here
	}
	if err != nil {
		return nil, t.failed(method, err)
	}
	return answer.Result, nil
}

// failed says which call failed and, where an operator can mend it, how. It is the only way out for errors of calls.
func (t *Telegram) failed(method string, err error) error {
	var refused *tgbotapi.Error
	if errors.As(err, &refused) && (refused.Code == http.StatusUnauthorized || refused.Code == http.StatusNotFound) {
		err = fmt.Errorf("Telegram knows no bot with this token (%w): check TELEGRAM_TOKEN (BotFather shows it under /mybots) and TELEGRAM_API_ENDPOINT", err)
	}
	if strings.Contains(err.Error(), t.opt.Token) {
		err = errors.New(strings.ReplaceAll(err.Error(), t.opt.Token, "[token]"))
	}
	return fmt.Errorf("telegram %s: %w", method, err)
}

// client makes the calls of one use of the library: it gives them a context, keeps the address out of errors, and reads
// bodies to their end so that connections are used again.
type client struct {
	ctx    context.Context
	http   *http.Client
	status int
}

// Do is what the library calls. What is no answer of the Bot API is an error with its status.
func (c *client) Do(r *http.Request) (*http.Response, error) {
	resp, err := c.http.Do(r.WithContext(c.ctx))
	if err != nil {
		return nil, bare(err)
	}
	c.status = resp.StatusCode
	resp.Body = drained{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	if resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode/100 == 3 {
		return nil, errors.Join(&tgbotapi.Error{Code: resp.StatusCode, Message: http.StatusText(resp.StatusCode)}, resp.Body.Close())
	}
	return resp, nil
}

// bare takes the address, which holds the token, off an error.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// drained is a body that is read to its end before it is closed.
type drained struct {
	io.Reader
	body io.ReadCloser
}

// Close reads what is left, within reason.
func (d drained) Close() error {
	_, _ = io.CopyN(io.Discard, d.Reader, 64<<10)
	return d.body.Close()
}

// Me is the bot's own name on Telegram, without the @.
func (t *Telegram) Me(ctx context.Context) (string, error) {
	raw, err := t.call(ctx, "getMe", nil)
	if err != nil {
		return "", err
	}
	var me struct {
		Username string `json:"username"`
	}
	if err := json.Unmarshal(raw, &me); err != nil {
		return "", t.failed("getMe", err)
	}
	t.name.Store(me.Username)
	return me.Username, nil
}

// Link opens a private chat with the bot that begins with a code of letters and digits, or with none; it is "" as long as
// [Telegram.Me] has not told how the bot is called.
func (t *Telegram) Link(code string) string {
	name, _ := t.name.Load().(string)
	if name == "" {
		return ""
	}
	if code == "" {
		return "https://t.me/" + name
	}
	return "https://t.me/" + name + "?start=" + url.QueryEscape(code)
}

// Profile is how the bot presents itself in one language. Lang is "" for everybody whose language has none.
type Profile struct {
	Lang        string
	Description string // stands in an empty chat, up to 512 letters
	Short       string // stands on the bot's page, up to 120 letters
	Commands    []Command
}

// Command is a line of the menu: a word of small letters, digits and _, and what it does.
type Command struct {
	Word string `json:"command"`
	Does string `json:"description"`
}

// Announce tells Telegram how the bot presents itself. What fails leaves the rest as it is.
func (t *Telegram) Announce(ctx context.Context, profiles ...Profile) error {
	var all []error
	tell := func(method, lang, name, value string) {
		params := tgbotapi.Params{name: value}
		params.AddNonEmpty("language_code", lang)
		_, err := t.call(ctx, method, params)
		all = append(all, err)
	}
	for _, p := range profiles {
		commands, err := json.Marshal(p.Commands)
		if err != nil {
			return fmt.Errorf("write the command menu: %w", err)
		}
		tell("setMyCommands", p.Lang, "commands", string(commands))
		tell("setMyDescription", p.Lang, "description", p.Description)
		tell("setMyShortDescription", p.Lang, "short_description", p.Short)
	}
	return errors.Join(all...)
}

// Fetch reads a photo or document that came in, by its Media.ID. One of more than 20 MB is an error.
func (t *Telegram) Fetch(ctx context.Context, id string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	raw, err := t.call(ctx, "getFile", tgbotapi.Params{"file_id": id})
	if err != nil {
		return nil, err
	}
	var file struct {
		Path string `json:"file_path"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, t.failed("getFile", err)
	}
	data, err := t.download(ctx, file.Path)
	if err != nil {
		return nil, t.failed("file", err)
	}
	return data, nil
}

func (t *Telegram) download(ctx context.Context, path string) ([]byte, error) {
	where, err := url.Parse(t.endpoint)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, where.JoinPath("file", "bot"+t.opt.Token, path).String(), nil)
	if err != nil {
		return nil, bare(err)
	}
	resp, err := t.http.Do(r)
	if err != nil {
		return nil, bare(err)
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %s", resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	return data, err
}
