package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sahabatrt/program"
)

// toldTo are the names of who hears of some kinds, or will, in the order in which it was written.
func toldTo(t testing.TB, db *DB, names map[string]string, kinds ...NoticeKind) string {
	t.Helper()
	var list []string
	view(t, db, func(tx *Tx) error {
		return tx.each("notices", func(row Row) error {
			var kind NoticeKind
			var person string
			err := row.Scan(&kind, &person)
			if name, known := names[person]; known && slices.Contains(kinds, kind) {
				list = append(list, name)
			}
			return err
		}, `SELECT kind, person FROM notices WHERE state IN (`+heard+`) ORDER BY id`)
	})
	return strings.Join(list, " ")
}

func link(t testing.TB, db *DB, p Person) {
	t.Helper()
	update(t, db, func(tx *Tx) error { return tx.LinkChat("telegram", p.ID, p.ID, "contact") })
}

// TestAlertReachesSomebody: the lurahs of the kelurahan; where none can be reached the city; and where there is nobody it
// waits for who comes, for 30 days, while it still concerns somebody.
func TestAlertReachesSomebody(t *testing.T) {
	for what, row := range map[string]struct {
		offices string          // who is in office, "+" with a chat; the others are nobody
		then    func(*alerting) // after the alert
		want    string
	}{
		"a lurah":                           {"+lurah +city", nil, "lurah"},
		"two lurahs":                        {"+lurah +second +city", nil, "lurah second"},
		"one of two lurahs":                 {"lurah +second +city", nil, "second"},
		"a lurah without a chat":            {"lurah +city +city2", nil, "city city2"},
		"no lurah":                          {"+city city2", nil, "city"},
		"nobody":                            {"lurah city", nil, ""},
		"nobody, then the lurah":            {"lurah city", func(a *alerting) { a.link("lurah"); a.link("city") }, "lurah"},
		"nobody, then the city":             {"lurah city", func(a *alerting) { a.link("city") }, "city"},
		"nobody, then a new lurah":          {"", func(a *alerting) { a.add("+later") }, "later"},
		"the city by night, then the lurah": {"lurah +city", func(a *alerting) { a.link("lurah") }, "city lurah"},
		"the city was told":                 {"lurah +city", func(a *alerting) { a.ends(NoticeSent); a.link("lurah") }, "city"},
		"nobody knows whether it was told":  {"lurah +city", func(a *alerting) { a.ends(NoticeUnclear); a.link("lurah") }, "city"},
		"the lurah's chat is gone":          {"+lurah +city", func(a *alerting) { a.gone("lurah"); a.ends(NoticeDead) }, "city"},
		"it takes no message":               {"+lurah +city", func(a *alerting) { a.ends(NoticeDead) }, "city"},
		"nobody's chat takes it":            {"+lurah", func(a *alerting) { a.ends(NoticeDead) }, ""},
		"gone, and back":                    {"+lurah", func(a *alerting) { a.gone("lurah"); a.ends(NoticeDead); a.back("lurah") }, "lurah"},
		"the lurah leaves":                  {"+lurah +city", func(a *alerting) { a.retire("lurah") }, "city"},
		"one of two leaves":                 {"+lurah +second +city", func(a *alerting) { a.retire("lurah") }, "second"},
		"he leaves, and another comes":      {"+lurah", func(a *alerting) { a.retire("lurah"); a.add("+later") }, "later"},
		"he leaves after he was told":       {"+lurah +city", func(a *alerting) { a.ends(NoticeSent); a.retire("lurah") }, "lurah"},
		"after 30 days":                     {"", func(a *alerting) { a.db.at(30); a.add("+later") }, ""},
		"before":                            {"", func(a *alerting) { a.db.at(29); a.add("+later") }, "later"},
		"the registration is over":          {"", func(a *alerting) { a.cancel(); a.add("+later") }, ""},
		"it is released":                    {"lurah", func(a *alerting) { a.release(); a.link("lurah") }, ""},
		"he is too young after all":         {"lurah", func(a *alerting) { a.release(); a.doubt(); a.link("lurah") }, "lurah"},
		"the city comes in that moment":     {"lurah city", func(a *alerting) { a.missed("city"); a.plan() }, "city"},
		"it ran out with the lurah":         {"+lurah +city", func(a *alerting) { a.db.at(8); a.plan(); a.plan() }, "city"},
		"it ran out with all":               {"+lurah +city", func(a *alerting) { a.db.at(8); a.plan(); a.db.at(16); a.plan() }, ""},
		"it waits for the lurah":            {"+lurah +city", func(a *alerting) { a.plan() }, "lurah"},
		"released before it was told":       {"lurah city", func(a *alerting) { a.release(); a.missed("city"); a.plan() }, ""},
		"30 days after that moment":         {"lurah city", func(a *alerting) { a.missed("city"); a.db.at(30); a.plan() }, ""},
		"the lurah of another place":        {"", func(a *alerting) { a.add("+elsewhere") }, ""},
	} {
		t.Run(what, func(t *testing.T) {
			a := &alerting{t: t, db: open(t), names: map[string]string{}, people: map[string]Person{}}
			ketua := addOfficer(t, a.db, 40, program.Ketua, rt14.String())
			for _, name := range strings.Fields(row.offices) {
				a.add(name)
			}
			w := testWorker(t, 1)
			w.Elsewhere = "city" // it is held
			r, err := register(t, a.db, w, ketua)
			must(t, err)
			a.worker, a.ketua = r.Worker.ID, ketua
			if row.then != nil {
				row.then(a)
			}
			if got := toldTo(t, a.db, a.names, NoticeAlert); got != row.want {
				t.Errorf("told are %q, want %q", got, row.want)
			}
		})
	}
}

// alerting is a kelurahan in which a registration is held.
type alerting struct {
	t      *testing.T
	db     *DB
	names  map[string]string // by id
	people map[string]Person // by name
	worker string
	ketua  Person
}

func (a *alerting) add(name string) {
	chatless := strings.TrimPrefix(name, "+")
	office := program.Office{Role: program.Lurah, Place: rt14.Kelurahan}
	switch {
	case strings.HasPrefix(chatless, "city"):
		office = program.Office{Role: program.City, Place: program.CityCode}
	case chatless == "elsewhere":
		office.Place = "1571011001"
	}
	p := addOfficer(a.t, a.db, 50+len(a.people), office.Role, office.Place)
	a.people[chatless], a.names[p.ID] = p, chatless
	if chatless != name {
		link(a.t, a.db, p)
	}
}

func (a *alerting) link(name string) { link(a.t, a.db, a.people[name]) }

func (a *alerting) gone(name string) {
	update(a.t, a.db, func(tx *Tx) error { return tx.ChatGone("telegram", a.people[name].ID) })
}

func (a *alerting) back(name string) {
	update(a.t, a.db, func(tx *Tx) error { return tx.ChatBack("telegram", a.people[name].ID) })
}

func (a *alerting) retire(name string) {
	update(a.t, a.db, func(tx *Tx) error { return tx.EndOffice(a.people[name].ID, a.people[name].Offices[0], "") })
}

func (a *alerting) cancel() {
	update(a.t, a.db, func(tx *Tx) error { return tx.CancelWorker(a.worker, a.ketua, "mistake", newID()) })
}

func (a *alerting) release() {
	update(a.t, a.db, func(tx *Tx) error { _, err := tx.Confirm(a.worker, newID(), a.people["lurah"]); return err })
}

// doubt has a birth date corrected that says that he should not have been registered.
func (a *alerting) doubt() {
	update(a.t, a.db, func(tx *Tx) error {
		return tx.Alert(Alert{Kind: AlertAge, Kelurahan: rt14.Kelurahan, RT: rt14, Worker: a.worker, Reason: string(program.AgeTooYoung)})
	})
}

// missed links a chat in the moment in which the alert is written, so that neither sees the other.
func (a *alerting) missed(name string) {
	a.link(name)
	update(a.t, a.db, func(tx *Tx) error {
		return tx.exec("miss it", `DELETE FROM notices WHERE person=$1`, a.people[name].ID)
	})
}

func (a *alerting) plan() {
	update(a.t, a.db, func(tx *Tx) error { return errors.Join(tx.ExpireNotices(), tx.TellUnheard()) })
}

// ends notes what became of the first notice of the alert.
func (a *alerting) ends(state NoticeState) {
	update(a.t, a.db, func(tx *Tx) error {
		var id string
		err := tx.QueryRow(`SELECT id FROM notices WHERE kind='alert' AND state='due' ORDER BY id LIMIT 1`).Scan(&id)
		return errors.Join(err, tx.SetNotice(id, state))
	})
}

// TestOfficeTakesItsNotices: what an RT is to be told is told to who heads it at that moment, with the same commit with which
// the former loses the office, or as soon as there is a chat; once, and for seven days.
func TestOfficeTakesItsNotices(t *testing.T) {
	asks := func(tx *Tx, w Worker, notes ...string) error { // a worker, about his data
		self := Person{ID: newID(), Name: "Pekerja Contoh"}
		must(t, errors.Join(tx.addPerson(self), tx.giveOffice(self.ID, program.Office{Role: program.Worker, Place: w.ID}, time.Time{})))
		for _, note := range notes {
			if _, err := tx.OpenTicket(TicketWrong, w.ID, self, note); err != nil {
				return err
			}
		}
		return nil
	}
	for what, some := range map[string]struct {
		kind  NoticeKind
		comes func(*Tx, Worker, Person, Person) error
	}{
		"ticket": {NoticeTicket, func(tx *Tx, w Worker, _, _ Person) error { return asks(tx, w, "salah") }},
		"move":   {NoticeMove, func(tx *Tx, w Worker, _, other Person) error { return tx.AskMove(w.NIK, rt15, other) }},
		"proof": {NoticeProof, func(tx *Tx, w Worker, _, _ Person) error {
			for range proofTriesOfNIK {
				if err := tx.countProof(newID(), "chat", tx.index("nik", w.NIK.Digits())); err != nil {
					return err
				}
			}
			return tx.TellProofs()
		}},
		"note": {NoticeTicket, func(tx *Tx, w Worker, _, _ Person) error { // the ticket has been heard of
			err := asks(tx, w, "salah", "alamat juga salah")
			return errors.Join(err, tx.exec("clear", `DELETE FROM notices WHERE subject IN (SELECT id FROM tickets)`),
				tx.exec("tell somebody else", `INSERT INTO notices(id, name, kind, subject, person, state, due, until, made_at, state_at)
				SELECT id, 'first', 'ticket', id, person, 'sent', at, at, at, at FROM tickets`))
		}},
		"paid": {NoticeCoveredHead, func(tx *Tx, w Worker, _, _ Person) error {
			err := tx.exec("be paid", `UPDATE workers SET paid_until=$1, paid_at=$2`, int64(program.NewMonth(2026, 12)), tx.today().Time().UnixMicro()-1)
			return errors.Join(err, tx.TellUnheard())
		}},
		"moved": {NoticeMoved, func(tx *Tx, w Worker, head, other Person) error { // the other RT's worker is asked for, and its head decides
			err := tx.exec("be of the other RT", `UPDATE workers SET rt=$1 WHERE id=$2`, rt15.String(), w.ID)
			err = errors.Join(err, tx.AskMove(w.NIK, rt14, head))
			moves, err2 := tx.Moves(rt15.String())
			_, err3 := tx.DecideMove(moves[0].ID, false, other, newID())
			return errors.Join(err, err2, err3)
		}},
		"lapsed": {NoticeMoved, func(tx *Tx, w Worker, head, _ Person) error { // nobody decides
			err := tx.exec("be of the other RT", `UPDATE workers SET rt=$1 WHERE id=$2`, rt15.String(), w.ID)
			err = errors.Join(err, tx.AskMove(w.NIK, rt14, head))
			long := tx.Now.AddDate(0, 0, -tx.Settings().MoveDays-1)
			return errors.Join(err, tx.exec("be asked for long ago", `UPDATE moves SET at=$1`, long.UnixMicro()), tx.EndMoves())
		}},
	} {
		for then, row := range map[string]struct {
			before, after func(*succession)
			want          string
		}{
			"nothing happens":                 {nil, nil, "old"},
			"a successor with a chat":         {nil, func(s *succession) { s.succeed(true) }, "new"},
			"a successor without a chat":      {nil, func(s *succession) { s.succeed(false) }, ""},
			"who links one later":             {nil, func(s *succession) { s.succeed(false); s.db.at(6); link(s.t, s.db, s.new) }, "new"},
			"too late":                        {nil, func(s *succession) { s.succeed(false); s.db.at(8); link(s.t, s.db, s.new) }, ""},
			"the old one has read it":         {nil, func(s *succession) { s.read(); s.succeed(true) }, "old"},
			"nobody can be reached meanwhile": {func(s *succession) { s.gone() }, func(s *succession) { s.succeed(true) }, "new"},
			"he can be reached again":         {func(s *succession) { s.gone() }, func(s *succession) { s.back() }, "old"},
			"who comes in that moment":        {nil, func(s *succession) { s.succeed(true); s.missed() }, "new"},
			"a deputy has it too":             {nil, func(s *succession) { s.deputy(); s.leave() }, "deputy"},
		} {
			t.Run(what+", "+then, func(t *testing.T) {
				s := &succession{t: t, db: open(t), names: map[string]string{}, kind: some.kind}
				s.old = addOfficer(t, s.db, 1, program.Ketua, rt14.String())
				other := addOfficer(t, s.db, 2, program.Ketua, rt15.String())
				s.names[s.old.ID] = "old"
				link(t, s.db, s.old)
				w := testWorker(t, 1)
				r, err := register(t, s.db, w, s.old)
				must(t, err)
				if row.before != nil {
					row.before(s)
				}
				update(t, s.db, func(tx *Tx) error { return some.comes(tx, r.Worker, s.old, other) })
				if row.after != nil {
					row.after(s)
				}
				if got := toldTo(t, s.db, s.names, some.kind); got != row.want {
					t.Errorf("told are %q, want %q", got, row.want)
				}
				if n := count(t, s.db, `notices WHERE state='due' AND person=$1 AND kind=$2`, s.old.ID, string(some.kind)); n > 0 && row.want != "old" {
					t.Error("it is still due for who left")
				}
			})
		}
	}
}

// succession is an RT whose head changes.
type succession struct {
	t        *testing.T
	db       *DB
	names    map[string]string
	kind     NoticeKind
	old, new Person
}

func (s *succession) succeed(chat bool) {
	if chat { // of before: the office comes to somebody who can be reached
		s.new = addOfficer(s.t, s.db, 3, program.Bendahara, rt15.String())
		link(s.t, s.db, s.new)
	}
	s.new = addOfficer(s.t, s.db, 3, program.Ketua, rt14.String())
	s.names[s.new.ID] = "new"
}

// missed has the successor come in the moment in which it comes up, so that neither sees the other; then it is planned, twice.
func (s *succession) missed() {
	update(s.t, s.db, func(tx *Tx) error { return tx.exec("miss it", `DELETE FROM notices WHERE person=$1`, s.new.ID) })
	update(s.t, s.db, (*Tx).TellUnheard)
	update(s.t, s.db, (*Tx).TellUnheard)
}

// deputy brings in a deputy who can be reached, after it came up.
func (s *succession) deputy() {
	p := addOfficer(s.t, s.db, 4, program.Wakil, rt14.String())
	s.names[p.ID] = "deputy"
	link(s.t, s.db, p)
}

func (s *succession) leave() {
	update(s.t, s.db, func(tx *Tx) error { return tx.EndOffice(s.old.ID, s.old.Offices[0], "") })
}

func (s *succession) gone() {
	update(s.t, s.db, func(tx *Tx) error { return tx.ChatGone("telegram", s.old.ID) })
}

func (s *succession) back() {
	update(s.t, s.db, func(tx *Tx) error { return tx.ChatBack("telegram", s.old.ID) })
}

func (s *succession) read() {
	update(s.t, s.db, func(tx *Tx) error {
		var id string
		err := tx.QueryRow(`SELECT id FROM notices WHERE kind=$1 AND state='due'`, string(s.kind)).Scan(&id)
		return errors.Join(err, tx.SetNotice(id, NoticeSent))
	})
}

// TestAlertOrLurahFirst: an alert and its lurah come at the same moment; whoever is first, he is told, once.
func TestAlertOrLurahFirst(t *testing.T) {
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			db := open(t)
			lurah := addOfficer(t, db, 1, program.Lurah, rt14.Kelurahan)
			done := make(chan error, 2)
			go func() {
				done <- db.Update(t.Context(), func(tx *Tx) error {
					return tx.Alert(Alert{Kind: AlertOutside, Kelurahan: rt14.Kelurahan, RT: rt14, Reason: "paid"})
				})
			}()
			go func() {
				done <- db.Update(t.Context(), func(tx *Tx) error { return tx.LinkChat("telegram", "1", lurah.ID, "contact") })
			}()
			must(t, errors.Join(<-done, <-done))
			if n := count(t, db, `notices WHERE kind='alert' AND state='due' AND person=$1`, lurah.ID); n != 1 {
				t.Errorf("%d notices", n)
			}
		})
	}
}

// TestBothEndAtOnce: both lurahs of an alert cannot be reached, which two transactions note in the same moment.
func TestBothEndAtOnce(t *testing.T) {
	a := &alerting{t: t, db: open(t), names: map[string]string{}, people: map[string]Person{}}
	for _, name := range []string{"+lurah", "+second", "+city"} {
		a.add(name)
	}
	var ids []string
	update(t, a.db, func(tx *Tx) (err error) {
		must(t, tx.Alert(Alert{Kind: AlertOutside, Kelurahan: rt14.Kelurahan, RT: rt14, Reason: "paid"}))
		ids, err = tx.DueNotices("")
		return errors.Join(err, tx.SetNotice(ids[0], NoticeSending), tx.SetNotice(ids[1], NoticeSending))
	})
	begun, done := make(chan struct{}, 10), make(chan error, 1)
	dies := func(id string, wait time.Duration) error {
		return a.db.Update(t.Context(), func(tx *Tx) error {
			_, err := tx.TakeNotice(id)
			err = errors.Join(err, tx.SetNotice(id, NoticeDead))
			begun <- struct{}{}
			time.Sleep(wait)
			return err
		})
	}
	go func() { done <- dies(ids[0], 200*time.Millisecond) }()
	<-begun
	must(t, errors.Join(dies(ids[1], 0), <-done))
	if got := toldTo(t, a.db, a.names, NoticeAlert); got != "city" {
		t.Errorf("told are %q", got)
	}
}

// TestUnheardAtNight: what is passed on by night is due in the morning, and lasts for its own seven days.
func TestUnheardAtNight(t *testing.T) {
	db := open(t)
	update(t, db, func(tx *Tx) error {
		return tx.Alert(Alert{Kind: AlertOutside, Kelurahan: rt14.Kelurahan, RT: rt14, Reason: "paid"})
	})
	db.opt.Now = func() time.Time { return night }
	lurah := addOfficer(t, db, 1, program.Lurah, rt14.Kelurahan)
	link(t, db, lurah)
	morning := night.Add(10 * time.Hour)
	if n := count(t, db, `notices WHERE person=$1 AND due=$2 AND until=$3`, lurah.ID, morning.UnixMicro(), night.Add(noticeTime).UnixMicro()); n != 1 {
		t.Errorf("%d notices for the morning", n)
	}
}
