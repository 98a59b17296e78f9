package conversations_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/bot/telegram"
	"sahabatrt/bot/telegram/telegramtest"
	"sahabatrt/locales"
)

// phones are what people have in their hands when a transcript plays over Telegram.
type phones struct {
	t       *testing.T
	city    *city
	srv     *telegramtest.Server
	byName  map[string]*telegramtest.User
	byChat  map[string]*telegramtest.User
	vouched map[string]string    // the number of each chat
	presses map[bot.Press]func() // how to press what was shown
	written map[string]int       // the newest text in each chat
	last    string               // update that was told
	heard   *overheard
}

// overheard is Telegram, and what went out in two parts as it was one.
type overheard struct {
	*telegram.Telegram
	mu    sync.Mutex
	whole []string
}

func (o *overheard) Send(ctx context.Context, m bot.Message) error {
	if m.ContactOver {
		o.mu.Lock()
		o.whole = append(o.whole, m.Text)
		o.mu.Unlock()
	}
	return o.Telegram.Send(ctx, m)
}

// join puts two parts together as they were.
func (o *overheard) join(first, second string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if lines := first + "\n" + second; slices.Contains(o.whole, lines) {
		return lines
	}
	return first + "\n\n" + second
}

// onTelegram moves the people of a city to Telegram, which is played: all they do and hear goes over the wire, each
// update comes twice, and the bot polls. Telegram vouches for the number on a card alone; the transcripts are about people
// whose number is known, so it is set beside whatever else they send.
func (c *city) onTelegram(t *testing.T) *phones {
	t.Helper()
	srv := telegramtest.New(t, telegramtest.Config{Now: c.clock})
	srv.DisturbUpdates(telegramtest.UpdateFaults{Repeat: 1})
	tg, err := telegram.New(telegram.Options{Token: srv.Token, Endpoint: srv.URL(), Now: c.clock, Log: c.lanes.Log,
		Private: func(lang string) string { return c.notices.Texts.Render(lang, locales.T("channel.private")) },
		Files:   func(ctx context.Context, ref string) ([]byte, error) { return c.flows.File(ctx, c.notices.Texts, ref) }})
	if err != nil {
		t.Fatal(err)
	}
	p := newPhones(t, c, srv)
	p.heard = &overheard{Telegram: tg}
	c.lanes.Channels = map[string]bot.Channel{telegram.Channel: p.heard}
	c.notices.Send = tg.Send
	c.stage.Tell, c.stage.Read, c.stage.Person = p.tell, p.read, p.person
	p.poll(tg)
	t.Cleanup(func() {
		if n := srv.Unanswered(); n > 0 {
			t.Errorf("%d presses are not answered", n)
		}
		for _, call := range srv.Calls() {
			for _, markup := range []string{"parse_mode", "entities", "caption_entities"} {
				if call.Params[markup] != "" {
					t.Errorf("%s reads what is said as more than text: %s=%s", call.Method, markup, call.Params[markup])
				}
			}
		}
	})
	return p
}

func newPhones(t *testing.T, c *city, srv *telegramtest.Server) *phones {
	c.names = map[string]string{}
	return &phones{t: t, city: c, srv: srv, byName: map[string]*telegramtest.User{}, byChat: map[string]*telegramtest.User{},
		vouched: map[string]string{}, presses: map[bot.Press]func(){}, written: map[string]int{}}
}

// poll takes updates in until the test ends.
func (p *phones) poll(tg *telegram.Telegram) {
	ctx, cancel := context.WithCancel(context.Background())
	life := p.t.Context()
	ended := make(chan error)
	go func() {
		ended <- tg.Poll(ctx, func(ctx context.Context, in []bot.Update) error {
			for i := range in {
				if in[i].Contact == nil {
					in[i].Phone = p.vouched[in[i].From.ID]
				}
			}
			return p.city.lanes.Accept(ctx, life, in)
		})
	}()
	p.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			p.t.Error(err)
		}
		p.city.lanes.Wait()
		tg.Close()
	})
}

// arrive gives somebody a phone with this number.
func (p *phones) arrive(name, number string) *telegramtest.User {
	u := p.srv.User(name + " Contoh")
	u.Phone = strings.TrimPrefix(number, "+")
	id := strconv.FormatInt(u.Chat(), 10)
	p.byChat[id], p.vouched[id], p.city.names[id] = u, number, strings.TrimPrefix(name, "+")
	return u
}

func (p *phones) person(name string) (bot.Address, string) {
	if p.byName[name] == nil {
		_, number := p.city.person(name)
		p.byName[name] = p.arrive(name, number)
	}
	id := strconv.FormatInt(p.byName[name].Chat(), 10)
	return bot.Address{Channel: telegram.Channel, ID: id}, p.vouched[id]
}

// tell lets a person do on his phone what a line of the transcript says. It returns when the bot has everything, all of
// it twice, and has answered.
func (p *phones) tell(in []bot.Update) error {
	if in[0].ID == p.last {
		return nil // the same once more: everything comes twice
	}
	p.last = in[0].ID
	if err := p.do(p.byChat[in[0].From.ID], in); err != nil {
		return err
	}
	return p.settled()
}

// settled returns when the bot has everything that was done, and has answered.
func (p *phones) settled() error {
	for began := time.Now(); p.srv.Pending() > 0; time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			return errors.New("the bot does not take it")
		}
	}
	p.city.lanes.Wait()
	return nil
}

func (p *phones) do(u *telegramtest.User, in []bot.Update) error {
	switch did := in[0]; {
	case did.Press != nil:
		press := p.presses[*did.Press]
		if press == nil {
			return errors.New("that button was never shown")
		}
		press()
	case did.Start != "":
		u.Start(did.Start)
	case did.Contact != nil && did.Contact.Phone == did.Phone:
		u.ShareContact()
	case did.Contact != nil:
		u.ShareContactOf("Orang Contoh", strings.TrimPrefix(did.Contact.Phone, "+"), 0)
	case did.Edited:
		u.Edit(p.written[did.From.ID], did.Text)
	case did.Media != nil && did.Media.Album != "":
		u.Album(did.Text, len(in))
	case did.Media != nil:
		return media(u, did)
	case did.Text == "":
		u.Write("\u00a0") // Telegram sends nothing that is quite empty
	default:
		p.written[did.From.ID] = u.Write(did.Text[:min(len(did.Text), 4096)]) // a phone sends no more at once
	}
	return nil
}

func media(u *telegramtest.User, did bot.Update) error {
	switch did.Media.Kind {
	case bot.Photo:
		u.Photo(did.Text, nil)
	case bot.Voice:
		u.Voice(3)
	case bot.Sticker:
		u.Sticker("🙏")
	case bot.Video:
		u.Video(did.Text, 3)
	case bot.Document:
		u.Document("contoh.pdf", "application/pdf", did.Text, []byte("%PDF-1.4 contoh"))
	case bot.Location:
		u.Location(-1.6, 103.6)
	case bot.Unknown:
		u.Dice(6)
	default:
		return fmt.Errorf("nobody sends a %q", did.Media.Kind)
	}
	return nil
}

// read is what a person sees that he has not read, as the bot said it: a message that came in two, because it took one
// keyboard away and showed another, is one again.
func (p *phones) read(a bot.Address) (said []bot.Message) {
	u, half := p.byChat[a.ID], false
	if u == nil {
		return nil // nobody is there yet
	}
	for _, seen := range u.Read() {
		m := p.shown(u, seen)
		if half {
			m.Text = p.heard.join(said[len(said)-1].Text, m.Text)
			said = said[:len(said)-1]
		}
		said = append(said, m)
		half = seen.Removes
	}
	return said
}

// shown is one message with its buttons, and how they are pressed from now on.
func (p *phones) shown(u *telegramtest.User, seen telegramtest.Message) bot.Message {
	m := bot.Message{Text: seen.Text, Prompt: int64(seen.ID)}
	if seen.File != nil {
		m.File = &bot.File{Kind: bot.Document, Name: seen.File.Name}
	}
	add := func(label string, press func()) {
		id := strconv.Itoa(len(m.Choices))
		m.Choices = append(m.Choices, bot.Button{ID: id, Label: label})
		p.presses[bot.Press{Prompt: m.Prompt, Choice: id}] = press
	}
	for _, label := range seen.Labels() {
		add(label, func() { u.PressOn(seen.ID, label) })
	}
	for _, row := range seen.Keys {
		for _, key := range row {
			if key.Contact {
				m.ShareContact = key.Label
				continue
			}
			add(key.Label, func() { u.Write(key.Label) })
		}
	}
	return m
}
