package telegram

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"sahabatrt/bot"
)

// Send delivers one message when its turn has come, and tries each part of it once. One that is sent again after a
// failure goes on behind the parts that arrived.
func (t *Telegram) Send(ctx context.Context, m bot.Message) error {
	parts, err := t.parts(ctx, m)
	if err != nil {
		return err
	}
	for i := t.halfway.arrived(m, len(parts)); i < len(parts); i++ {
		began := t.opt.Now()
		err := t.pacer.Do(ctx, m, func() error {
			t.metrics.pace.Observe(t.opt.Now().Sub(began).Seconds())
			return t.judged(t.deliver(ctx, m.To, parts[i]))
		})
		if err != nil {
			t.halfway.stopped(m, i)
			return err
		}
	}
	t.halfway.stopped(m, 0)
	return nil
}

// part is one message of Telegram's.
type part struct {
	text   string
	markup string // the keyboard as JSON, "" for none
	file   *attachment
}

type attachment struct {
	kind bot.MediaKind
	data tgbotapi.FileBytes
}

const noKeyboard = `{"remove_keyboard":true}`

// parts cuts a message into what Telegram takes at once. The choices are on the last one.
func (t *Telegram) parts(ctx context.Context, m bot.Message) ([]part, error) {
	var parts []part
	text := m.Text
	if m.File != nil {
		file, err := t.attach(ctx, *m.File)
		if err != nil {
			return nil, err
		}
		caption := ""
		if units(text) <= maxCaption {
			caption, text = text, ""
		}
		if file != nil || caption != "" {
			parts = append(parts, part{text: caption, file: file})
		}
	}
	for _, text := range split(text, maxText) {
		parts = append(parts, part{text: text})
	}
	if len(parts) == 0 {
		return nil, &bot.SendError{Err: errors.New("the message says nothing"), Refused: true}
	}
	markup, err := keyboard(m)
	if err != nil {
		return nil, err
	}
	if m.ContactOver {
		if markup != "" && len(parts) == 1 && parts[0].file == nil {
			parts = inTwo(parts[0])
		}
		parts[0].markup = noKeyboard
	}
	if markup != "" {
		parts[len(parts)-1].markup = markup
	}
	return parts, nil
}

// inTwo divides a message that takes one keyboard away and shows another: Telegram does one of both in a message. A single
// line stays whole, and the keyboard hides by itself once it was used.
func inTwo(p part) []part {
	at := strings.Index(p.text, "\n\n")
	if at < 0 {
		at = strings.LastIndex(p.text, "\n")
	}
	if at < 0 {
		return []part{p}
	}
	return []part{{text: p.text[:at]}, {text: strings.TrimLeft(p.text[at:], "\n")}}
}

// attach reads a file that goes out. One that is gone for good is none: its text goes alone.
func (t *Telegram) attach(ctx context.Context, f bot.File) (*attachment, error) {
	if t.opt.Files == nil {
		return nil, &bot.SendError{Err: errors.New("nobody has files for this channel"), Refused: true}
	}
	data, err := t.opt.Files(ctx, f.Ref)
	if errors.Is(err, fs.ErrNotExist) {
		t.opt.Log.Error("a file is gone, its text goes alone", "channel", Channel, "kind", f.Kind)
		return nil, nil
	}
	if err != nil {
		return nil, &bot.SendError{Err: fmt.Errorf("read a file to send: %w", err)}
	}
	return &attachment{f.Kind, tgbotapi.FileBytes{Name: f.Name, Bytes: data}}, nil
}

func (t *Telegram) deliver(ctx context.Context, to bot.Address, p part) error {
	params := tgbotapi.Params{"chat_id": to.ID}
	params.AddNonEmpty("reply_markup", p.markup)
	if p.file == nil {
		params["text"] = p.text
		_, err := t.call(ctx, "sendMessage", params)
		return err
	}
	params.AddNonEmpty("caption", p.text)
	method, field := "sendDocument", "document"
	if p.file.kind == bot.Photo {
		method, field = "sendPhoto", "photo"
	}
	return t.upload(ctx, method, params, tgbotapi.RequestFile{Name: field, Data: p.file.data})
}

// judged counts what became of a call and makes a *bot.SendError of its error.
func (t *Telegram) judged(err error) error {
	result, err := judge(err)
	t.metrics.sends[result].Inc()
	if result == resultGone {
		t.metrics.gone.Inc()
	}
	return err
}

// judge says what an error of a call means for its message.
func judge(err error) (result, error) {
	if err == nil {
		return resultSent, nil
	}
	var e *tgbotapi.Error
	if !errors.As(err, &e) {
		if neverLeft(err) {
			return resultFailed, err
		}
		return resultUnclear, &bot.SendError{Err: err, Unclear: true}
	}
	switch {
	case e.RetryAfter > 0 || e.Code == http.StatusTooManyRequests:
		return resultTooMany, &bot.SendError{Err: err, RetryAfter: time.Duration(max(e.RetryAfter, 1)) * time.Second}
	case e.MigrateToChatID != 0:
		moved := address(e.MigrateToChatID)
		return resultMoved, &bot.SendError{Err: err, MovedTo: &moved}
	case e.Code == http.StatusForbidden || e.Code == http.StatusBadRequest && noChat(e.Message):
		return resultGone, &bot.SendError{Err: err, Gone: true}
	case e.Code == http.StatusBadRequest || e.Code == http.StatusRequestEntityTooLarge:
		return resultRefused, &bot.SendError{Err: err, Refused: true}
	case e.Code == http.StatusGatewayTimeout:
		return resultUnclear, &bot.SendError{Err: err, Unclear: true}
	}
	return resultFailed, err
}

// noChat: some of what Telegram says about a chat that is not there comes as a bad request.
func noChat(description string) bool {
	for _, s := range []string{"chat not found", "user not found", "user is deactivated", "peer_id_invalid", "group chat was deactivated", "bot was blocked"} {
		if strings.Contains(strings.ToLower(description), s) {
			return true
		}
	}
	return false
}

// neverLeft: the call failed before any of it was sent.
func neverLeft(err error) bool {
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") || errors.As(err, &certificate)
}

// Answer tells the person that his press has come in and takes the buttons away, both at once.
func (t *Telegram) Answer(ctx context.Context, u bot.Update) {
	a, ok := parseAck(u.Ack)
	if !ok {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { t.try(ctx, "answerCallbackQuery", tgbotapi.Params{"callback_query_id": a.press}) })
	t.try(ctx, "editMessageReplyMarkup", tgbotapi.Params{"chat_id": u.From.ID, "message_id": strconv.FormatInt(a.message, 10)})
	both.Wait()
}

// Typing shows for five seconds that an answer is on its way.
func (t *Telegram) Typing(ctx context.Context, to bot.Address) {
	t.try(ctx, "sendChatAction", tgbotapi.Params{"chat_id": to.ID, "action": "typing"})
}

// try makes a call that nobody misses when it fails: a press may be too old, a keyboard gone already.
func (t *Telegram) try(ctx context.Context, method string, params tgbotapi.Params) {
	if _, err := t.call(ctx, method, params); err != nil {
		t.opt.Log.Debug("a sign of attention was not shown", "channel", Channel, "err", err)
	}
}

type inlineButton struct {
	Text string `json:"text"`
	Data string `json:"callback_data"`
}

type keyButton struct {
	Text    string `json:"text"`
	Contact bool   `json:"request_contact,omitempty"`
}

// keyboard is the choices of a message as JSON, "" for none. They stand in the message, but not beside the button that
// shares a number: that one is below the input field, and so are the choices then, to be typed by a tap.
func keyboard(m bot.Message) (string, error) {
	var markup any
	switch {
	case m.ShareContact != "":
		keys := [][]keyButton{{{Text: m.ShareContact, Contact: true}}}
		for _, row := range rows(m.Choices) {
			var line []keyButton
			for _, c := range row {
				line = append(line, keyButton{Text: c.Label})
			}
			keys = append(keys, line)
		}
		markup = struct {
			Keyboard [][]keyButton `json:"keyboard"`
			Resize   bool          `json:"resize_keyboard"`
			Once     bool          `json:"one_time_keyboard"`
		}{keys, true, true}
	case len(m.Choices) > 0:
		var lines [][]inlineButton
		for _, row := range rows(m.Choices) {
			line := make([]inlineButton, 0, len(row))
			for _, c := range row {
				line = append(line, inlineButton{c.Label, pressData(m.Prompt, c.ID)})
			}
			lines = append(lines, line)
		}
		markup = struct {
			Lines [][]inlineButton `json:"inline_keyboard"`
		}{lines}
	default:
		return "", nil
	}
	raw, err := json.Marshal(markup)
	if err != nil {
		return "", fmt.Errorf("write a keyboard: %w", err)
	}
	return string(raw), nil
}

// shortLabel is how many letters a label has at most when two stand side by side on a small phone.
const shortLabel = 14

// rows puts choices in two columns when all are short and none is left over, else one below the other.
func rows(choices []bot.Button) (rows [][]bot.Button) {
	columns := 2
	for _, c := range choices {
		if units(c.Label) > shortLabel {
			columns = 1
		}
	}
	if len(choices)%2 > 0 {
		columns = 1
	}
	for i := 0; i < len(choices); i += columns {
		rows = append(rows, choices[i:i+columns])
	}
	return rows
}

// halfway knows which messages of several parts stopped on their way, by chat, until they are sent again.
type halfway struct {
	mu    sync.Mutex
	chats map[bot.Address]stop
}

type stop struct {
	text   string
	prompt int64
	parts  int
}

// arrived is how many of the parts of this message were delivered by an earlier try.
func (h *halfway) arrived(m bot.Message, parts int) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s, ok := h.chats[m.To]; ok && s.text == m.Text && s.prompt == m.Prompt && s.parts < parts {
		return s.parts
	}
	return 0
}

// stopped notes how many parts arrived; 0 forgets the message.
func (h *halfway) stopped(m bot.Message, parts int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if parts > 0 {
		if h.chats == nil {
			h.chats = map[bot.Address]stop{}
		}
		h.chats[m.To] = stop{m.Text, m.Prompt, parts}
	} else if s, ok := h.chats[m.To]; ok && s.text == m.Text && s.prompt == m.Prompt {
		delete(h.chats, m.To)
	}
}
