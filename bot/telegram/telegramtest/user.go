package telegramtest

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// User is a person with a phone, looking at one chat: his own with the bot, or a group (In). What a script asks of him
// that a person could not do fails the test. Several goroutines may each play a person, none may share one.
type User struct {
	ID    int64
	Phone string // as Telegram gives it in a contact: digits, no plus

	s    *Server
	who  *wireUser
	chat *chat
	read int // how many of the bot's messages he has read
}

// User makes a person. What follows the first space of the name is the last name.
func (s *Server) User(name string) *User { return s.UserSpeaking(name, "id") }

// UserSpeaking makes a person whose phone is set to another language, "en".
func (s *Server) UserSpeaking(name, language string) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	first, last, _ := strings.Cut(name, " ")
	who := &wireUser{ID: s.lastID, FirstName: first, LastName: last, LanguageCode: language}
	c := &chat{wire: &wireChat{ID: who.ID, Type: "private", FirstName: first, LastName: last}}
	s.chats[who.ID] = c
	return &User{ID: who.ID, Phone: fmt.Sprintf("62812000%05d", who.ID), s: s, who: who, chat: c}
}

// In is the same person looking at a group.
func (u *User) In(g *Group) *User {
	return &User{ID: u.ID, Phone: u.Phone, s: u.s, who: u.who, chat: g.chat}
}

// Chat is the id of the chat that he looks at.
func (u *User) Chat() int64 { return u.chat.wire.ID }

func (u *User) fail(format string, args ...any) {
	u.s.t.Helper()
	u.s.t.Errorf("telegramtest: %s\nHe sees:\n%s", fmt.Sprintf(format, args...), u.Screen())
}

// Write sends a text and returns the number of the message.
func (u *User) Write(text string) int {
	return u.send(&message{wireMessage: wireMessage{Text: text, Entities: command(text)}})
}

// Start follows a deep link, https://t.me/<bot>?start=<code>; without a code it is the button of an empty chat.
func (u *User) Start(code string) int { return u.Write(strings.TrimSpace("/start " + code)) }

// command marks a command at the start of a text, as Telegram does.
func command(text string) []Entity {
	if !strings.HasPrefix(text, "/") {
		return nil
	}
	word, _, _ := strings.Cut(text, " ")
	return []Entity{{Type: "bot_command", Length: units(word)}}
}

// send puts a message of his into the chat and tells the bot. Whoever writes to a bot that he blocked lets it in again.
func (u *User) send(m *message) int {
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	return u.sendLocked(m)
}

func (u *User) sendLocked(m *message) int {
	s, c := u.s, u.chat
	if c.gone == Blocked {
		s.unblock(u)
	}
	if !c.group {
		c.open = true
	}
	m.From = u.who
	s.add(c, m)
	if u.heardByBot(m) {
		s.tell(c.wire.ID, "message", m.wireMessage)
	}
	return m.ID
}

// heardByBot: in groups a bot hears commands that are not for another one, and answers to what it said.
func (u *User) heardByBot(m *message) bool {
	if !u.chat.group {
		return true
	}
	if u.chat.gone != nil {
		return false
	}
	if m.ReplyTo != nil && m.ReplyTo.From.ID == u.s.bot.ID {
		return true
	}
	word, _, _ := strings.Cut(m.Text, " ")
	_, to, addressed := strings.Cut(word, "@")
	return strings.HasPrefix(word, "/") && (!addressed || to == u.s.bot.Username)
}

// Reply answers one message of the chat.
func (u *User) Reply(to int, text string) int {
	u.s.mu.Lock()
	m := u.chat.find(to)
	if m == nil {
		u.s.mu.Unlock()
		u.fail("there is no message %d to answer", to)
		return 0
	}
	defer u.s.mu.Unlock()
	return u.sendLocked(&message{wireMessage: wireMessage{Text: text, Entities: command(text), ReplyTo: m.short()}})
}

// Edit changes a text that he wrote.
func (u *User) Edit(id int, text string) {
	s := u.s
	s.mu.Lock()
	m := u.chat.find(id)
	if m == nil || m.From != u.who {
		s.mu.Unlock()
		u.fail("message %d is not his", id)
		return
	}
	defer s.mu.Unlock()
	m.Text, m.Entities, m.EditDate = text, command(text), s.config.Now().Unix()
	if u.heardByBot(m) {
		s.tell(u.chat.wire.ID, "edited_message", m.wireMessage)
	}
}

// Press presses a button by its label: the newest that he sees under a message, or else one of the keys that stand where
// the letters were: these write their label, or share his number.
func (u *User) Press(label string) {
	s := u.s
	s.mu.Lock()
	if m, data := u.chat.visible(label); m != nil {
		defer s.mu.Unlock()
		u.press(m, data)
		return
	}
	key, ok := u.chat.key(label)
	s.mu.Unlock()
	switch {
	case !ok:
		u.fail("there is no button %q", label)
	case key.Contact:
		u.ShareContact()
	default:
		u.Write(label)
	}
}

// PressOld presses a button of an earlier screen: the newest that had the label, passing over what Press would press,
// whether or not it still shows.
func (u *User) PressOld(label string) {
	s := u.s
	s.mu.Lock()
	now, _ := u.chat.visible(label)
	for _, m := range slices.Backward(u.chat.messages) {
		if data, ok := m.ever(label); ok && m != now {
			defer s.mu.Unlock()
			u.press(m, data)
			return
		}
	}
	s.mu.Unlock()
	u.fail("there was no earlier button %q", label)
}

// PressOn presses a button that one message has or had.
func (u *User) PressOn(id int, label string) {
	s := u.s
	s.mu.Lock()
	if m := u.chat.find(id); m != nil {
		if data, ok := m.ever(label); ok {
			defer s.mu.Unlock()
			u.press(m, data)
			return
		}
	}
	s.mu.Unlock()
	u.fail("message %d never had a button %q", id, label)
}

// PressData presses what no button need hold: a changed client sends any data for any message of its chat, and Telegram
// passes it on, as the Bot API warns. It takes no other lengths than those of a button, and text only.
func (u *User) PressData(id int, data string) {
	s := u.s
	s.mu.Lock()
	m := u.chat.find(id)
	if m == nil || len(data) < 1 || len(data) > 64 || !utf8.ValidString(data) {
		s.mu.Unlock()
		u.fail("nobody can press %q on message %d", data, id)
		return
	}
	defer s.mu.Unlock()
	u.press(m, data)
}

// Forward passes a message of another chat on into this one, and returns its number here. As Telegram does it says who
// wrote it and takes the buttons off.
func (u *User) Forward(from *User, id int) int {
	s := u.s
	s.mu.Lock()
	m := from.chat.find(id)
	if m == nil {
		s.mu.Unlock()
		u.fail("there is no message %d to pass on", id)
		return 0
	}
	defer s.mu.Unlock()
	copied := wireMessage{Origin: &wireOrigin{Type: "user", Date: m.Date, Sender: m.From}, Text: m.Text, Entities: m.Entities, Photo: m.Photo,
		Document: m.Document, Sticker: m.Sticker, Voice: m.Voice, Video: m.Video, Caption: m.Caption, CaptionEntities: m.CaptionEntities,
		Contact: m.Contact, Location: m.Location, Dice: m.Dice}
	return u.sendLocked(&message{wireMessage: copied})
}

func (u *User) press(m *message, data string) {
	q := u.s.ask(u.chat.wire.ID, u.ID, data)
	u.s.tell(u.chat.wire.ID, "callback_query", wireQuery{
		ID: q.ID, From: u.who, Message: m.short(), Instance: strconv.FormatInt(u.chat.wire.ID, 10), Data: data,
	})
}

// visible finds the newest button with a label. Call with mu held, as all of chat's.
func (c *chat) visible(label string) (*message, string) {
	for _, m := range slices.Backward(c.messages) {
		if data, ok := m.Markup.find(label); ok && !m.deleted {
			return m, data
		}
	}
	return nil, ""
}

func (m *message) ever(label string) (data string, ok bool) {
	for _, k := range slices.Backward(m.had) {
		if data, ok = k.find(label); ok {
			return data, true
		}
	}
	return "", false
}

func (c *chat) key(label string) (Key, bool) {
	for _, row := range c.keys {
		for _, k := range row {
			if k.Label == label {
				return k, true
			}
		}
	}
	return Key{}, false
}

// ShareContact sends his own card: with his number and his id.
func (u *User) ShareContact() int {
	return u.send(&message{wireMessage: wireMessage{
		Contact: &wireContact{Phone: u.Phone, FirstName: u.who.FirstName, LastName: u.who.LastName, UserID: u.ID},
	}})
}

// ShareContactOf sends another person's card. The id is 0 when that person is not on Telegram. It is Telegram that finds
// the id by the number, so that it is never his own beside a number that is not.
func (u *User) ShareContactOf(name, phone string, id int64) int {
	if id == u.ID && phone != u.Phone {
		u.fail("Telegram puts no id of his on the number %s", phone)
		return 0
	}
	return u.send(&message{wireMessage: wireMessage{Contact: &wireContact{Phone: phone, FirstName: name, UserID: id}}})
}

// Photo sends a picture with a caption. Without data it is a small grey one.
func (u *User) Photo(caption string, data []byte) int {
	return u.send(u.photo(caption, data))
}

func (u *User) photo(caption string, data []byte) *message {
	if data == nil {
		data = grey()
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		u.fail("that is no picture: %v", err)
	}
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return &message{wireMessage: wireMessage{Photo: u.s.files.keepPhoto("photo.jpg", data, size), Caption: caption}}
}

func grey() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 16, 16))) // a buffer takes everything
	return b.Bytes()
}

// Album sends several pictures at once, the first with a caption, and returns the number of the first message.
func (u *User) Album(caption string, pictures int) int {
	var all []*message
	for i := range pictures {
		m := u.photo("", nil)
		if i == 0 {
			m.Caption = caption
		}
		all = append(all, m)
	}
	s := u.s
	s.mu.Lock()
	defer s.mu.Unlock()
	album := strconv.FormatInt(13_000_000_000_000_000+int64(s.lastMsg), 10)
	for _, m := range all {
		m.Album = album
		u.sendLocked(m)
	}
	return all[0].ID
}

// Document sends a file.
func (u *User) Document(name, mime, caption string, data []byte) int {
	return u.send(&message{wireMessage: wireMessage{Document: u.keep("documents", name, mime, data), Caption: caption}})
}

// Sticker sends a sticker that stands for an emoji.
func (u *User) Sticker(emoji string) int {
	f := u.keep("stickers", "sticker.webp", "", []byte("sticker"))
	f.Name, f.Emoji, f.Type, f.Width, f.Height, f.Animated, f.Moving = "", emoji, "regular", 512, 512, ptr(false), ptr(false)
	return u.send(&message{wireMessage: wireMessage{Sticker: f}})
}

// Voice sends a spoken message of so many seconds.
func (u *User) Voice(seconds int) int {
	f := u.keep("voice", "voice.oga", "audio/ogg", []byte("voice"))
	f.Name, f.Duration = "", &seconds
	return u.send(&message{wireMessage: wireMessage{Voice: f}})
}

// Video sends a video of so many seconds.
func (u *User) Video(caption string, seconds int) int {
	f := u.keep("videos", "video.mp4", "video/mp4", []byte("video"))
	f.Width, f.Height, f.Duration = 640, 360, &seconds
	return u.send(&message{wireMessage: wireMessage{Video: f, Caption: caption}})
}

// Location sends a place on the map.
func (u *User) Location(latitude, longitude float64) int {
	return u.send(&message{wireMessage: wireMessage{Location: &wireLocation{latitude, longitude}}})
}

// Dice throws a die: something that hardly any bot reads.
func (u *User) Dice(value int) int {
	return u.send(&message{wireMessage: wireMessage{Dice: &wireDice{"🎲", value}}})
}

// keep stores a file and returns a copy of what is said about it.
func (u *User) keep(kind, name, mime string, data []byte) *wireFile {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return ptr(u.s.files.keep(kind, name, mime, data).wire)
}

// Block stops the bot from writing to him.
func (u *User) Block() {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.chat.gone = Blocked
	u.s.membership(u.chat, u.who, "member", "kicked")
}

// Unblock lets it write again. Writing to it does the same.
func (u *User) Unblock() {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.s.unblock(u)
}

func (s *Server) unblock(u *User) {
	u.chat.gone = nil
	s.membership(u.chat, u.who, "kicked", "member")
}

// membership tells the bot that it is in a chat, or no longer.
func (s *Server) membership(c *chat, by *wireUser, before, after string) {
	member := func(status string) wireMember {
		m := wireMember{Status: status, User: &s.bot}
		if status == "kicked" {
			m.Until = ptr(int64(0))
		}
		return m
	}
	s.tell(c.wire.ID, "my_chat_member", wireMemberChange{
		Chat: c.wire, From: by, Date: s.config.Now().Unix(), Old: member(before), New: member(after),
	})
}

// Deactivate closes his account.
func (u *User) Deactivate() { u.gone(Deactivated) }

// Vanish makes Telegram forget the chat.
func (u *User) Vanish() { u.gone(ChatNotFound) }

func (u *User) gone(why *Answer) {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.chat.gone = why
}

// Read returns what the bot has sent since he read last, oldest first, as it stands now.
func (u *User) Read() []Message {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	var out []Message
	for m := u.next(); m != nil; m = u.next() {
		out = append(out, u.s.seen(m))
	}
	return out
}

// next takes the oldest message that he has not read.
func (u *User) next() *message {
	c := u.chat
	u.read = max(u.read, c.dropped)
	if u.read == c.dropped+len(c.heard) {
		return nil
	}
	u.read++
	return c.heard[u.read-1-c.dropped]
}

// Wait returns the oldest message of the bot that he has not read, and waits for it. The error is the context's.
func (u *User) Wait(ctx context.Context) (Message, error) {
	for {
		u.s.mu.Lock()
		if m := u.next(); m != nil {
			defer u.s.mu.Unlock()
			return u.s.seen(m), nil
		}
		bell := u.chat.bell()
		u.s.mu.Unlock()
		select {
		case <-bell:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("wait for the bot: %w; he sees:\n%s", ctx.Err(), u.Screen())
		}
	}
}

// Talk is a turn as people take it: he says a line, "[label]" presses a button, and waits for the answer.
func (u *User) Talk(ctx context.Context, line string) (Message, error) {
	if label, ok := strings.CutPrefix(line, "["); ok && strings.HasSuffix(label, "]") {
		u.Press(strings.TrimSuffix(label, "]"))
	} else {
		u.Write(line)
	}
	return u.Wait(ctx)
}

// Quiet waits until the bot has sent nothing for a while, and returns what he has not read.
func (u *User) Quiet(ctx context.Context, d time.Duration) ([]Message, error) {
	var out []Message
	for {
		wait, cancel := context.WithTimeout(ctx, d)
		m, err := u.Wait(wait)
		cancel()
		switch {
		case err == nil:
			out = append(out, m)
		case ctx.Err() != nil:
			return out, err
		default:
			return out, nil
		}
	}
}

// Messages returns the whole chat as it stands now, without what was deleted.
func (u *User) Messages() []Message {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	var out []Message
	for _, m := range u.chat.messages {
		if !m.deleted {
			out = append(out, u.s.seen(m))
		}
	}
	return out
}

// Keyboards returns the messages that still show buttons.
func (u *User) Keyboards() []Message {
	return slices.DeleteFunc(u.Messages(), func(m Message) bool { return len(m.Buttons) == 0 })
}

// Keys returns the keys that stand where the letters were, nil for none.
func (u *User) Keys() [][]Key {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return u.chat.keys
}

// Typing tells whether "typing" shows.
func (u *User) Typing() bool {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return u.s.config.Now().Before(u.chat.typing)
}

// Screen shows the chat as he sees it: what was written to the bot after ">", what it said after "<", buttons in
// brackets, and last the keys that stand where the letters were.
func (u *User) Screen() string {
	var b strings.Builder
	for _, m := range u.Messages() {
		sign := "> "
		if m.FromBot {
			sign = "< "
		}
		b.WriteString(sign + strings.ReplaceAll(m.String(), "\n", "\n  ") + "\n")
	}
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	for _, row := range u.chat.keys {
		b.WriteString("=")
		for _, k := range row {
			b.WriteString(" [" + k.Label + "]")
		}
		b.WriteString("\n")
	}
	return b.String()
}
