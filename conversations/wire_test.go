package conversations_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sahabatrt/bot/telegram/telegramtest"
	"sahabatrt/program"
	"sahabatrt/store"
)

// What people do with phones, and with clients of their own making, that no button offers: nothing is changed, nothing is
// shown to who may not see it, everything is answered, and kindly.

// phone is what somebody has in his hand.
func (c *ward) phone(a *actor) *telegramtest.User { return c.phones.byChat[a.addr.ID] }

// does has somebody do something with his phone, and returns what he reads then.
func (c *ward) does(t *testing.T, a *actor, do func(*telegramtest.User)) (said string) {
	t.Helper()
	do(c.phone(a))
	if err := c.phones.settled(); err != nil {
		t.Fatalf("%s: %v", a.name, err)
	}
	said = c.reads(t, a)
	c.tellsNothing(t, a, said)
	return said
}

// asks is the newest message of the bot in somebody's chat: the question that he is asked.
func (c *ward) asks(t *testing.T, a *actor) telegramtest.Message {
	t.Helper()
	for _, m := range slices.Backward(c.phone(a).Messages()) {
		if m.FromBot {
			return m
		}
	}
	t.Fatalf("%s was told nothing", a.name)
	return telegramtest.Message{}
}

func dataOf(m telegramtest.Message) (data []string) {
	for _, row := range m.Buttons {
		for _, b := range row {
			data = append(data, b.Data)
		}
	}
	return data
}

// presses has somebody press this on a message of his chat, and fails unless he is told that it is over.
func (c *ward) presses(t *testing.T, a *actor, message int, data string) {
	t.Helper()
	said := c.does(t, a, func(u *telegramtest.User) { u.PressData(message, data) })
	if !strings.Contains(said, "Tombol itu dari pertanyaan yang sudah lewat.") {
		t.Errorf("%s presses %q: %s", a.name, data, said)
	}
}

// leaksNothing reads everything that ever went out, whoever reads it: into chats whose people may not see it, and into
// groups, nothing secret went.
func (c *ward) leaksNothing(t *testing.T) {
	t.Helper()
	sent := 0
	for _, call := range c.phones.srv.Calls() {
		text := strings.Join([]string{call.Params["text"], call.Params["caption"], call.Params["reply_markup"]}, "\n")
		if strings.TrimSpace(text) == "" || call.Method == "getUpdates" {
			continue
		}
		sent++
		i := slices.IndexFunc(c.actors, func(a *actor) bool { return a.addr.ID == strconv.FormatInt(call.Chat, 10) })
		if i >= 0 {
			c.tellsNothing(t, c.actors[i], text)
		} else if strings.Contains(text, secretName) {
			t.Errorf("somebody is told:\n%s", text)
		}
	}
	if sent < len(c.actors) {
		t.Errorf("only %d messages went out", sent)
	}
}

// asked brings the lurah to the question whether Tahan Rahasia may go on. The card before it and the question are what
// others get hold of.
func (c *ward) asked(t *testing.T) (lurah *actor, card, question telegramtest.Message) {
	t.Helper()
	lurah = c.actor("kelurahan here")
	for _, line := range script(toRT14, "[Tahan "+secretName+"]") {
		c.says(t, lurah, line)
	}
	card = c.asks(t, lurah)
	c.says(t, lurah, "[Boleh jalan]")
	return lurah, card, c.asks(t, lurah)
}

// goesOn shows that the lurah's question stood all the time, and that he alone could answer it.
func (c *ward) goesOn(t *testing.T, lurah *actor) {
	t.Helper()
	verify := attempts[slices.IndexFunc(attempts, func(at attempt) bool { return at.verb == program.Verify })]
	if c.done(t, verify, lurah) {
		t.Fatal("it was done without him")
	}
	if said := c.says(t, lurah, "[Ya, boleh jalan]"); !c.done(t, verify, lurah) {
		t.Errorf("he may, and it is not done:\n%s", said)
	}
}

func (c *ward) others(than *actor) []*actor {
	return slices.DeleteFunc(slices.Clone(c.actors), func(a *actor) bool { return a == than })
}

func (c *ward) named(names ...string) (all []*actor) {
	for _, name := range names {
		all = append(all, c.actor(name))
	}
	return all
}

// TestPressesOfOthersOnTelegram: the data of one person's buttons, pressed by everybody else, on a question of their own
// and on what was passed on to them.
func TestPressesOfOthersOnTelegram(t *testing.T) {
	c := newWardOnTelegram(t)
	lurah, card, question := c.asked(t)
	before := c.records(t)
	stolen := append(dataOf(card), dataOf(question)...)
	for _, a := range c.others(lurah) {
		c.says(t, a, "jangan kabari") // a question with a yes of its own, for who is somebody
		for _, data := range stolen {
			if slices.Contains(dataOf(c.asks(t, a)), data) { // his own, which by chance has the same number
				t.Errorf("%s has %q himself", a.name, data)
				continue
			}
			c.presses(t, a, c.asks(t, a).ID, data)
		}
		for _, m := range []telegramtest.Message{card, question} {
			passed := 0
			c.does(t, a, func(u *telegramtest.User) { passed = u.Forward(c.phone(lurah), m.ID) })
			for _, data := range dataOf(m) {
				c.presses(t, a, passed, data)
			}
		}
	}
	unchanged(t, before, c.records(t))
	c.leaksNothing(t)
	c.goesOn(t, lurah)
	c.saysWhatIsThere(t)
}

// TestForgedPressesOnTelegram: data that never stood on a button: for questions that are over or still to come, with
// answers that were not offered, of another form, of all lengths that Telegram takes.
func TestForgedPressesOnTelegram(t *testing.T) {
	c := newWardOnTelegram(t)
	lurah, _, question := c.asked(t)
	before := c.records(t)
	forge := func(a *actor) (forged []string) {
		own := append(dataOf(c.asks(t, a)), "1795399200123.menu") // who has no buttons under the question makes some up
		serial, choice, _ := strings.Cut(own[0], ".")
		n, err := strconv.ParseInt(serial, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		for _, prompt := range []string{fmt.Sprint(n + 1), fmt.Sprint(n - 1), fmt.Sprint(-n), "0", "-1", "1", fmt.Sprint(int64(1) << 62), "99999999999999999999", "", " " + serial, "0x1", "1e9", "१२"} {
			forged = append(forged, prompt+"."+choice)
		}
		for _, answer := range []string{"", "yes!", "Yes", "yes.yes", "_go", "_person", "w0", "w99", "-1", "0", c.worker, c.held, c.ticket, c.talk, here.String(), here.Kelurahan,
			"invite.confirm", "register", "city|1571", "' OR 1=1 --", "%s%n", "<b>yes</b>", "\x00", "\u202eyes", "👍", strings.Repeat("x", 64-len(serial)-1)} {
			forged = append(forged, serial+"."+answer)
		}
		forged = append(forged, serial, ".", "..", "x", "yes", "menu", "/start", "\x00\x01\x7f", strings.Repeat("1", 64), strings.Repeat("é", 32), `{"Prompt":1}`)
		return slices.DeleteFunc(forged, func(data string) bool { return slices.Contains(own, data) })
	}
	for _, a := range append(c.named("stranger", "worker here", "former ketua here", "kecamatan elsewhere", "ketua elsewhere"), lurah) {
		if a != lurah { // who stays at his question
			c.says(t, a, "menu")
		}
		for i := range forge(a) {
			forged := forge(a) // for the question that he is asked now
			c.presses(t, a, c.asks(t, a).ID, forged[min(i, len(forged)-1)])
		}
	}
	for _, data := range dataOf(question) { // his own, but of before
		c.presses(t, lurah, c.asks(t, lurah).ID, data)
	}
	unchanged(t, before, c.records(t))
	c.leaksNothing(t)
	c.goesOn(t, lurah)
	c.saysWhatIsThere(t)
}

// TestInviterReachesAboveOnTelegram: an office that he may not give has no button, and cannot be pressed or written.
func TestInviterReachesAboveOnTelegram(t *testing.T) {
	c := newWardOnTelegram(t)
	before := c.records(t)
	for _, a := range c.named("ketua here", "sekretaris here", "worker here", "kelurahan elsewhere", "kecamatan elsewhere", "stranger") {
		c.says(t, a, "undang")
		offered := dataOf(c.asks(t, a))
		for _, role := range program.Roles {
			own := append(dataOf(c.asks(t, a)), "1.menu")
			serial, _, _ := strings.Cut(own[0], ".")
			if data := serial + "." + string(role); !slices.Contains(own, data) {
				c.presses(t, a, c.asks(t, a).ID, data)
			}
		}
		for _, text := range []string{"Lurah", "Camat", "BPJS", "city", "Ketua RT 3 Legok", "kelurahan", "1571"} {
			if said := c.says(t, a, text); strings.Contains(said, "kode") && strings.Contains(said, "✅") {
				t.Errorf("%s invites %q: %s", a.name, text, said)
			}
		}
		if len(offered) == 0 && a.name == "ketua here" {
			t.Error("he has no buttons to forge")
		}
		c.says(t, a, "menu")
	}
	lurah := c.actor("kelurahan here") // who may invite, but not there
	for _, place := range []string{elsewhere.String(), "RT 3 Legok", "1571", "1571071012", "RT 14 Kenali Asam' OR 1=1 --", "../RT 14"} {
		c.says(t, lurah, "undang")
		c.says(t, lurah, "[Ketua RT]")
		said := c.says(t, lurah, place)
		for _, line := range []string{"Baru Contoh", "081200006999", "ya"} {
			said += c.says(t, lurah, line)
		}
		if strings.Contains(said, "✅") {
			t.Errorf("he invites to %q: %s", place, said)
		}
		c.says(t, lurah, "menu")
	}
	unchanged(t, before, c.records(t))
	c.leaksNothing(t)
	c.saysWhatIsThere(t)
}

// TestCardsOfOthersOnTelegram: a card proves nothing unless it is his own and comes from him.
func TestCardsOfOthersOnTelegram(t *testing.T) {
	c := newWardOnTelegram(t)
	ketua := c.actor("ketua here")
	before := c.records(t)
	card := 0
	c.does(t, ketua, func(u *telegramtest.User) { card = u.ShareContact() })
	for _, a := range c.named("stranger", "worker elsewhere", "former ketua here", "ketua elsewhere") {
		theirs := c.phone(ketua)
		for what, share := range map[string]func(*telegramtest.User){
			"with his id":    func(u *telegramtest.User) { u.ShareContactOf("Ketua Contoh", theirs.Phone, theirs.ID) },
			"without an id":  func(u *telegramtest.User) { u.ShareContactOf("Ketua Contoh", theirs.Phone, 0) },
			"as he wrote it": func(u *telegramtest.User) { u.ShareContactOf("Ketua Contoh", "0812-0000-6000", 0) },
			"passed on":      func(u *telegramtest.User) { u.Forward(theirs, card) },
			"no number":      func(u *telegramtest.User) { u.ShareContactOf("'; DROP TABLE people", "\u202e%s", 0) },
		} {
			for _, where := range []string{"menu", "saya masih aktif?", "kode ABCD2345"} {
				c.says(t, a, where)
				told := "Maaf, saya belum paham."
				if keys := c.phone(a).Keys(); len(keys) > 0 && keys[0][0].Contact { // he is asked for his own
					told = "Itu bukan nomor Bapak/Ibu sendiri, jadi belum bisa dipakai."
				}
				said := c.does(t, a, share)
				if strings.Contains(said, "RT 14") || strings.Contains(said, "✅") || !strings.Contains(said, told) {
					t.Errorf("%s shares another's card %s: %s", a.name, what, said)
				}
			}
			if said := c.says(t, a, "sisa anggaran"); strings.Contains(said, "RT 14") {
				t.Errorf("%s shared another's card %s, and is shown: %s", a.name, what, said)
			}
		}
	}
	unchanged(t, before, c.tries(t))
	c.leaksNothing(t)
	c.saysWhatIsThere(t)
}

// tries are the records without the wrong codes, which are counted.
func (c *ward) tries(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(c.records(t), func(line string) bool { return strings.HasPrefix(line, "invite_tries ") })
}

// TestEditsOnTelegram: what was written is not made into something else, not even into a code that is good.
func TestEditsOnTelegram(t *testing.T) {
	c := newWardOnTelegram(t)
	lurah, _, _ := c.asked(t)
	code := ""
	c.change(t, func(tx *store.Tx) (err error) {
		phone, _ := program.ParsePhone("+6281200006998")
		code, err = tx.InviteAsOperator(store.Invite{Role: program.Ketua, Place: here.String(), Phone: phone, Name: "Orang Contoh"})
		return err
	})
	before := c.records(t)
	for _, a := range append(c.named("stranger", "worker here", "former ketua here"), lurah) {
		for _, text := range []string{"ya", "[Ya, boleh jalan]", "Ya, boleh jalan", "menu", "batal", "kode " + code, "/start " + code, "hapus data saya", "1"} {
			written := 0
			c.does(t, a, func(u *telegramtest.User) { written = u.Write("hmm") })
			if said := c.does(t, a, func(u *telegramtest.User) { u.Edit(written, text) }); !strings.Contains(said, "Pesan yang diubah tidak saya baca lagi.") {
				t.Errorf("%s changes what he wrote to %q: %s", a.name, text, said)
			}
		}
	}
	unchanged(t, before, c.records(t))
	c.leaksNothing(t)
	c.goesOn(t, lurah)
	c.saysWhatIsThere(t)
}

// TestStartsOnTelegram: what stands behind /start is a code or nothing.
func TestStartsOnTelegram(t *testing.T) {
	c := newWardOnTelegram(t)
	before := c.records(t)
	for _, a := range c.named("stranger", "worker elsewhere", "kecamatan elsewhere") {
		for _, start := range []string{"menu", "workers", "invite", "worker=" + c.worker, c.worker, c.ticket, here.String(), "../../etc", "' OR 1=1 --", "%s%n", "<b>", "\u202e", "ABCD2345", "AAAAAAAA BBBBBBBB",
			strings.Repeat("A", 4000)} {
			said := c.does(t, a, func(u *telegramtest.User) { u.Start(start) })
			if strings.Contains(said, "✅") || strings.Contains(said, "RT 14") || !strings.Contains(said, "ode") {
				t.Errorf("%s: /start %.20q: %s", a.name, start, said)
			}
		}
	}
	unchanged(t, before, c.tries(t))
	c.leaksNothing(t)
	c.saysWhatIsThere(t)
}

// TestGroupsOnTelegram: in a group nobody is anybody, whoever he is in private, and the bot says once that it works there.
func TestGroupsOnTelegram(t *testing.T) {
	c := newWardOnTelegram(t)
	lurah, card, question := c.asked(t)
	before := c.records(t)
	people := c.named("kelurahan here", "ketua here", "worker here", "stranger")
	group := c.phones.srv.Group("Warga RT 14", c.phone(people[0]), c.phone(people[1]), c.phone(people[2]), c.phone(people[3]))
	lurahs := c.phone(lurah).In(group)
	told, err := lurahs.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range people {
		u := c.phone(a).In(group)
		for _, text := range []string{"/menu", "/start ABCD2345", "/start", "/batal", "saya masih aktif?", "ya"} {
			u.Write(text)
			u.Reply(told.ID, text)
		}
		for _, data := range append(dataOf(card), dataOf(question)...) {
			u.PressData(told.ID, data)
		}
		u.Forward(c.phone(lurah), card.ID)
		u.ShareContact()
	}
	if err := c.phones.settled(); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); c.phones.srv.Unanswered() > 0 && time.Since(began) < time.Minute; { // beside what is played
		time.Sleep(time.Millisecond)
	}
	if more := lurahs.Read(); len(more) > 0 || strings.Contains(told.Text, secretName) || !strings.Contains(told.Text, "pribadi") {
		t.Errorf("the group is told %q, and then %v", told.Text, more)
	}
	for _, a := range people {
		if said := c.stage.Read(a.addr); len(said) > 0 {
			t.Errorf("%s is told in private: %v", a.name, said)
		}
	}
	unchanged(t, before, c.records(t))
	c.leaksNothing(t)
	c.goesOn(t, lurah)
}
