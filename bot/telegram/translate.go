package telegram

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sahabatrt/bot"
)

// wanted are the kinds of updates that Telegram is asked for.
const wanted = `["message","edited_message","callback_query","my_chat_member"]`

// update is what is read of an Update of the Bot API.
type update struct {
	ID       int64     `json:"update_id"`
	Message  *message  `json:"message"`
	Edited   *message  `json:"edited_message"`
	Callback *callback `json:"callback_query"`
	Member   *member   `json:"my_chat_member"`

	kind string // what it is called when it has not the form that we know
}

type message struct {
	ID       int64    `json:"message_id"`
	From     *user    `json:"from"`
	Chat     chat     `json:"chat"`
	Date     int64    `json:"date"`
	EditDate int64    `json:"edit_date"`
	Text     string   `json:"text"`
	Caption  string   `json:"caption"`
	Album    string   `json:"media_group_id"`
	Contact  *contact `json:"contact"`

	Photo     []file  `json:"photo"` // one picture in several sizes, the largest last
	Document  *file   `json:"document"`
	Voice     *file   `json:"voice"`
	Audio     *file   `json:"audio"`
	Video     *file   `json:"video"`
	VideoNote *file   `json:"video_note"`
	Animation *file   `json:"animation"` // comes with a document
	Sticker   *file   `json:"sticker"`
	Location  present `json:"location"`

	Forwarded present `json:"forward_origin"`
	ViaBot    present `json:"via_bot"`

	// What Telegram tells about the chat itself; nobody said it.
	Pinned     present `json:"pinned_message"`
	AutoDelete present `json:"message_auto_delete_timer_changed"`
	Background present `json:"chat_background_set"`
	MayWrite   present `json:"write_access_allowed"`
	Website    present `json:"connected_website"`
	Migrated   present `json:"migrate_to_chat_id"`
}

type callback struct {
	ID      string   `json:"id"`
	From    *user    `json:"from"`
	Message *message `json:"message"` // its own chat and id, whatever else of it may be gone
	Data    string   `json:"data"`
}

type member struct {
	Chat chat  `json:"chat"`
	From *user `json:"from"`
	New  struct {
		Status string `json:"status"`
	} `json:"new_chat_member"`
}

type user struct {
	ID    int64  `json:"id"`
	IsBot bool   `json:"is_bot"`
	Lang  string `json:"language_code"`
}

type chat struct {
	ID   int64  `json:"id"`
	Type string `json:"type"`
}

type contact struct {
	Phone     string `json:"phone_number"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	User      int64  `json:"user_id"`
}

type file struct {
	ID string `json:"file_id"`
}

// present is a field of which only matters that it is there.
type present bool

// UnmarshalJSON accepts anything.
func (p *present) UnmarshalJSON(raw []byte) error {
	*p = string(raw) != "null"
	return nil
}

// meaning is what an update is to us.
type meaning string

const (
	toPlay     meaning = "played"
	inGroup    meaning = "group"   // somebody speaks to the bot where it does not work
	blocked    meaning = "blocked" // the person does not want to hear of the bot any more
	nobody     meaning = "nobody"  // sent by no person, or by Telegram about the chat itself
	unreadable meaning = "unreadable"
)

// toUpdate translates. Only with toPlay is the update to be played; its From and Lang are set whenever they are known.
// An update of unknown content is played too: the person is told that it cannot be read.
func toUpdate(in *update, now time.Time) (bot.Update, meaning) {
	u := bot.Update{ID: strconv.FormatInt(in.ID, 10), At: now}
	switch {
	case in.Message != nil:
		return said(u, in.Message)
	case in.Edited != nil:
		u.Edited = true
		if in.Edited.Location {
			return u, nobody // a live location moves by itself
		}
		return said(u, in.Edited)
	case in.Callback != nil:
		return pressed(u, in.Callback)
	case in.Member != nil:
		return joined(u, in.Member)
	}
	return u, unreadable
}

// who sets who sent the update, and says whether it is one to be played.
func who(u *bot.Update, c chat, from *user) meaning {
	u.From = address(c.ID)
	if from != nil {
		u.Lang = from.Lang
	}
	switch {
	case c.ID == 0:
		return unreadable
	case c.Type == "group" || c.Type == "supergroup":
		return inGroup
	case c.Type != "private" || from == nil || from.IsBot || from.ID != c.ID: // in a private chat there is one person
		return nobody
	}
	return toPlay
}

func said(u bot.Update, m *message) (bot.Update, meaning) {
	if m.Date > 0 {
		u.At = time.Unix(max(m.Date, m.EditDate), 0)
	}
	is := who(&u, m.Chat, m.From)
	if m.Pinned || m.AutoDelete || m.Background || m.MayWrite || m.Website || m.Migrated {
		return u, nobody
	}
	if is != toPlay {
		return u, is
	}
	u.Text = command(m.Text + m.Caption) // there is never both
	if code, ok := strings.CutPrefix(u.Text, "/start "); ok && strings.TrimSpace(code) != "" {
		u.Start, u.Text = strings.TrimSpace(code), ""
	}
	if m.Contact != nil {
		u.Contact = &bot.Contact{Phone: international(m.Contact.Phone), Name: strings.TrimSpace(m.Contact.FirstName + " " + m.Contact.LastName)}
		// Telegram fills in whose number it is. What another bot wrote or what is passed on proves nothing.
		if m.Contact.User == m.From.ID && !m.Forwarded && !m.ViaBot {
			u.Phone = u.Contact.Phone
		}
		return u, toPlay
	}
	u.Media = media(m)
	return u, toPlay
}

// command takes the bot's own name off a command: "/menu@SahabatBot" is "/menu".
func command(text string) string {
	if !strings.HasPrefix(text, "/") {
		return text
	}
	word, rest, more := strings.Cut(text, " ")
	word, _, _ = strings.Cut(word, "@")
	if more {
		return word + " " + rest
	}
	return word
}

// international: Telegram writes numbers with the country code, but not always with the plus. One that begins with 0 comes
// from an address book.
func international(phone string) string {
	if phone == "" || phone[0] < '1' || phone[0] > '9' {
		return phone
	}
	return "+" + phone
}

// media is what came instead of text or beside it; nil for text alone.
func media(m *message) *bot.Media {
	is := func(kind bot.MediaKind, f *file) *bot.Media { return &bot.Media{Kind: kind, ID: f.ID, Album: m.Album} }
	switch {
	case len(m.Photo) > 0:
		return is(bot.Photo, &m.Photo[len(m.Photo)-1])
	case m.Animation != nil:
		return is(bot.Video, m.Animation)
	case m.Document != nil:
		return is(bot.Document, m.Document)
	case m.Voice != nil:
		return is(bot.Voice, m.Voice)
	case m.Audio != nil:
		return is(bot.Voice, m.Audio)
	case m.Video != nil:
		return is(bot.Video, m.Video)
	case m.VideoNote != nil:
		return is(bot.Video, m.VideoNote)
	case m.Sticker != nil:
		return is(bot.Sticker, m.Sticker)
	case bool(m.Location):
		return &bot.Media{Kind: bot.Location}
	case m.Text == "" && m.Caption == "":
		return &bot.Media{Kind: bot.Unknown, Album: m.Album}
	}
	return nil
}

func pressed(u bot.Update, c *callback) (bot.Update, meaning) {
	if c.Message == nil {
		return u, unreadable
	}
	is := who(&u, c.Message.Chat, c.From)
	u.Ack = ack{c.Message.ID, c.ID}.String()
	u.Press = press(c.Data)
	return u, is
}

// press reads callback data; what is none of ours is a button that fits no prompt.
func press(data string) *bot.Press {
	serial, choice, _ := strings.Cut(data, ".")
	prompt, err := strconv.ParseInt(serial, 10, 64)
	if err != nil {
		return &bot.Press{}
	}
	return &bot.Press{Prompt: prompt, Choice: choice}
}

// pressData is the inverse of press.
func pressData(prompt int64, choice string) string {
	return strconv.FormatInt(prompt, 10) + "." + choice
}

// ack is what answering a press needs: the message with the button, and the press itself.
type ack struct {
	message int64
	press   string
}

func (a ack) String() string { return strconv.FormatInt(a.message, 10) + "." + a.press }

func parseAck(s string) (ack, bool) {
	id, press, ok := strings.Cut(s, ".")
	message, err := strconv.ParseInt(id, 10, 64)
	return ack{message, press}, ok && err == nil && press != ""
}

// joined is a change of what the bot may do in a chat.
func joined(u bot.Update, m *member) (bot.Update, meaning) {
	is := who(&u, m.Chat, m.From)
	out := m.New.Status == "kicked" || m.New.Status == "left"
	switch {
	case is == toPlay && out:
		return u, blocked
	case is == inGroup && !out:
		return u, inGroup
	}
	return u, nobody // whoever opens the door again says something next
}

// parse reads updates. One that does not have the form that we know costs only itself: it has its id and kind.
func parse(raw json.RawMessage) ([]update, error) {
	var all []update
	if json.Unmarshal(raw, &all) == nil && !slices.ContainsFunc(all, update.strange) {
		return all, nil
	}
	var each []json.RawMessage
	if err := json.Unmarshal(raw, &each); err != nil {
		return nil, err
	}
	all = make([]update, len(each))
	for i, one := range each {
		var err error
		if all[i], err = parseOne(one); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func parseOne(raw json.RawMessage) (update, error) {
	var u update
	if json.Unmarshal(raw, &u) == nil && !u.strange() {
		return u, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return update{}, err
	}
	u = update{}
	err := json.Unmarshal(fields["update_id"], &u.ID)
	delete(fields, "update_id")
	u.kind = strings.Join(slices.Sorted(maps.Keys(fields)), "+")
	return u, err
}

// strange: it holds nothing that was asked for.
func (u update) strange() bool {
	return u.Message == nil && u.Edited == nil && u.Callback == nil && u.Member == nil
}
