package telegramtest

// Group is a group that the bot is in. Persons act in it through User.In.
type Group struct {
	s    *Server
	chat *chat
}

// Group makes a group of people into which the first of them has brought the bot.
func (s *Server) Group(title string, members ...*User) *Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	c := &chat{wire: &wireChat{ID: -s.lastID, Type: "group", Title: title}, group: true, open: true}
	s.chats[c.wire.ID] = c
	if len(members) > 0 {
		by := members[0].who
		s.membership(c, by, "left", "member")
		m := &message{wireMessage: wireMessage{From: by, NewMembers: []wireUser{s.bot}}}
		s.add(c, m)
		s.tell(c.wire.ID, "message", m.wireMessage)
	}
	return &Group{s, c}
}

// ID is the group's, a negative number. It changes when the group migrates.
func (g *Group) ID() int64 {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	return g.chat.wire.ID
}

// Kick throws the bot out.
func (g *Group) Kick(by *User) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.chat.gone = &Answer{Code: 403, Description: "Forbidden: bot was kicked from the " + g.chat.wire.Type + " chat"}
	g.s.membership(g.chat, by.who, "member", "kicked")
}

// Migrate makes the group a supergroup: it gets another id, and the old one says which. Whoever looked at the group with
// User.In looks at the old one; In again for the new one.
func (g *Group) Migrate() (newID int64) {
	s := g.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	old := g.chat
	wire := *old.wire
	wire.ID, wire.Type = -1_000_000_000_000-s.lastID, "supergroup"
	c := &chat{wire: &wire, group: true, open: true}
	s.chats[wire.ID] = c
	left := &message{wireMessage: wireMessage{From: &s.bot, MigrateTo: wire.ID}}
	s.add(old, left)
	s.tell(old.wire.ID, "message", left.wireMessage)
	old.gone = Migrated(wire.ID)
	came := &message{wireMessage: wireMessage{From: &s.bot, MigrateFrom: old.wire.ID}}
	s.add(c, came)
	s.tell(wire.ID, "message", came.wireMessage)
	g.chat = c
	return wire.ID
}
