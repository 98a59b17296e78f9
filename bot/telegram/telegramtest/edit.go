package telegramtest

import "time"

// past finds a message of the bot that a call wants to change. Call with mu held.
func (c *call) past() (*message, *Answer) {
	id, refused := c.int("message_id", 0)
	if refused != nil {
		return nil, refused
	}
	if id == 0 {
		return nil, badRequest("message identifier is not specified")
	}
	to, refused := c.to()
	if refused != nil {
		return nil, refused
	}
	m := to.find(id)
	switch {
	case m == nil:
		return nil, badRequest("message to edit not found")
	case !m.fromBot || m.fixed:
		return nil, badRequest("message can't be edited")
	}
	return m, nil
}

// inline reads the keyboard of an edit: only one under the message will do.
func (c *call) inline() (*inlineMarkup, *Answer) {
	k, refused := c.markup(c.private())
	if refused != nil || k == nil {
		return nil, refused
	}
	if k.keys != nil || k.removes || k.force {
		return nil, badRequest("inline keyboard expected")
	}
	return k.inline, nil
}

// edit changes a message: change says what becomes of it, or refuses.
func (c *call) edit(change func(m *message) *Answer) (any, *Answer) {
	inline, refused := c.inline()
	if refused != nil {
		return nil, refused
	}
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	m, refused := c.past()
	if refused != nil {
		return nil, refused
	}
	before := m.wireMessage
	if refused := change(m); refused != nil {
		return nil, refused
	}
	if m.Text == before.Text && m.Caption == before.Caption && m.Markup.equal(inline) && same(m.Entities, before.Entities) && same(m.CaptionEntities, before.CaptionEntities) {
		m.wireMessage = before
		return nil, badRequest("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")
	}
	m.setMarkup(inline)
	m.EditDate = s.config.Now().Unix()
	s.chats[m.Chat.ID].ring()
	return m.wireMessage, nil
}

func editMessageReplyMarkup(c *call) (any, *Answer) {
	return c.edit(func(*message) *Answer { return nil })
}

func editMessageText(c *call) (any, *Answer) {
	text, entities, refused := c.text("text", "entities")
	if refused != nil {
		return nil, refused
	}
	switch n := units(text); {
	case n == 0:
		return nil, badRequest("message text is empty")
	case n > 4096:
		return nil, badRequest("MESSAGE_TOO_LONG")
	}
	return c.edit(func(m *message) *Answer {
		if m.Text == "" {
			return badRequest("there is no text in the message to edit")
		}
		m.Text, m.Entities = text, entities
		return nil
	})
}

func editMessageCaption(c *call) (any, *Answer) {
	caption, entities, refused := c.caption()
	if refused != nil {
		return nil, refused
	}
	return c.edit(func(m *message) *Answer {
		if m.Text != "" {
			return badRequest("there is no caption in the message to edit")
		}
		m.Caption, m.CaptionEntities = caption, entities
		return nil
	})
}

func deleteMessage(c *call) (any, *Answer) {
	id, refused := c.int("message_id", 0)
	if refused != nil {
		return nil, refused
	}
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	to, refused := c.to()
	if refused != nil {
		return nil, refused
	}
	m := to.find(id)
	switch {
	case m == nil:
		return nil, badRequest("message to delete not found")
	case to.group && !m.fromBot:
		return nil, badRequest("message can't be deleted")
	case s.config.Now().Sub(m.at) > 48*time.Hour:
		return nil, badRequest("message can't be deleted for everyone")
	}
	m.deleted = true
	to.ring()
	return true, nil
}
