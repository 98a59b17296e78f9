package conversations_test

import (
	"sahabatrt/bot/telegram/telegramtest"
)

// phone is what somebody has in his hand.
func (c *ward) phone(a *actor) *telegramtest.User { return c.phones.byChat[a.addr.ID] }
