package telegramtest

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// chat is one conversation: of a person with the bot, or a group. Everything in it is guarded by Server.mu.
type chat struct {
	wire     *wireChat
	group    bool
	open     bool    // the bot may write: somebody wrote to it, or it is in the group
	gone     *Answer // why the bot can no longer write
	messages []*message
	heard    []*message // what the bot sent, in order: what people read
	dropped  int        // how many of heard were forgotten
	keys     [][]Key    // the reply keyboard that people see now
	lastMsg  int        // of a supergroup
	news     chan struct{}
	typing   time.Time // until when "typing" shows
	pace     pace
}

func (c *chat) super() bool { return c.wire.Type == "supergroup" }

// keepLean is how many messages a chat keeps under Config.Lean.
const keepLean = 64

// message is one as it stands now.
type message struct {
	wireMessage
	fromBot bool
	deleted bool
	fixed   bool // sent with a reply keyboard: Telegram lets nobody edit it
	keys    [][]Key
	removes bool
	had     []*inlineMarkup // every inline keyboard it ever had
	at      time.Time
}

// add gives a message its number and its place. Call with mu held.
func (s *Server) add(c *chat, m *message) {
	if c.super() {
		c.lastMsg++
		m.ID = c.lastMsg
	} else {
		s.lastMsg++
		m.ID = s.lastMsg
	}
	m.Chat = c.wire
	m.at = s.config.Now()
	m.Date = m.at.Unix()
	c.messages = append(c.messages, m)
	if m.fromBot {
		c.heard = append(c.heard, m)
		c.typing = time.Time{}
		c.ring()
	}
	if s.config.Lean && len(c.messages) > 2*keepLean {
		c.messages = slices.Delete(c.messages, 0, len(c.messages)-keepLean)
		if n := len(c.heard) - keepLean; n > 0 {
			c.heard = slices.Delete(c.heard, 0, n)
			c.dropped += n
		}
	}
}

// ring wakes everybody who waits for news of the chat.
func (c *chat) ring() {
	if c.news != nil {
		close(c.news)
		c.news = nil
	}
}

// bell is what ring closes next.
func (c *chat) bell() <-chan struct{} {
	if c.news == nil {
		c.news = make(chan struct{})
	}
	return c.news
}

func (c *chat) find(id int) *message {
	i := sort.Search(len(c.messages), func(i int) bool { return c.messages[i].ID >= id })
	if i == len(c.messages) || c.messages[i].ID != id || c.messages[i].deleted {
		return nil
	}
	return c.messages[i]
}

// Message is one as a person sees it at one moment.
type Message struct {
	ID      int
	Chat    int64
	FromBot bool
	Text    string     // also the caption
	File    *File      // a photo or document
	Buttons [][]Button // the keyboard under the message
	Keys    [][]Key    // the keyboard that it put in the place of the letters
	Removes bool       // it took such a keyboard away
	At      time.Time
	Edited  bool
	Deleted bool
}

// File is what a message carries.
type File struct {
	ID   string
	Name string
	Data []byte
}

// Button is one under a message: Data goes back to the bot.
type Button struct{ Label, Data, URL string }

// Key is one of a reply keyboard: it writes its label, or shares the person's number.
type Key struct {
	Label   string
	Contact bool
}

// Labels returns what stands on the buttons under the message, row by row.
func (m Message) Labels() []string {
	var out []string
	for _, row := range m.Buttons {
		for _, b := range row {
			out = append(out, b.Label)
		}
	}
	return out
}

// String shows the message as on the screen: its text, then a line for each row of buttons.
func (m Message) String() string {
	var b strings.Builder
	if m.File != nil {
		b.WriteString("(" + m.File.Name + ") ")
	}
	b.WriteString(m.Text)
	for _, row := range m.Buttons {
		b.WriteString("\n")
		for i, button := range row {
			if i > 0 {
				b.WriteString(" ")
			}
			b.WriteString("[" + button.Label + "]")
		}
	}
	return b.String()
}

// seen makes what a person sees of a message. Call with mu held.
func (s *Server) seen(m *message) Message {
	out := Message{
		ID: m.ID, Chat: m.Chat.ID, FromBot: m.fromBot, Text: m.Text + m.Caption, Buttons: m.Markup.buttons(), Keys: m.keys,
		Removes: m.removes, At: m.at, Edited: m.EditDate != 0, Deleted: m.deleted,
	}
	switch {
	case len(m.Photo) > 0:
		out.File = s.files.seen(m.Photo[len(m.Photo)-1].ID)
	case m.Document != nil:
		out.File = s.files.seen(m.Document.ID)
	}
	return out
}
