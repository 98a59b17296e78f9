package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/peterh/liner"

	"sahabatrt/bot"
	"sahabatrt/conversations"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/lists"
	"sahabatrt/store/session"
)

type chatCmd struct {
	As      string     `default:"ketua14" help:"Who talks: ketua14, sekretaris14, bendahara14, ketua15, ketua3, ketua7, ketua9, lurah, camat, kota, bpjs, pekerja (a worker), tamu (a stranger), or the phone number of an imported person."`
	Channel string     `enum:"telegram,whatsapp" default:"telegram" help:"Whose manners to show: telegram has buttons, whatsapp has numbers only."`
	Now     *time.Time `help:"Start the clock elsewhere, RFC 3339."`
	Save    string     `help:"Write the conversation to this file, as a transcript that the tests can play."`
}

// terminal is the channel of one person in front of a terminal, and the transcript of what was said. It is read only
// after the lanes have waited.
type terminal struct {
	out     io.Writer
	script  io.Writer
	buttons bool
	faulted error
}

// Send prints what the bot says; the choices stand below with what to type for each.
func (t *terminal) Send(_ context.Context, m bot.Message) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n", m.Text)
	for _, c := range m.Choices {
		format := "  %s. %s\n"
		if t.buttons {
			format = "  %s [%s]\n"
		}
		fmt.Fprintf(&b, format, c.Key, c.Label)
	}
	if _, err := fmt.Fprintln(t.out, b.String()); err != nil {
		return &bot.SendError{Err: err, Gone: true}
	}
	t.write(said(m))
	return nil
}

// said is a message as a transcript has it.
func said(m bot.Message) string {
	text := "< " + strings.ReplaceAll(m.Text, "\n", "\n  ") + "\n"
	var labels []string
	for _, c := range m.Choices {
		labels = append(labels, "["+c.Label+"]")
	}
	if m.ShareContact != "" {
		labels = append(labels, "[☎]")
	}
	if len(labels) > 0 {
		text += "  " + strings.Join(labels, " ") + "\n"
	}
	return text
}

func (t *terminal) write(s string) {
	if t.script == nil || t.faulted != nil {
		return
	}
	_, t.faulted = io.WriteString(t.script, s)
}

// media are the lines that send something else than text.
var media = map[string]bot.MediaKind{"/foto": bot.Photo, "/suara": bot.Voice, "/stiker": bot.Sticker}

// heard turns a line into what the person sends.
func heard(line string, from bot.Address, phone string, at time.Time) bot.Update {
	u := bot.Update{ID: uuid.NewString(), From: from, Phone: phone, At: at, Text: line}
	word, rest, _ := strings.Cut(line, " ")
	if kind, ok := media[word]; ok {
		u.Media, u.Text = &bot.Media{Kind: kind}, rest
	}
	if word == "/nomor" {
		u.Contact, u.Text = &bot.Contact{Phone: phone}, ""
	}
	return u
}

// scripted is that line in a transcript.
func scripted(u bot.Update, line string) string {
	switch {
	case u.Media != nil:
		return "> {" + string(u.Media.Kind) + "} " + u.Text + "\n"
	case u.Contact != nil:
		return "> {own contact}\n"
	}
	return "> " + line + "\n"
}

func (c chatCmd) Run(ctx context.Context, m Main, conf *Config) (err error) {
	if c.Now != nil {
		conf.Clock = c.Now
	}
	from, phone, err := c.person()
	if err != nil {
		return err
	}
	db, err := conf.openCity(ctx, m)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	texts, err := locales.New(conf.log(m.Stderr))
	if err != nil {
		return err
	}
	t := &terminal{out: m.Stdout, buttons: c.Channel == "telegram"}
	if c.Save != "" {
		file, err := os.OpenFile(c.Save, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("save the conversation: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		t.script = file
	}
	return c.talk(ctx, m, conf, db, texts, t, from, phone)
}

// person is who talks: his address, and the number that the terminal vouches for.
func (c chatCmd) person() (bot.Address, string, error) {
	if c.As == "tamu" {
		return bot.Address{Channel: "terminal", ID: "tamu"}, "", nil
	}
	number := c.As
	var names []string
	for _, p := range lists.Personas {
		names = append(names, p.Name)
		if p.Name == c.As {
			number = p.Phone
		}
	}
	phone, err := program.ParsePhone(number)
	if err != nil {
		return bot.Address{}, "", fmt.Errorf("--as: nobody is called that; choose one of %s, tamu, or a phone number", strings.Join(names, ", "))
	}
	return bot.Address{Channel: "terminal", ID: phone.E164()}, phone.E164(), nil
}

func (c chatCmd) talk(ctx context.Context, m Main, conf *Config, db *store.DB, texts *locales.Catalogue, t *terminal, from bot.Address, phone string) (err error) {
	now := conf.clock(m.Now)
	at, err := conf.at()
	if err != nil {
		return err
	}
	sessions, err := conf.sessions(ctx, db, session.Options{Process: "chat " + c.As, Channels: []string{"terminal"}, Log: conf.log(m.Stderr)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sessions.hangUp()) }()
	flows := &conversations.Conversations{Store: db, Settings: program.DefaultSettings()}
	l := &bot.Lanes{
		Engine:   flows.Engine(texts, uuid.NewString),
		Sessions: sessions,
		Channels: map[string]bot.Channel{"terminal": t}, Now: now, Log: conf.log(m.Stderr), At: at,
	}
	notices := &conversations.Notices{Store: db, Texts: texts, Log: conf.log(m.Stderr), At: at, Send: func(ctx context.Context, msg bot.Message) error {
		if msg.To != from {
			return &bot.SendError{Err: errors.New("nobody sits in that chat"), RetryAfter: time.Minute}
		}
		return t.Send(ctx, msg)
	}, Tell: func(ctx context.Context, u bot.Update) error { return l.Accept(ctx, ctx, []bot.Update{u}) }}
	fmt.Fprintln(m.Stdout, texts.Render(locales.Default, locales.T("chat.hint")))
	t.write(fmt.Sprintf("@ %s\n= %s\n", now().Format(time.RFC3339), c.As))
	if err := tellDue(ctx, db, notices, from, now()); err != nil {
		return err
	}
	l.Wait()
	err = lines(ctx, m, func(line string) error {
		u := heard(line, from, phone, now())
		t.write(scripted(u, line))
		err := errors.Join(l.Recover(ctx), l.Accept(ctx, ctx, []bot.Update{u}))
		l.Wait()
		err = errors.Join(err, tellDue(ctx, db, notices, from, now()))
		l.Wait() // what ended elsewhere is told in the chat itself
		return errors.Join(err, t.faulted)
	})
	return errors.Join(err, l.Sessions.Close(context.WithoutCancel(ctx)))
}

// tellDue says what is to be said unprompted to the person in front of the terminal. What is for others waits for them.
func tellDue(ctx context.Context, db *store.DB, notices *conversations.Notices, to bot.Address, now time.Time) error {
	if err := notices.Plan(ctx, now); err != nil {
		return err
	}
	var ids []string
	err := db.View(ctx, func(tx *store.Tx) error {
		p, err := tx.PersonByChat(to.Channel, to.ID)
		if err != nil {
			return err
		}
		ids, err = tx.DueNotices(p.ID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) { // a stranger
		return nil
	}
	for _, id := range ids {
		var later store.Again
		if fault := notices.Work(ctx, id, now); !errors.As(fault, &later) {
			err = errors.Join(err, fault)
		}
	}
	return err
}

// lines hears line after line until the end of the input or an interrupt: with editing and history where a person sits
// in front of it.
func lines(ctx context.Context, m Main, hear func(string) error) error {
	next, done := input(m)
	defer done()
	type read struct {
		line string
		err  error
	}
	for {
		came := make(chan read, 1)
		go func() {
			line, err := next()
			came <- read{line, err}
		}()
		select {
		case <-ctx.Done():
			return nil
		case r := <-came:
			if errors.Is(r.err, io.EOF) {
				return nil
			}
			if r.err != nil {
				return fmt.Errorf("read a line: %w", r.err)
			}
			if err := hear(r.line); err != nil {
				return err
			}
		}
	}
}

// input reads from a person's terminal or from a pipe; io.EOF is the end.
func input(m Main) (next func() (string, error), done func()) {
	if file, ok := m.Stdin.(*os.File); ok && terminalFile(file) {
		editor := liner.NewLiner()
		editor.SetCtrlCAborts(true)
		return func() (string, error) {
			line, err := editor.Prompt("> ")
			if errors.Is(err, liner.ErrPromptAborted) {
				return "", io.EOF
			}
			editor.AppendHistory(line)
			return line, err
		}, func() { _ = editor.Close() }
	}
	piped := bufio.NewScanner(m.Stdin)
	piped.Buffer(nil, 1<<20)
	return func() (string, error) {
		if !piped.Scan() {
			if err := piped.Err(); err != nil {
				return "", err
			}
			return "", io.EOF
		}
		fmt.Fprintf(m.Stdout, "> %s\n", piped.Text())
		return piped.Text(), nil
	}, func() {}
}

func terminalFile(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
