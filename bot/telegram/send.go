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
		began, message := t.opt.Now(), int64(0)
		err := t.pacer.Do(ctx, m, func() error {
			t.metrics.pace.Observe(t.opt.Now().Sub(began).Seconds())
			id, err := t.deliver(ctx, m.To, parts[i])
			message = id
			return t.judged(m.To, err)
		})
		if err != nil {
			t.halfway.stopped(m, i)
			return err
		}
		t.follow(m, parts[i], message)
	}
	t.halfway.stopped(m, 0)
	return nil
}

// follow takes the buttons of the question before off the screen, beside: they were not pressed, and what was said since
// stands below. What nobody asked for leaves the question open.
func (t *Telegram) follow(m bot.Message, p part, message int64) {
	if m.Unprompted {
		return
	}
	if !p.inline {
		message = 0
	}
	if old := t.boards.next(m.To, message); old != 0 {
		t.beside.Go(func() {
			ctx, cancel := context.WithTimeout(t.life, time.Minute)
			defer cancel()
			t.takeButtons(ctx, m.To, old)
		})
	}
}

// boards are the messages whose buttons show, the newest of each chat. A process that is started again leaves those of
// before where they are.
type boards struct {
	mu     sync.Mutex
	newest map[bot.Address]int64
}

// maxBoards is how many chats are remembered; beyond it all are forgotten.
const maxBoards = 10_000

// next remembers the buttons of a message, 0 for none, and returns the message whose buttons are to go, 0 for none.
func (b *boards) next(a bot.Address, message int64) (old int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old = b.newest[a]
	if message == 0 {
		delete(b.newest, a)
		return old
	}
	if b.newest == nil || len(b.newest) >= maxBoards && old == 0 {
		b.newest = map[bot.Address]int64{}
	}
	b.newest[a] = message
	return old
}

// pressed forgets buttons that go because they were pressed.
func (b *boards) pressed(a bot.Address, message int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.newest[a] == message {
		delete(b.newest, a)
	}
}

// part is one message of Telegram's.
type part struct {
	text   string
	markup string // the keyboard as JSON, "" for none
	inline bool   // it is under the message
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
	if m.ContactOver && m.ShareContact == "" { // a new keyboard takes the place of the old one by itself
		if markup != "" && len(parts) == 1 {
			parts = t.inTwo(parts[0])
		}
		parts[0].markup = noKeyboard
	}
	if last := &parts[len(parts)-1]; markup != "" {
		last.markup, last.inline = markup, m.ShareContact == ""
	}
	return parts, nil
}

// inTwo divides a message that takes one keyboard away and shows another: Telegram does one of both in a message. One that
// has nowhere to be cut follows Options.Over.
func (t *Telegram) inTwo(p part) []part {
	at := strings.Index(p.text, "\n\n")
	if at < 0 {
		at = strings.LastIndex(p.text, "\n")
	}
	switch cut := at >= 0 && p.file == nil; {
	case !cut && t.opt.Over == "":
		return []part{p}
	case !cut:
		return []part{{text: t.opt.Over}, p}
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

// deliver sends one part and returns the number of its message.
func (t *Telegram) deliver(ctx context.Context, to bot.Address, p part) (message int64, err error) {
	params := tgbotapi.Params{"chat_id": to.ID}
	params.AddNonEmpty("reply_markup", p.markup)
	if p.file == nil {
		params["text"] = p.text
		raw, err := t.call(ctx, "sendMessage", params)
		return number(raw), err
	}
	params.AddNonEmpty("caption", p.text)
	method, field := "sendDocument", "document"
	if p.file.kind == bot.Photo {
		method, field = "sendPhoto", "photo"
	}
	raw, err := t.upload(ctx, method, params, tgbotapi.RequestFile{Name: field, Data: p.file.data})
	return number(raw), err
}

// number is that of a message that was sent; 0 when the answer does not say.
func number(raw json.RawMessage) int64 {
	var sent message
	if json.Unmarshal(raw, &sent) != nil {
		return 0
	}
	return sent.ID
}

// judged counts what became of a call and makes a *bot.SendError of its error.
func (t *Telegram) judged(to bot.Address, err error) error {
	result, err := judge(err)
	t.metrics.sends[result].Inc()
	switch result {
	case resultGone:
		t.died(to)
	case resultSent:
		t.dead.remove(to)
	}
	return err
}

// died counts an address that was found dead, once as long as it stays so.
func (t *Telegram) died(a bot.Address) {
	if t.dead.add(a) {
		t.metrics.gone.Inc()
	}
}

// judge says what an error of a call means for its message. A *bot.SendError that says nothing else says that the message
// did not go out: Telegram refused it for a fault of its own, or was not reached.
func judge(err error) (result, error) {
	if err == nil {
		return resultSent, nil
	}
	var e *tgbotapi.Error
	if !errors.As(err, &e) {
		if neverLeft(err) {
			return resultFailed, &bot.SendError{Err: err}
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
	return resultFailed, &bot.SendError{Err: err}
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
	t.boards.pressed(u.From, a.message)
	var both sync.WaitGroup
	both.Go(func() { t.insist(ctx, u.From, "answerCallbackQuery", tgbotapi.Params{"callback_query_id": a.press}) })
	t.takeButtons(ctx, u.From, a.message)
	both.Wait()
}

// takeButtons takes the buttons off a message.
func (t *Telegram) takeButtons(ctx context.Context, from bot.Address, message int64) {
	t.insist(ctx, from, "editMessageReplyMarkup", tgbotapi.Params{"chat_id": from.ID, "message_id": strconv.FormatInt(message, 10)})
}

// Typing shows for five seconds that an answer is on its way.
func (t *Telegram) Typing(ctx context.Context, to bot.Address) {
	t.missed(t.try(ctx, to, "sendChatAction", tgbotapi.Params{"chat_id": to.ID, "action": "typing"}))
}

// How long an attention that failed waits for its second try: so long when it was cut off or Telegram had a fault, and as
// long as Telegram says when that is soon. Later the press is too old.
const (
	secondTry    = 300 * time.Millisecond
	secondTryEnd = 5 * time.Second
)

// insist makes a call that nobody misses when it fails, and once more when that may help.
func (t *Telegram) insist(ctx context.Context, to bot.Address, method string, params tgbotapi.Params) {
	err := t.try(ctx, to, method, params)
	if pause, ok := worthIt(err); ok {
		sleep(ctx, pause)
		err = t.try(ctx, to, method, params)
	}
	t.missed(err)
}

// worthIt says whether a call may go better after a pause. One that hung has taken all the time that there was.
func worthIt(err error) (pause time.Duration, ok bool) {
	var se *bot.SendError
	if !errors.As(err, &se) || se.Gone || se.Refused || se.MovedTo != nil || errors.Is(err, context.DeadlineExceeded) {
		return 0, false
	}
	if se.RetryAfter > 0 {
		return se.RetryAfter, se.RetryAfter <= secondTryEnd
	}
	return secondTry, true
}

// try makes a call that carries no message, unless Telegram said to wait.
func (t *Telegram) try(ctx context.Context, to bot.Address, method string, params tgbotapi.Params) error {
	return t.pacer.Beside(to, func() error {
		_, err := t.call(ctx, method, params)
		_, err = judge(err)
		return err
	})
}

// missed notes an attention that was not shown: a press may be too old, a keyboard gone already.
func (t *Telegram) missed(err error) {
	if err != nil {
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

// rows puts choices one below the other, and two neighbours that are both short side by side.
func rows(choices []bot.Button) (rows [][]bot.Button) {
	short := func(i int) bool { return i < len(choices) && units(choices[i].Label) <= shortLabel }
	for i := 0; i < len(choices); {
		n := 1
		if short(i) && short(i+1) {
			n = 2
		}
		rows = append(rows, choices[i:i+n])
		i += n
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
