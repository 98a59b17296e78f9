package telegramtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// What the server takes as a keyboard. Telegram drops fields that it does not know; here they are mistakes.

type inlineMarkup struct {
	Rows [][]inlineButton `json:"inline_keyboard"`
}

type inlineButton struct {
	Text          string          `json:"text"`
	Data          *string         `json:"callback_data,omitempty"`
	URL           string          `json:"url,omitempty"`
	WebApp        json.RawMessage `json:"web_app,omitempty"`
	Login         json.RawMessage `json:"login_url,omitempty"`
	Switch        *string         `json:"switch_inline_query,omitempty"`
	SwitchHere    *string         `json:"switch_inline_query_current_chat,omitempty"`
	SwitchChosen  json.RawMessage `json:"switch_inline_query_chosen_chat,omitempty"`
	Copy          json.RawMessage `json:"copy_text,omitempty"`
	Game          json.RawMessage `json:"callback_game,omitempty"`
	Pay           bool            `json:"pay,omitempty"`
	Style         string          `json:"style,omitempty"`
	CustomEmojiID string          `json:"icon_custom_emoji_id,omitempty"`
}

type replyMarkup struct {
	Rows        [][]keyButton `json:"keyboard"`
	Resize      bool          `json:"resize_keyboard"`
	OneTime     bool          `json:"one_time_keyboard"`
	Persistent  bool          `json:"is_persistent"`
	Selective   bool          `json:"selective"`
	Placeholder string        `json:"input_field_placeholder"`
}

type keyButton struct {
	Text          string          `json:"text"`
	Contact       bool            `json:"request_contact"`
	Location      bool            `json:"request_location"`
	Users         json.RawMessage `json:"request_users"`
	Chat          json.RawMessage `json:"request_chat"`
	Poll          json.RawMessage `json:"request_poll"`
	WebApp        json.RawMessage `json:"web_app"`
	Style         string          `json:"style"`
	CustomEmojiID string          `json:"icon_custom_emoji_id"`
}

// UnmarshalJSON also takes a bare label, as Telegram does.
func (b *keyButton) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &b.Text)
	}
	type plain keyButton
	return strict(data, (*plain)(b))
}

type removeMarkup struct {
	Remove    bool `json:"remove_keyboard"`
	Selective bool `json:"selective"`
}

type forceMarkup struct {
	Force       bool   `json:"force_reply"`
	Selective   bool   `json:"selective"`
	Placeholder string `json:"input_field_placeholder"`
}

// keyboard is a reply_markup of any kind.
type keyboard struct {
	inline  *inlineMarkup
	keys    [][]Key
	removes bool
	force   bool
}

// markup reads the reply_markup of a call; nil when there is none.
func (c *call) markup(private bool) (*keyboard, *Answer) {
	text := c.params["reply_markup"]
	if text == "" {
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		if json.Valid([]byte(text)) {
			return nil, badRequest("object expected as reply markup")
		}
		return nil, badRequest("can't parse reply keyboard markup JSON object")
	}
	var k keyboard
	var err error
	switch kind := kinds(fields); kind {
	case "inline_keyboard":
		k.inline, err = readInline([]byte(text), fields[kind], c.s.config.MaxLabel)
	case "keyboard":
		k.keys, err = readKeys([]byte(text), fields[kind], private, c.s.config.MaxLabel)
	case "remove_keyboard":
		var m removeMarkup
		err = strict([]byte(text), &m)
		k.removes = m.Remove
		if err == nil && !m.Remove {
			err = errOwn("remove_keyboard must be true")
		}
	case "force_reply":
		var m forceMarkup
		err = strict([]byte(text), &m)
		k.force = m.Force
		if err == nil && !m.Force {
			err = errOwn("force_reply must be true")
		}
		if err == nil {
			err = placeholder(m.Placeholder)
		}
	default:
		err = errOwn("a reply markup is one of inline_keyboard, keyboard, remove_keyboard, force_reply; this is " + kind)
	}
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) {
		return nil, badRequest("can't parse reply markup: field %q must not be of type %s", wrong.Field, wrong.Value)
	}
	if err != nil {
		return nil, badRequest("%v", err)
	}
	if k.inline != nil && len(k.inline.Rows) == 0 {
		return &keyboard{}, nil
	}
	return &k, nil
}

func errOwn(text string) error { return errors.New("telegramtest: " + text) }

// kinds names the kind of a markup, or what is wrong when there is not exactly one.
func kinds(fields map[string]json.RawMessage) string {
	var found []string
	for _, name := range []string{"inline_keyboard", "keyboard", "remove_keyboard", "force_reply"} {
		if _, ok := fields[name]; ok {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return "none"
	case 1:
		return found[0]
	}
	return strings.Join(found, " and ")
}

func array(name, of string, rows json.RawMessage) error {
	if len(rows) == 0 || rows[0] != '[' {
		return fmt.Errorf("field %q of the %s must be an Array", name, of)
	}
	return nil
}

func readInline(text []byte, rows json.RawMessage, maxLabel int) (*inlineMarkup, error) {
	if err := array("inline_keyboard", "InlineKeyboardMarkup", rows); err != nil {
		return nil, err
	}
	var m inlineMarkup
	if err := strict(text, &m); err != nil {
		return nil, fmt.Errorf("can't parse inline keyboard button: %w", err)
	}
	total := 0
	for _, row := range m.Rows {
		if err := checkRow(len(row), &total); err != nil {
			return nil, err
		}
		for _, b := range row {
			if err := b.check(maxLabel); err != nil {
				return nil, err
			}
		}
	}
	return &m, nil
}

// checkRow holds the shape of a keyboard: at most 8 buttons in a row and 100 in all.
func checkRow(n int, total *int) error {
	if *total += n; n > 8 || *total > 100 {
		return errors.New("reply markup is too long")
	}
	if n == 0 {
		return errOwn("a keyboard has an empty row")
	}
	return nil
}

func checkLabel(kind, label string, most int) error {
	if strings.TrimSpace(label) == "" {
		return errors.New(kind + " button text must be non-empty")
	}
	if n := units(label); n > most {
		return errOwn(fmt.Sprintf("a button's label has %d units, more than %d", n, most))
	}
	return nil
}

func (b inlineButton) check(maxLabel int) error {
	if err := checkLabel("inline keyboard", b.Text, maxLabel); err != nil {
		return err
	}
	actions := 0
	for _, is := range []bool{
		b.Data != nil && *b.Data != "", b.URL != "", b.WebApp != nil, b.Login != nil, b.Switch != nil, b.SwitchHere != nil,
		b.SwitchChosen != nil, b.Copy != nil, b.Game != nil, b.Pay,
	} {
		if is {
			actions++
		}
	}
	switch {
	case actions == 0:
		return errors.New("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
	case actions > 1:
		return errOwn("an inline button must do exactly one thing")
	case b.Data != nil && len(*b.Data) > 64:
		return errors.New("BUTTON_DATA_INVALID")
	case b.URL != "":
		return checkURL(b.URL)
	}
	return nil
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err == nil && u.Scheme == "tg":
		return nil
	case err == nil && u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("inline keyboard button URL '%s' is invalid: Unsupported URL protocol", text)
	case err != nil || !strings.Contains(u.Host+u.Path, "."):
		return fmt.Errorf("inline keyboard button URL '%s' is invalid: Wrong HTTP URL", text)
	}
	return nil
}

func readKeys(text []byte, rows json.RawMessage, private bool, maxLabel int) ([][]Key, error) {
	if err := array("keyboard", "ReplyKeyboardMarkup", rows); err != nil {
		return nil, err
	}
	var m replyMarkup
	if err := strict(text, &m); err != nil {
		return nil, fmt.Errorf("can't parse keyboard button: %w", err)
	}
	if err := placeholder(m.Placeholder); err != nil {
		return nil, err
	}
	if len(m.Rows) == 0 {
		return nil, errOwn("a reply keyboard needs a button")
	}
	total := 0
	var out [][]Key
	for _, row := range m.Rows {
		if err := checkRow(len(row), &total); err != nil {
			return nil, err
		}
		var keys []Key
		for _, b := range row {
			if err := b.check(private, maxLabel); err != nil {
				return nil, err
			}
			keys = append(keys, Key{Label: b.Text, Contact: b.Contact})
		}
		out = append(out, keys)
	}
	return out, nil
}

func (b keyButton) check(private bool, maxLabel int) error {
	if err := checkLabel("keyboard", b.Text, maxLabel); err != nil {
		return err
	}
	switch {
	case b.Contact && !private:
		return errors.New("phone number can be requested in private chats only")
	case b.Location && !private:
		return errors.New("location can be requested in private chats only")
	case b.Users != nil || b.Chat != nil || b.Poll != nil || b.WebApp != nil:
		return errOwn("of the keys that ask for something, only those for a number and a place are covered")
	case b.Contact && b.Location:
		return errOwn("a key must do exactly one thing")
	}
	return nil
}

func placeholder(text string) error {
	if n := utf8.RuneCountInString(text); n > 64 {
		return errOwn("input_field_placeholder is longer than 64")
	}
	return nil
}

func (m *inlineMarkup) buttons() [][]Button {
	if m == nil {
		return nil
	}
	out := make([][]Button, 0, len(m.Rows))
	for _, row := range m.Rows {
		buttons := make([]Button, 0, len(row))
		for _, b := range row {
			button := Button{Label: b.Text, URL: b.URL}
			if b.Data != nil {
				button.Data = *b.Data
			}
			buttons = append(buttons, button)
		}
		out = append(out, buttons)
	}
	return out
}

// find returns the data behind a label.
func (m *inlineMarkup) find(label string) (data string, ok bool) {
	if m == nil {
		return "", false
	}
	for _, row := range m.Rows {
		for _, b := range row {
			if b.Text == label && b.Data != nil {
				return *b.Data, true
			}
		}
	}
	return "", false
}

func (m *inlineMarkup) equal(other *inlineMarkup) bool {
	a, _ := json.Marshal(m) // made of what was decoded: it can be encoded
	b, _ := json.Marshal(other)
	return string(a) == string(b)
}
