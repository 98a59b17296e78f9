package telegramtest

import (
	"strconv"
	"time"
)

// to finds the chat that a call is about, and refuses when the bot cannot write to it. Call with mu held.
func (c *call) to() (*chat, *Answer) {
	id := c.params["chat_id"]
	if id == "" {
		return nil, badRequest("chat_id is empty")
	}
	to := c.s.chats[c.chatID]
	switch {
	case to == nil || strconv.FormatInt(c.chatID, 10) != id:
		return nil, ChatNotFound
	case to.gone != nil:
		return nil, to.gone
	case !to.open:
		return nil, CannotInitiate
	}
	return to, nil
}

// private tells whether a call is about a person.
func (c *call) private() bool { return c.chatID > 0 }

func sendMessage(c *call) (any, *Answer) {
	text, entities, refused := c.text("text", "entities")
	if refused != nil {
		return nil, refused
	}
	switch n := units(text); {
	case n == 0:
		return nil, badRequest("message text is empty")
	case n > 4096:
		return nil, badRequest("message is too long")
	}
	return c.send(&message{wireMessage: wireMessage{Text: text, Entities: entities}})
}

// send delivers a message with the keyboard that the call gives it.
func (c *call) send(m *message) (any, *Answer) {
	k, refused := c.markup(c.private())
	if refused != nil {
		return nil, refused
	}
	replyTo, forced, refused := c.replyTo()
	if refused != nil {
		return nil, refused
	}
	if m.Protected, refused = c.bool("protect_content"); refused != nil {
		return nil, refused
	}
	for _, name := range []string{"disable_notification", "allow_paid_broadcast", "disable_web_page_preview", "has_spoiler", "show_caption_above_media", "disable_content_type_detection"} {
		if _, refused = c.bool(name); refused != nil {
			return nil, refused
		}
	}
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	to, refused := c.to()
	if refused != nil {
		return nil, refused
	}
	if replyTo != 0 {
		replied := to.find(replyTo)
		if replied == nil && forced {
			return nil, badRequest("message to be replied not found")
		}
		if replied != nil {
			m.ReplyTo = replied.short()
		}
	}
	m.fromBot = true
	m.From = &s.bot
	m.dress(k)
	s.add(to, m)
	if k != nil && (k.keys != nil || k.removes) {
		to.keys = k.keys
	}
	return m.wireMessage, nil
}

// dress gives a message its keyboard.
func (m *message) dress(k *keyboard) {
	if k == nil {
		return
	}
	m.keys, m.removes, m.fixed = k.keys, k.removes, k.keys != nil || k.force
	m.setMarkup(k.inline)
}

func (m *message) setMarkup(inline *inlineMarkup) {
	m.Markup = inline
	if inline != nil {
		m.had = append(m.had, inline)
	}
}

// short is the message without what it answers: nothing is nested deeper.
func (m *message) short() *wireMessage {
	w := m.wireMessage
	w.ReplyTo = nil
	return &w
}

// replyTo reads what a message answers, and whether that must be there.
func (c *call) replyTo() (id int, must bool, refused *Answer) {
	var p struct {
		MessageID int    `json:"message_id"`
		Without   bool   `json:"allow_sending_without_reply"`
		ChatID    int64  `json:"chat_id"`
		Quote     string `json:"quote"`
	}
	if refused = c.decode("reply_parameters", &p); refused != nil {
		return 0, false, refused
	}
	if p.MessageID != 0 {
		return p.MessageID, !p.Without, nil
	}
	if id, refused = c.int("reply_to_message_id", 0); refused != nil {
		return 0, false, refused
	}
	without, refused := c.bool("allow_sending_without_reply")
	return id, !without, refused
}

// chatActions are what sendChatAction can show.
var chatActions = map[string]bool{
	"typing": true, "upload_photo": true, "record_video": true, "upload_video": true, "record_voice": true, "upload_voice": true,
	"upload_document": true, "choose_sticker": true, "find_location": true, "record_video_note": true, "upload_video_note": true,
}

func sendChatAction(c *call) (any, *Answer) {
	if !chatActions[c.params["action"]] {
		return nil, badRequest("wrong parameter action in request")
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	to, refused := c.to()
	if refused != nil {
		return nil, refused
	}
	to.typing = c.s.config.Now().Add(5 * time.Second)
	return true, nil
}
