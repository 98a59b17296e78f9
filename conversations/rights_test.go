package conversations_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sahabatrt/bot"
	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/storetest"
)

// The matrix of who × verb × area is played: what the table of program says somebody may do, the conversation lets him
// do; what it does not say changes nothing and shows nothing.

var here, elsewhere = program.RT{Kelurahan: "1571071012", Number: 14}, program.RT{Kelurahan: "1571101003", Number: 3}

// actor is somebody with one office, in the area that everything is about or in another.
type actor struct {
	name   string
	office program.Office // none for a stranger
	addr   bot.Address
	phone  program.Phone
	last   bot.Message // the newest with buttons
}

// areaOf is where a role has its office for an RT.
func areaOf(role program.Role, rt program.RT) string {
	switch role {
	case program.Lurah:
		return rt.Kelurahan
	case program.Camat:
		return rt.Kelurahan[:6]
	case program.City, program.BPJS, program.Admin:
		return program.CityCode
	}
	return rt.String()
}

// ward is a city with RT 14, about which everything is, and one actor of each role there and in another area.
type ward struct {
	*city
	phones *phones // nil in the terminal
	actors []*actor
	worker string // Udin Rahasia of RT 14, who is also an actor
	held   string // waits for the kelurahan
	moving string // is asked for by RT 15
	ticket string // of Udin
	talk   string // of the ketua with the lurah
	serial int
}

const secretName = "Rahasia"

// newWard is a ward whose people are in the terminal, so that they can send what no phone would.
func newWard(t *testing.T) *ward {
	t.Helper()
	return (&ward{city: newCity(t)}).peopled(t)
}

// newWardOnTelegram is one whose people have phones: all they do and read goes over the wire.
func newWardOnTelegram(t *testing.T) *ward {
	t.Helper()
	c := &ward{city: newCity(t)}
	c.phones = c.onTelegram(t)
	return c.peopled(t)
}

// newWardEitherWay is in the terminal on SQLite, and on Telegram where the same is played again on PostgreSQL.
func newWardEitherWay(t *testing.T) *ward {
	t.Helper()
	if storetest.OnPostgres() {
		return newWardOnTelegram(t)
	}
	return newWard(t)
}

func (c *ward) peopled(t *testing.T) *ward {
	t.Helper()
	other := ""
	c.change(t, func(tx *store.Tx) (err error) {
		c.worker, c.held, c.moving, other = "", "", "", ""
		for i, w := range []struct {
			id    *string
			name  string
			state program.State
			rt    program.RT
		}{
			{&c.worker, "Udin " + secretName, program.Active, here}, {&c.held, "Tahan " + secretName, program.Held, here},
			{&c.moving, "Pindah " + secretName, program.Submitted, here}, {&other, "Lain Contoh", program.Submitted, elsewhere},
		} {
			nik, err := program.ParseNIK(fmt.Sprintf("15710701018000%02d", 11+i))
			if err != nil {
				return err
			}
			worker := store.Worker{RT: w.rt, State: w.state, Category: program.BecakDriver, Sex: program.Male, Name: w.name, NIK: nik,
				Birth: program.Date{Year: 1980, Month: 1, Day: 1}, Address: "Jalan " + secretName + " 5", FirstMonth: program.NewMonth(2026, 11), Months: 2}
			if w.state == program.Held {
				worker.Reason = store.ReasonElsewhere
			}
			if _, err := tx.ImportWorker(worker, ""); err != nil {
				return err
			}
			got, _, err := tx.FindNIK(nik)
			if err != nil {
				return err
			}
			*w.id = got.ID
		}
		return nil
	})
	for _, rt := range []program.RT{here, elsewhere} {
		for _, role := range program.Roles {
			if rt == elsewhere && areaOf(role, rt) == program.CityCode {
				continue // there is one city
			}
			office := program.Office{Role: role, Place: areaOf(role, rt)}
			if role == program.Worker {
				office.Place = map[program.RT]string{here: c.worker, elsewhere: other}[rt]
			}
			name := string(role) + " here"
			if rt == elsewhere {
				name = string(role) + " elsewhere"
			}
			c.enter(t, name, office)
		}
	}
	c.enter(t, "stranger", program.Office{})
	c.enter(t, "former ketua here", program.Office{Role: program.Wakil, Place: here.String()})
	former := c.actor("former ketua here")
	former.office = program.Office{}
	c.change(t, func(tx *store.Tx) error {
		p, err := tx.PersonByChat(former.addr.Channel, former.addr.ID)
		if err != nil {
			return err
		}
		if err := tx.EndOffice(p.ID, program.Office{Role: program.Wakil, Place: here.String()}, ""); err != nil {
			return err
		}
		w, err := tx.Worker(c.worker)
		if err != nil {
			return err
		}
		at := c.actor("worker here").addr
		self, err := tx.PersonByChat(at.Channel, at.ID)
		if err != nil {
			return err
		}
		ticket, err := tx.OpenTicket(store.TicketWrong, w.ID, self, "catatan "+secretName)
		if err != nil {
			return err
		}
		c.ticket = ticket.ID
		phone, _ := program.ParsePhone(people["ketua15"].phone)
		asks, err := tx.PersonByPhone(phone)
		if err != nil {
			return err
		}
		moving, err := tx.Worker(c.moving)
		if err != nil {
			return err
		}
		return tx.AskMove(moving.NIK, program.RT{Kelurahan: here.Kelurahan, Number: 15}, asks)
	})
	c.change(t, func(tx *store.Tx) error {
		ketua, lurah := c.actor("ketua here"), c.actor("kelurahan here")
		p, err := tx.PersonByChat(ketua.addr.Channel, ketua.addr.ID)
		if err != nil {
			return err
		}
		official, err := tx.PersonByChat(lurah.addr.Channel, lurah.addr.ID)
		if err != nil {
			return err
		}
		talk, err := tx.OpenTalk(p, official.ID, store.Chat{Channel: ketua.addr.Channel, ID: ketua.addr.ID})
		c.talk = talk.ID
		return err
	})
	for _, a := range c.actors {
		c.says(t, a, "menu")
	}
	return c
}

// enter brings somebody in, in a chat that a code linked.
func (c *ward) enter(t *testing.T, name string, office program.Office) {
	t.Helper()
	phone, err := program.ParsePhone(fmt.Sprintf("+62812000060%02d", len(c.actors)))
	if err != nil {
		t.Fatal(err)
	}
	a := &actor{name: name, office: office, phone: phone}
	a.addr, _ = c.stage.Person(name)
	if c.phones != nil {
		c.phone(a).Phone = strings.TrimPrefix(phone.E164(), "+")
	}
	c.actors = append(c.actors, a)
	if office.Role == "" {
		return
	}
	c.change(t, func(tx *store.Tx) error {
		id, _, err := tx.PutPerson(store.Person{Name: "Orang Contoh", Phone: phone, Honorific: store.Pak, Offices: []program.Office{office}})
		if err != nil {
			return err
		}
		return tx.LinkChat(a.addr.Channel, a.addr.ID, id, "invite")
	})
}

func (c *ward) actor(name string) *actor {
	return c.actors[slices.IndexFunc(c.actors, func(a *actor) bool { return a.name == name })]
}

// says has somebody type a text, or press the first of "[A|B]" that there is; where there is none nothing is sent. It
// returns what the bot says.
func (c *ward) says(t *testing.T, a *actor, line string) (said string) {
	t.Helper()
	c.serial++
	u := bot.Update{ID: fmt.Sprint("x", c.serial), From: a.addr, Text: line, At: start}
	if labels, ok := strings.CutPrefix(line, "["); ok {
		u.Text = ""
		for _, label := range strings.Split(strings.TrimSuffix(labels, "]"), "|") {
			if i := slices.IndexFunc(a.last.Choices, func(b bot.Button) bool { return b.Label == label }); i >= 0 && u.Press == nil {
				u.Press = &bot.Press{Prompt: a.last.Prompt, Choice: a.last.Choices[i].ID}
			}
		}
		if u.Press == nil {
			return ""
		}
	}
	return c.hears(t, a, u)
}

// hears has something come from somebody, in whatever way he is reached, and returns what the bot says.
func (c *ward) hears(t *testing.T, a *actor, u bot.Update) (said string) {
	t.Helper()
	if err := c.stage.Tell([]bot.Update{u}); err != nil {
		t.Fatalf("%s: %q %+v: %v", a.name, u.Text, u.Press, err)
	}
	if said = c.reads(t, a); said == "" {
		t.Errorf("%s is not answered: %q %+v", a.name, u.Text, u.Press)
	}
	return said
}

// unkind are words of machines and of offices, which say neither what is wrong nor what one can do.
var unkind = regexp.MustCompile(`(?i)tidak valid|ditolak|dilarang|\berror\b|\bgagal\b|\bakses\b|<no value>`)

// reads is what somebody was told since he read last.
func (c *ward) reads(t *testing.T, a *actor) (said string) {
	t.Helper()
	for _, m := range c.stage.Read(a.addr) {
		if strings.TrimSpace(m.Text) == "" {
			t.Errorf("%s is answered with nothing", a.name)
		}
		if word := unkind.FindString(m.Text); word != "" {
			t.Errorf("%s is told %q:\n%s", a.name, word, m.Text)
		}
		if len(m.Choices) > 0 {
			a.last = m
		}
		said += m.Text + "\n"
	}
	return said
}

// attempt is the conversation in which somebody does what a verb names to RT 14, and how it shows that he did.
type attempt struct {
	verb   program.Verb
	script []string
	shown  string                                              // what is told who may see, and nobody else
	done   func(c *ward, a *actor, tx *store.Tx) (bool, error) // what is changed by who may change
}

var toRT14 = []string{"lihat pekerja", "[Kota Baru]", "[Kenali Asam]", "[RT 14 Kenali Asam]"}

func script(begin []string, more ...string) []string { return append(slices.Clone(begin), more...) }

var attempts = []attempt{
	{verb: program.SeeSelf, script: []string{"saya masih aktif?"}, shown: "Pak Udin " + secretName + ", per"},
	{verb: program.SeeBudget, script: []string{"sisa anggaran", "lihat wilayah", "[Kota Baru]", "[Kenali Asam]"}, shown: "Rp38."},
	{verb: program.SeeWorkers, script: toRT14, shown: "Tahan " + secretName},
	{verb: program.Register, script: []string{"daftar pekerja", "becak", "Baru Contoh", "1571070101800099", "ya", "tidak punya", "di rt ini", "belum", "1 bulan", "simpan"},
		done: func(c *ward, _ *actor, tx *store.Tx) (bool, error) {
			nik, _ := program.ParseNIK("1571070101800099")
			w, found, err := tx.FindNIK(nik)
			return found && w.RT == here, err
		}},
	{verb: program.Correct, script: script(toRT14, "[Udin "+secretName+"]", "[Perbaiki data]", "[Alamat]", "Jalan Baru nomor 9", "ya"),
		done: func(c *ward, _ *actor, tx *store.Tx) (bool, error) {
			w, err := tx.Worker(c.worker)
			return w.Address == "Jalan Baru nomor 9", err
		}},
	{verb: program.Verify, script: script(toRT14, "[Tahan "+secretName+"]", "[Boleh jalan]", "[Ya, boleh jalan]"),
		done: func(c *ward, _ *actor, tx *store.Tx) (bool, error) {
			w, err := tx.Worker(c.held)
			return w.State != program.Held, err
		}},
	{verb: program.Move, script: []string{"pindah", "[Pindah " + secretName + "]", "[Boleh pindah]", "ya"},
		done: func(c *ward, _ *actor, tx *store.Tx) (bool, error) {
			w, err := tx.Worker(c.moving)
			return w.RT != here, err
		}},
	{verb: program.HandOver, script: []string{"undang", "[Ketua pengganti saya]", "Baru Contoh", "081200006999", "ya"},
		done: func(c *ward, a *actor, tx *store.Tx) (bool, error) { return c.invited(tx, a, program.Ketua) }},
	{verb: program.Invite, script: []string{"undang", "[Bendahara RT|Ketua RT]", "RT 14 Kenali Asam", "Baru Contoh", "081200006999", "ya"},
		done: func(c *ward, a *actor, tx *store.Tx) (bool, error) { return c.invited(tx, a, "") }},
	{verb: program.Unlink, script: script(toRT14, "[HP pengurus hilang]", "[Ketua RT]", "[Nomornya tetap]", "ya"),
		done: func(c *ward, _ *actor, tx *store.Tx) (bool, error) {
			chats, err := tx.Officers(program.Ketua, here.String())
			if err != nil {
				return false, err
			}
			at, err := tx.Chats(chats[0].ID)
			return len(at) == 0, err
		}},
	{verb: program.AnswerRight, script: []string{"permintaan warga", "[Nomor 1]", "[Jawab saja]", "sudah kami periksa", "ya"},
		done: func(c *ward, _ *actor, tx *store.Tx) (bool, error) {
			ticket, err := tx.Ticket(c.ticket)
			return !ticket.Closed.IsZero(), err
		}},
	{verb: program.TakeOver, script: []string{"jawab", "[Nomor 1]"},
		done: func(c *ward, _ *actor, tx *store.Tx) (bool, error) {
			talk, err := tx.Talk(c.talk)
			return !talk.Joined.IsZero(), err
		}},
}

// invited says whether somebody issued an invitation to RT 14, to this role unless it is "".
func (c *ward) invited(tx *store.Tx, a *actor, role program.Role) (bool, error) {
	p, err := tx.PersonByChat(a.addr.Channel, a.addr.ID)
	if err != nil {
		return false, nil // nobody: he has issued nothing
	}
	issued, err := tx.Invites(p.ID)
	return slices.ContainsFunc(issued, func(i store.Issued) bool { return i.Place == here.String() && (role == "" || i.Role == role) }), err
}

// notInChat are the verbs that no conversation here offers, and the roles that have a right but no conversation for it.
var notInChat = map[program.Verb][]program.Role{
	program.Pay:       nil,                          // payments come with their own issue
	program.BeAlerted: nil,                          // the bot speaks first
	program.ReadAudit: nil,                          // sahabatrt audit
	program.Unlink:    {program.Admin},              // sahabatrt unlink
	program.TakeOver:  {program.City, program.BPJS}, // a talk is with one official, here the lurah
}

// may says whether the table lets somebody do this to RT 14, by a conversation.
func (c *ward) may(a *actor, verb program.Verb) bool {
	place := here.String()
	if verb == program.SeeSelf {
		place = c.worker
	}
	offered := !slices.Contains(notInChat[verb], a.office.Role)
	return offered && program.May([]program.Office{a.office}, verb, place)
}

// anywhere says whether the table lets somebody do this at all.
func anywhere(a *actor, verb program.Verb) bool {
	return program.May([]program.Office{a.office}, verb, a.office.Place)
}

func (c *ward) done(t *testing.T, at attempt, a *actor) (done bool) {
	t.Helper()
	if err := c.db.View(t.Context(), func(tx *store.Tx) (err error) {
		done, err = at.done(c, a, tx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return done
}

var anyID = regexp.MustCompile(`#\d+`)

// records is the picture without ids, a row a line, and without what officials read, which is noted of whoever may read.
func (c *ward) records(t *testing.T) []string {
	t.Helper()
	lines := strings.Split(anyID.ReplaceAllString(c.picture(t), "#"), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, `what="record.read"`) })
	slices.Sort(lines)
	return lines
}

// unchanged fails with the rows that are in one of both.
func unchanged(t *testing.T, before, after []string) {
	t.Helper()
	count := map[string]int{}
	for _, line := range before {
		count[line]--
	}
	for _, line := range after {
		count[line]++
	}
	for line, n := range count {
		if n != 0 {
			t.Errorf("%+d: %s", n, line)
		}
	}
}

// TestEveryVerbIsTried: a verb that is added to the table is played here, or says why not.
func TestEveryVerbIsTried(t *testing.T) {
	for _, verb := range program.Verbs {
		roles, told := notInChat[verb]
		tried := slices.ContainsFunc(attempts, func(a attempt) bool { return a.verb == verb })
		if tried == (told && roles == nil) {
			t.Errorf("%s: tried %v, told why not %v", verb, tried, told)
		}
	}
}

// TestMatrix plays who × verb × area, once in the terminal and once over the wire.
func TestMatrix(t *testing.T) {
	for _, at := range attempts {
		t.Run(string(at.verb), func(t *testing.T) {
			c := newWardEitherWay(t)
			c.refuses(t, at)
			c = newWardEitherWay(t)
			for _, a := range c.actors {
				if !c.may(a, at.verb) {
					continue
				}
				if at.done == nil {
					if said := c.plays(t, a, at.script); !strings.Contains(said, at.shown) {
						t.Errorf("%s may, and is not shown it:\n%s", a.name, said)
					}
					continue
				}
				if c.done(t, at, a) {
					c = newWardEitherWay(t)
				}
				c.succeeds(t, at, a.name)
			}
			c.saysWhatIsThere(t)
		})
	}
}

// TestReadingIsNoted: whoever reads the workers of an RT as an official leaves a trace of the list and of the worker, sees the
// NIK masked, and money only with the right to it.
func TestReadingIsNoted(t *testing.T) {
	c := newWard(t)
	for _, role := range []program.Role{program.Lurah, program.City, program.BPJS} {
		a := c.actor(string(role) + " here")
		said := c.plays(t, a, script(toRT14, "[Udin "+secretName+"]"))
		if !strings.Contains(said, "1571********0011") || strings.Contains(said, "1571070101800011") {
			t.Errorf("%s reads a card without a NIK, or with all of it:\n%s", a.name, said)
		}
		if money := program.May([]program.Office{a.office}, program.SeeBudget, here.String()); strings.Contains(said, "Rp") != money {
			t.Errorf("%s may see money: %v:\n%s", a.name, money, said)
		}
		c.change(t, func(tx *store.Tx) error {
			p, err := tx.PersonByChat(a.addr.Channel, a.addr.ID)
			if err != nil {
				return err
			}
			for _, subject := range []string{here.String(), c.worker} {
				n := 0
				if err := tx.Traces(store.TraceQuery{Subject: subject}, func(trace store.Trace) error {
					if trace.By == p.ID && trace.What == "record.read" {
						n++
					}
					return nil
				}); err != nil {
					return err
				}
				if n != 1 {
					t.Errorf("%s read %s: noted %d times", a.name, subject, n)
				}
			}
			return nil
		})
	}
}

// saysWhatIsThere: every sentence that was said is in the catalogue.
func (c *ward) saysWhatIsThere(t *testing.T) {
	t.Helper()
	for _, line := range strings.Split(c.log.String(), "\n") {
		if strings.Contains(line, "text missing") {
			t.Error(line)
		}
	}
}

func (c *ward) plays(t *testing.T, a *actor, script []string) (said string) {
	t.Helper()
	for _, line := range script {
		said += c.says(t, a, line)
	}
	c.says(t, a, "menu")
	return said
}

// refuses has all those try who may not: nothing is changed, and nobody's data is shown to who may not see it.
func (c *ward) refuses(t *testing.T, at attempt) {
	t.Helper()
	before := c.records(t)
	for _, a := range c.actors {
		if c.may(a, at.verb) || anywhere(a, at.verb) {
			continue
		}
		said := c.plays(t, a, at.script)
		if at.done != nil && c.done(t, at, a) {
			t.Errorf("%s may not, and did it", a.name)
		}
		if at.shown != "" && strings.Contains(said, at.shown) {
			t.Errorf("%s may not see it, and is shown:\n%s", a.name, said)
		}
		c.tellsNothing(t, a, said)
	}
	unchanged(t, before, c.records(t))
	for _, a := range c.actors { // the same office elsewhere: what he does is done there
		if c.may(a, at.verb) || !anywhere(a, at.verb) {
			continue
		}
		said := c.plays(t, a, at.script)
		if at.done != nil && c.done(t, at, a) || at.shown != "" && strings.Contains(said, at.shown) {
			t.Errorf("%s may elsewhere, and did it here:\n%s", a.name, said)
		}
		c.tellsNothing(t, a, said)
	}
}

func (c *ward) tellsNothing(t *testing.T, a *actor, said string) {
	t.Helper()
	offices := []program.Office{a.office}
	if program.May(offices, program.SeeWorkers, here.String()) || a.office.Place == c.worker {
		return
	}
	if strings.Contains(said, secretName) || strings.Contains(said, "********0011") {
		t.Errorf("%s is told of somebody whom he may not see:\n%s", a.name, said)
	}
}

// succeeds has somebody do what he may. Before the last word everything that he was asked is put to outsiders, as if they
// stood there: whatever they press or say, nothing is done and nothing is shown.
func (c *ward) succeeds(t *testing.T, at attempt, name string) {
	t.Helper()
	a, seen := c.actor(name), len(c.states.seen)
	last := len(at.script) - 1
	for _, line := range at.script[:last] {
		c.says(t, a, line)
	}
	before := c.records(t)
	for _, outsider := range []string{"stranger", "kecamatan elsewhere", "former ketua here"} {
		c.stands(t, c.actor(outsider), c.states.seen[seen:])
	}
	unchanged(t, before, c.records(t))
	if c.done(t, at, a) {
		t.Fatalf("%s: it was done without him", a.name)
	}
	if said := c.says(t, a, at.script[last]); !c.done(t, at, a) {
		t.Errorf("%s may, and it is not done:\n%s", a.name, said)
	}
}

// stands plays each state that somebody else was in from an outsider's chat, with each of its buttons, with some that
// were never there, and with words.
func (c *ward) stands(t *testing.T, outsider *actor, states []state) {
	t.Helper()
	met := map[string]bool{}
	for _, s := range states {
		at := s.where(t)
		if met[at.String()] || at.Flow == "menu" {
			continue
		}
		met[at.String()] = true
		var stored struct {
			Serial  int64
			Buttons []struct{ ID string }
		}
		if err := json.Unmarshal(s.session, &stored); err != nil {
			t.Fatal(err)
		}
		updates := []bot.Update{{Text: "ya"}, {Text: "1"}, {Text: "Siti Contoh"}, {Text: "kembali"}}
		for _, b := range stored.Buttons {
			updates = append(updates, bot.Update{Press: &bot.Press{Prompt: stored.Serial, Choice: b.ID}})
		}
		for i, u := range updates {
			u.ID, u.From, u.At = fmt.Sprint("forged", i), outsider.addr, start
			out, err := c.lanes.Engine.Play(context.Background(), s.session, u, c.clock())
			if err != nil || len(out.Replies) == 0 {
				t.Errorf("%s at %s, %+v: %d replies, %v", outsider.name, at, u, len(out.Replies), err)
				continue
			}
			for _, m := range out.Replies {
				for _, secret := range []string{secretName, "********0011", "Rp38."} {
					if strings.Contains(m.Text, secret) && !bytes.Contains(s.session, []byte(secret)) {
						t.Errorf("%s at %s is told:\n%s", outsider.name, at, m.Text)
					}
				}
			}
		}
	}
}

// TestInviterReachesAbove: whatever he forges of an invitation that he may make, it does not go above him or elsewhere.
func TestInviterReachesAbove(t *testing.T) {
	c := newWard(t)
	a := c.actor("ketua here")
	for _, line := range attempts[slices.IndexFunc(attempts, func(a attempt) bool { return a.verb == program.Invite })].script[:5] {
		c.says(t, a, line)
	}
	confirm := c.states.seen[len(c.states.seen)-1].session
	if !bytes.Contains(confirm, []byte(`"Role":"bendahara"`)) {
		t.Fatalf("he is asked something else: %s", confirm)
	}
	before := c.records(t)
	c.forges(t, a, confirm, map[string]string{
		"another role":       `"Role":"kelurahan"|"Place":"` + here.Kelurahan + `"`,
		"the city":           `"Role":"city"|"Place":"1571"`,
		"an admin":           `"Role":"admin"|"Place":"1571"`,
		"another RT":         `"Role":"bendahara"|"Place":"` + elsewhere.String() + `"`,
		"the ketua there":    `"Role":"ketua"|"Place":"` + elsewhere.String() + `"`,
		"no place at all":    `"Role":"bendahara"|"Place":""`,
		"a role of his own":  `"Role":"raja"|"Place":"` + here.String() + `"`,
		"a worker elsewhere": `"Role":"worker"|"Place":"none"`,
		"an area as an RT":   `"Role":"bendahara"|"Place":"` + here.Kelurahan + `"`,
	})
	for _, choice := range []string{"kelurahan", "kecamatan", "city", "bpjs", "admin", "_go", "yes;drop", "0190a1b2-0000-7000-8000-000000000000"} { // buttons that he never had
		if said := c.hears(t, a, bot.Update{ID: "press " + choice, From: a.addr, Press: &bot.Press{Prompt: a.last.Prompt, Choice: choice}, At: start}); !strings.Contains(said, "sudah lewat") {
			t.Errorf("a button %q that was never there: %s", choice, said)
		}
	}
	unchanged(t, before, c.records(t))
	c.saysWhatIsThere(t)
}

// forges plays a yes to a confirmation whose draft holds another role and place.
func (c *ward) forges(t *testing.T, a *actor, confirm []byte, drafts map[string]string) {
	t.Helper()
	for what, draft := range drafts {
		role, place, _ := strings.Cut(draft, "|")
		session := bytes.Replace(confirm, []byte(`"Role":"bendahara"`), []byte(role), 1)
		session = bytes.Replace(session, []byte(`"Place":"`+here.String()+`"`), []byte(place), 1)
		out, err := c.lanes.Engine.Play(context.Background(), session, bot.Update{ID: what, From: a.addr, Text: "ya", At: start}, c.clock())
		if err != nil || !strings.Contains(out.Replies[0].Text, "yang berwenang") {
			t.Errorf("%s: %v, %v", what, out.Replies, err)
		}
	}
}

// TestButtonsOfOthers: a button that was shown to another, an old one, one with a number made up, and a choice too many, are
// answered kindly, in whatever chat, and do nothing.
func TestButtonsOfOthers(t *testing.T) {
	c := newWard(t)
	lurah, ketua := c.actor("kelurahan here"), c.actor("ketua here")
	for _, line := range script(toRT14, "[Tahan "+secretName+"]") {
		c.says(t, lurah, line)
	}
	card := lurah.last
	c.says(t, lurah, "[Boleh jalan]")
	asked := lurah.last
	c.says(t, lurah, "[Tidak jadi]")
	before := c.records(t)
	n, told := 0, 0
	for _, a := range append(slices.Clone(c.actors), lurah) {
		c.says(t, a, "menu")
		for _, m := range []bot.Message{card, asked} {
			for _, b := range append(slices.Clone(m.Choices), bot.Button{ID: "yes"}, bot.Button{ID: "w0"}, bot.Button{ID: strings.Repeat("x", 500)}, bot.Button{ID: "%s\x00"}) {
				for _, prompt := range []int64{m.Prompt, 0, -1, 1 << 62} {
					n++
					c.send(t, bot.Update{ID: fmt.Sprint("other", n), From: a.addr, Press: &bot.Press{Prompt: prompt, Choice: b.ID}, At: start})
					c.lanes.Wait()
					for _, said := range c.said.Read(a.addr) { // a second tap on what he pressed last is answered already
						told++
						if !strings.Contains(said.Text, "sudah lewat") || strings.Contains(said.Text, secretName) {
							t.Fatalf("%s presses %q of %d: %s", a.name, b.ID, prompt, said.Text)
						}
					}
				}
			}
		}
	}
	if told < n/2 {
		t.Errorf("%d of %d are answered", told, n)
	}
	// what is forwarded with a contact of somebody else, or is said to come from a deep link
	for i, u := range []bot.Update{
		{Contact: &bot.Contact{Phone: people["ketua14"].phone}}, {Contact: &bot.Contact{Phone: ketua.phone.E164(), Name: "Ketua"}},
		{Contact: &bot.Contact{}}, {Contact: &bot.Contact{Phone: "\x00'; DROP TABLE people"}},
	} {
		for _, a := range []*actor{c.actor("stranger"), c.actor("worker elsewhere"), c.actor("former ketua here")} {
			c.says(t, a, "menu")
			u.ID, u.From, u.At = fmt.Sprint("contact", i), a.addr, start
			if said := c.hears(t, a, u); strings.Contains(said, secretName) || strings.Contains(said, "RT 14") {
				t.Errorf("%s shares another's contact: %s", a.name, said)
			}
			if said := c.says(t, a, "sisa anggaran"); strings.Contains(said, "Rp3") {
				t.Errorf("%s shared another's contact, and is shown: %s", a.name, said)
			}
		}
	}
	unchanged(t, before, c.records(t))
	c.saysWhatIsThere(t)
}

// TestStartParameters: only a code does something, and a wrong one is a try; ids and names of flows are nothing.
func TestStartParameters(t *testing.T) {
	c := newWard(t)
	a := c.actor("stranger")
	before := c.records(t)
	for i, start := range []string{"", "menu", "workers", "lost", "invite", "worker=" + c.worker, c.worker, here.String(), "../../etc", "' OR 1=1 --", "%s%n", "<b>", "\u202e\u0000", strings.Repeat("A", 4000)} {
		for _, u := range []bot.Update{{Start: start}, {Text: "/start " + start}} {
			u.ID, u.From, u.At = fmt.Sprint("start", i, u.Text != ""), a.addr, c.clock()
			if said := c.hears(t, a, u); strings.Contains(said, secretName) || strings.Contains(said, "terhubung dengan RT 14") || strings.Contains(said, "✅") {
				t.Errorf("/start %.20q: %s", start, said)
			}
		}
	}
	after := slices.DeleteFunc(c.records(t), func(line string) bool { return strings.HasPrefix(line, "invite_tries ") })
	unchanged(t, before, after)
	c.saysWhatIsThere(t)
}

// strange are texts that would be more than text to something that is careless.
var strange = []string{
	"<b>Budi</b> & <script>alert(1)</script>", "Robert'); DROP TABLE workers;--", "%s %d %!v(MISSING) {{.Name}} {{template \"x\"}} ${HOME} $(id)",
	"*Budi* _miring_ [klik](tg://user?id=1)", "=HYPERLINK(\"http://contoh\")", "👩‍🌾 Budi 🛺", "Budi\\n\\u0000\\", "عبد الله", "Ｂｕｄｉ",
	"Budi \u202eidub\u202c \u200bContoh", "Budi\x00Contoh", "Budi\tContoh\u2028Contoh", "\"Budi\" `Contoh`", "ID:1; --help", "../../etc/passwd Budi",
}

// asText is what of a text stays: signs that are not seen, and could turn others around, become spaces.
func asText(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, s)), " ")
}

// TestStrangeTextsComeBackAsText: as a name, as what is wrong with one's data, as the answer to it; in the question that
// repeats it, to who reads it, and in the notice.
func TestStrangeTextsComeBackAsText(t *testing.T) {
	c := newWardEitherWay(t)
	udin, lurah, ketua := c.actor("worker here"), c.actor("kelurahan here"), c.actor("ketua here")
	has := func(who, said, text string) {
		t.Helper()
		if !strings.Contains(said, asText(text)) {
			t.Errorf("%s reads %q as:\n%s", who, text, said)
		}
	}
	c.plays(t, lurah, []string{"permintaan warga", "[Nomor 1]", "[Jawab saja]", "sudah", "ya"})
	for i, text := range strange {
		for _, line := range []string{"data saya", "[Ada yang salah]"} {
			c.says(t, udin, line)
		}
		has("the worker", c.says(t, udin, text), text)
		c.says(t, udin, "[Ya, kirim]")
		for _, line := range []string{"permintaan warga"} {
			c.says(t, lurah, line)
		}
		has("the lurah", c.says(t, lurah, fmt.Sprintf("[Nomor %d]", i+2)), text)
		c.says(t, lurah, "[Jawab saja]")
		has("the lurah", c.says(t, lurah, text), text)
		c.says(t, lurah, "[Ya, kirim]")
		if err := c.due(t.Context(), c.clock()); err != nil {
			t.Fatal(err)
		}
		told := ""
		for _, a := range []*actor{udin, ketua} {
			told += c.reads(t, a)
		}
		has("who is told", told, text)
		if utf8.RuneCountInString(asText(text)) < 5 {
			continue // no address
		}
		for _, line := range script(toRT14, "[Udin "+secretName+"]", "[Perbaiki data]", "[Alamat]") {
			c.says(t, ketua, line)
		}
		has("the ketua", c.says(t, ketua, text), text)
		has("the ketua", c.says(t, ketua, "ya"), text)
		c.says(t, ketua, "menu")
	}
	if _, err := c.do([]string{"check"}); err != nil {
		t.Error(err)
	}
	c.saysWhatIsThere(t)
}

// writes has somebody write what may go on to another without a word of the bot.
func (c *ward) writes(t *testing.T, a *actor, text string) {
	t.Helper()
	c.serial++
	if err := c.stage.Tell([]bot.Update{{ID: fmt.Sprint("w", c.serial), From: a.addr, Text: text, At: c.clock()}}); err != nil {
		t.Fatal(err)
	}
	for range 3 { // one after the other goes out
		if err := c.due(t.Context(), c.clock()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStrangeTextsBetweenPeople: what one person writes another one reads as it was written: in a talk, both ways, as the
// name of who is invited, and as a worker's name, on the button too, and where the caption of a file is the answer.
func TestStrangeTextsBetweenPeople(t *testing.T) {
	c := newWardEitherWay(t)
	lurah, ketua := c.actor("kelurahan here"), c.actor("ketua here")
	has := func(who, said, text string) {
		t.Helper()
		if !strings.Contains(said, asText(text)) {
			t.Errorf("%s reads %q as:\n%s", who, text, said)
		}
		for _, r := range said {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
				t.Errorf("%s reads %q with a sign that is not seen: %q", who, text, said)
			}
		}
	}
	c.says(t, ketua, "petugas")
	c.says(t, lurah, "jawab")
	c.says(t, lurah, "[Nomor 1]")
	for _, text := range strange {
		c.writes(t, ketua, text)
		has("the lurah", c.reads(t, lurah), text)
		c.reads(t, ketua) // the first time he is told that it goes on
		c.writes(t, lurah, text)
		has("the ketua", c.reads(t, ketua), text)
		c.reads(t, lurah)
	}
	c.says(t, ketua, "menu")
	c.says(t, lurah, "menu")
	invited, renamed, button := 0, 0, "Udin "+secretName
	for i, text := range append(slices.Clone(strange), strings.Repeat("Ｗ", 80)) {
		c.says(t, ketua, "undang")
		c.says(t, ketua, "[Bendahara RT]")
		if said := c.says(t, ketua, text); strings.Contains(said, asText(text)) { // else it is no name, and he is asked again
			invited++
			has("the ketua", c.says(t, ketua, fmt.Sprintf("0812000065%02d", i)), text)
			has("the ketua", c.says(t, ketua, "ya"), text)
			c.says(t, ketua, "undang")
			has("the ketua", c.says(t, ketua, "[Undangan saya]"), text)
		}
		for _, line := range []string{"menu", "lihat pekerja", "[" + button + "]", "[Perbaiki data]", "[Nama]"} {
			c.says(t, ketua, line)
		}
		said := c.captions(t, ketua, text)
		if !strings.Contains(said, asText(text)) {
			continue // it is no name
		}
		renamed++
		has("the ketua", said, text)
		has("the ketua", c.says(t, ketua, "ya"), text)
		has("the ketua", c.says(t, ketua, "[Kembali ke daftar]"), text)
		if button = asText(text); utf8.RuneCountInString(button) > 20 {
			button = string([]rune(button)[:19]) + "…"
		}
		if !slices.ContainsFunc(ketua.last.Choices, func(b bot.Button) bool { return b.Label == button }) {
			t.Errorf("%q stands on no button: %v", button, ketua.last.Choices)
		}
	}
	if invited < len(strange)/2 || renamed < len(strange)/2 {
		t.Errorf("only %d were invited and %d renamed", invited, renamed)
	}
	if _, err := c.do([]string{"check"}); err != nil {
		t.Error(err)
	}
	c.saysWhatIsThere(t)
}

// captions has somebody send a file with a text below it.
func (c *ward) captions(t *testing.T, a *actor, text string) (said string) {
	t.Helper()
	c.serial++
	return c.hears(t, a, bot.Update{ID: fmt.Sprint("f", c.serial), From: a.addr, Text: text, Media: &bot.Media{Kind: bot.Document, ID: "file"}, At: c.clock()})
}

// FuzzWhatIsSaid: whatever is said at a step that takes a text, the bot answers, and what it repeats of it is text.
func FuzzWhatIsSaid(f *testing.F) {
	for _, text := range strange {
		f.Add(text)
	}
	c := newCity(f)
	from := bot.Address{Channel: "terminal", ID: "ketua14"}
	session := []byte(nil)
	for i, line := range []string{"daftar pekerja", "lainnya"} {
		out, err := c.lanes.Engine.Play(f.Context(), session, bot.Update{ID: fmt.Sprint(i), From: from, Phone: people["ketua14"].phone, Text: line, At: start}, start)
		if err != nil {
			f.Fatal(err)
		}
		session = out.Session
	}
	f.Fuzz(func(t *testing.T, text string) {
		out, err := c.lanes.Engine.Play(t.Context(), session, bot.Update{ID: "x", From: from, Text: text, At: start}, start)
		if err != nil || len(out.Replies) == 0 || strings.Contains(out.Replies[0].Text, "\x00") || strings.Contains(out.Replies[0].Text, "\u202e") {
			t.Errorf("%q: %v, %v", text, out.Replies, err)
		}
	})
}
