package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"sahabatrt/program"
)

// linked says whether a chat is somebody's, and whose.
func linked(t testing.TB, db *DB, chat string) (person string) {
	t.Helper()
	view(t, db, func(tx *Tx) error {
		p, err := tx.PersonByChat("telegram", chat)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		person = p.ID
		return err
	})
	return person
}

func try(t testing.TB, db *DB, change func(*Tx) error) error {
	t.Helper()
	return db.Update(t.Context(), change)
}

// TestUnlink: nobody who has the lost phone gets in again by its number, each chat is told once, and then forgotten.
func TestUnlink(t *testing.T) {
	db := open(t)
	p := addOfficer(t, db, 1, program.Ketua, rt14.String())
	update(t, db, func(tx *Tx) error {
		return errors.Join(tx.LinkChat("telegram", "1", p.ID, byPhone), tx.LinkChat("telegram", "2", p.ID, byInvite))
	})
	update(t, db, func(tx *Tx) error {
		n, err := tx.Unlink(p.ID)
		if n != 2 {
			t.Errorf("%d chats", n)
		}
		return err
	})
	if linked(t, db, "1") != "" || linked(t, db, "2") != "" {
		t.Error("still linked")
	}
	if err := try(t, db, func(tx *Tx) error { _, err := tx.LinkByPhone("telegram", "1", p.Phone); return err }); !errors.Is(err, ErrNotProved) {
		t.Errorf("by the number of the lost phone: %v", err)
	}
	var due []string
	view(t, db, func(tx *Tx) (err error) {
		chats, err := tx.Chats(p.ID)
		must(t, err)
		ended, err := tx.EndedChats(p.ID)
		must(t, err)
		if len(chats) != 0 || len(ended) != 2 {
			t.Errorf("%d chats, %d ended", len(chats), len(ended))
		}
		due, err = tx.DueNotices("")
		return err
	})
	if len(due) != 1 {
		t.Fatalf("%d notices", len(due))
	}
	update(t, db, func(tx *Tx) error { return tx.SetNotice(due[0], NoticeSent) })
	view(t, db, func(tx *Tx) error {
		if ended, err := tx.EndedChats(p.ID); err != nil || len(ended) != 0 {
			t.Errorf("%d addresses are kept of chats that were told: %v", len(ended), err)
		}
		return nil
	})
	if err := try(t, db, func(tx *Tx) error { _, err := tx.Unlink("nobody"); return err }); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	clean(t, db)
}

// TestRebind (rule 37): the lurah links an officer anew by a code for his new number; he is the same person, and his old
// number is nobody's.
func TestRebind(t *testing.T) {
	db := open(t)
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	other := addOfficer(t, db, 3, program.Ketua, rt15.String())
	update(t, db, func(tx *Tx) error { return tx.LinkChat("telegram", "old", ketua.ID, byPhone) })
	office, number := program.Office{Role: program.Ketua, Place: rt14.String()}, testPhone(t, 50)
	rebind := func(of program.Office, phone program.Phone, by string) (code string, err error) {
		err = try(t, db, func(tx *Tx) (err error) { code, err = tx.Rebind(of, phone, by); return err })
		return code, err
	}
	for what, row := range map[string]struct {
		of    program.Office
		phone program.Phone
		by    string
		want  error
	}{
		"the lurah of another place":   {office, number, addOfficer(t, db, 4, program.Lurah, rt15.Kelurahan).ID, ErrNoRight},
		"another RT head":              {office, number, other.ID, ErrNoRight},
		"himself":                      {office, number, ketua.ID, ErrNoRight},
		"an official is not unlinked":  {program.Office{Role: program.Lurah, Place: rt14.Kelurahan}, number, lurah.ID, ErrNoRight},
		"without a number":             {office, program.Phone{}, lurah.ID, ErrNeedsPhone},
		"with the number of another":   {office, other.Phone, lurah.ID, ErrPhoneTaken},
		"an office that nobody holds":  {program.Office{Role: program.Bendahara, Place: rt14.String()}, number, lurah.ID, ErrNotFound},
		"a worker who is in no record": {program.Office{Role: program.Worker, Place: "none"}, number, lurah.ID, ErrNotFound},
	} {
		if _, err := rebind(row.of, row.phone, row.by); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", what, err, row.want)
		}
	}
	if linked(t, db, "old") != ketua.ID {
		t.Fatal("a refusal has unlinked him")
	}
	code, err := rebind(office, number, lurah.ID)
	must(t, err)
	if linked(t, db, "old") != "" {
		t.Error("the lost phone is still linked")
	}
	use := func(chat string, vouched program.Phone) error {
		return try(t, db, func(tx *Tx) error { _, err := tx.UseInvite(code, "telegram", chat, vouched); return err })
	}
	if err := use("old", ketua.Phone); !errors.Is(err, ErrInvitePhone) {
		t.Errorf("the code on the lost phone: %v", err)
	}
	update(t, db, func(tx *Tx) error { return tx.LinkChat("telegram", "neighbour", other.ID, byPhone) })
	if err := use("neighbour", number); !errors.Is(err, ErrInvitePhone) {
		t.Errorf("the code in another officer's chat: %v", err)
	}
	must(t, use("new", number))
	if linked(t, db, "new") != ketua.ID {
		t.Error("he became somebody else")
	}
	view(t, db, func(tx *Tx) error {
		p, err := tx.Person(ketua.ID)
		if p.Phone != number || p.Name != ketua.Name || !slices.Equal(p.Offices, ketua.Offices) {
			t.Errorf("he is now %v with %v", p, p.Offices)
		}
		if _, err := tx.PersonByPhone(ketua.Phone); !errors.Is(err, ErrNotFound) {
			t.Errorf("the old number: %v", err)
		}
		return err
	})
	update(t, db, func(tx *Tx) error { _, err := tx.LinkByPhone("telegram", "second", number); return err }) // his number proves him again
	clean(t, db)
}

// TestRebindWorker: the chat of a lost phone is the worker's no longer, and proves nothing by its number or by NIK and
// mother any more; the code makes a chat his.
func TestRebindWorker(t *testing.T) {
	db, _, known := provable(t)
	lurah, city := addOfficer(t, db, 20, program.Lurah, rt14.Kelurahan), addOfficer(t, db, 21, program.City, program.CityCode)
	prove := func(chat string) error {
		return try(t, db, func(tx *Tx) error { _, err := tx.ProvePhone("telegram", chat, known.Phone); return err })
	}
	must(t, prove("old"))
	worker := linked(t, db, "old")
	code := ""
	update(t, db, func(tx *Tx) (err error) {
		code, err = tx.Rebind(program.Office{Role: program.Worker, Place: known.ID}, program.Phone{}, city.ID)
		return err
	})
	if err := prove("old"); !errors.Is(err, ErrNotProved) {
		t.Errorf("by the lost number: %v", err)
	}
	update(t, db, func(tx *Tx) error {
		w, err := tx.Prove(newID(), "telegram", "old", known.NIK, "Fatimah binti Contoh", true)
		if w.ID != known.ID {
			t.Error("who knows both answers is told once")
		}
		return err
	})
	if linked(t, db, "old") != "" {
		t.Error("NIK and mother link a chat while only a code may")
	}
	update(t, db, func(tx *Tx) error { _, err := tx.UseInvite(code, "telegram", "new", program.Phone{}); return err })
	if linked(t, db, "new") != worker {
		t.Error("the code made somebody else of him")
	}
	if err := prove("old"); !errors.Is(err, ErrNotProved) {
		t.Errorf("by the lost number, after the code: %v", err)
	}
	update(t, db, func(tx *Tx) error {
		all, err := tx.Invites(city.ID)
		must(t, err)
		if _, err := tx.UndoInvite(all[0].ID, lurah.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("another undoes it: %v", err)
		}
		_, err = tx.UndoInvite(all[0].ID, city.ID)
		return err
	})
	view(t, db, func(tx *Tx) error {
		is, err := tx.holders(program.Worker, known.ID)
		if linked(t, db, "new") != "" || len(is) != 1 {
			t.Errorf("undone: linked %v, %d persons are the worker", linked(t, db, "new") != "", len(is))
		}
		return err
	})
	clean(t, db)
}

// TestRebindNeedsAllOffices: a lurah unlinks nobody who is also somebody elsewhere, or above.
func TestRebindNeedsAllOffices(t *testing.T) {
	for _, o := range []program.Office{{Role: program.Bendahara, Place: rt15.String()}, {Role: program.City, Place: program.CityCode}, {Role: program.Lurah, Place: rt14.Kelurahan}} {
		db := open(t)
		ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
		update(t, db, func(tx *Tx) error {
			_, _, err := tx.PutPerson(Person{ID: ketua.ID, Offices: []program.Office{o}})
			return err
		})
		if err := try(t, db, func(tx *Tx) error {
			_, err := tx.Rebind(program.Office{Role: program.Ketua, Place: rt14.String()}, ketua.Phone, lurah.ID)
			return err
		}); !errors.Is(err, ErrNoRight) {
			t.Errorf("also %v: %v", o, err)
		}
	}
}

// TestTraces: each question finds what belongs to it, in the order of time, what officials read included.
func TestTraces(t *testing.T) {
	db := open(t)
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	addOfficer(t, db, 3, program.Ketua, rt15.String())
	w := testWorker(t, 1)
	w.Phone = testPhone(t, 101)
	r, err := register(t, db, w, ketua)
	must(t, err)
	db.opt.Now = func() time.Time { return today.AddDate(0, 0, 1) }
	update(t, db, func(tx *Tx) error {
		return errors.Join(tx.NoteReading(lurah, rt14.String()), tx.NoteReading(lurah, r.Worker.ID))
	})
	find := func(q TraceQuery) (found []string) {
		t.Helper()
		view(t, db, func(tx *Tx) error {
			return tx.Traces(q, func(tr Trace) error { found = append(found, tr.What); return nil })
		})
		return found
	}
	read := []string{"record.read", "record.read"}
	for what, row := range map[string]struct {
		q    TraceQuery
		want []string
	}{
		"the ketua":          {TraceQuery{Person: ketua.ID}, []string{"person.add", "office.give", "worker.register"}},
		"the worker's phone": {TraceQuery{Phone: w.Phone}, []string{"worker.register", "record.read"}},
		"the lurah's phone":  {TraceQuery{Phone: lurah.Phone}, append([]string{"person.add", "office.give"}, read...)},
		"the RT":             {TraceQuery{RT: rt14}, append([]string{"person.add", "office.give", "worker.register"}, read...)},
		"another RT":         {TraceQuery{RT: rt15}, []string{"person.add", "office.give"}},
		"since":              {TraceQuery{RT: rt14, Since: today.Add(time.Second)}, read},
		"until":              {TraceQuery{RT: rt14, Until: today.Add(time.Second)}, []string{"person.add", "office.give", "worker.register"}},
		"one record":         {TraceQuery{Subject: r.Worker.ID}, []string{"worker.register", "record.read"}},
		"two at once":        {TraceQuery{Phone: w.Phone, RT: rt15}, nil},
	} {
		if got := find(row.q); !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", what, got, row.want)
		}
	}
	if all := find(TraceQuery{}); len(all) != 9 {
		t.Errorf("%d rows in all: %v", len(all), all)
	}
	if err := db.View(t.Context(), func(tx *Tx) error { return tx.Traces(TraceQuery{Phone: testPhone(t, 999)}, nil) }); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody's number: %v", err)
	}
}

// TestSleep (rule 37): a chat that a number or a NIK linked and that was silent for 180 days is nobody's, whether the
// daily job or the person comes first; one word keeps it awake. A chat that a code linked stays.
func TestSleep(t *testing.T) {
	for _, row := range []struct {
		how     string
		heard   int  // the day of a word between
		day     int  // when he writes again
		job     bool // the daily job was there before
		sleeps  bool
		message string
	}{
		{byPhone, 0, 179, true, false, "the last day"},
		{byPhone, 0, 180, false, true, "he comes before the job"},
		{byPhone, 0, 181, true, true, "the job came before him"},
		{byNIK, 0, 200, false, true, "by NIK"},
		{byInvite, 0, 2000, true, false, "by a code"},
		{byPhone, 100, 279, true, false, "a word in between"},
		{byPhone, 100, 280, true, true, "and then none"},
	} {
		t.Run(row.message, func(t *testing.T) {
			db := open(t)
			p := addOfficer(t, db, 1, program.Ketua, rt14.String())
			update(t, db, func(tx *Tx) error { return tx.LinkChat("telegram", "1", p.ID, row.how) })
			write := func() (note, slept bool) {
				view(t, db, func(tx *Tx) (err error) { _, note, err = tx.Listen("telegram", "1"); return err })
				if note {
					update(t, db, func(tx *Tx) (err error) { slept, err = tx.Heard("telegram", "1"); return err })
				}
				return note, slept
			}
			if row.heard > 0 {
				db.at(row.heard)
				if note, slept := write(); !note || slept {
					t.Errorf("on day %d: noted %v, slept %v", row.heard, note, slept)
				}
				if note, _ := write(); note {
					t.Error("more than one write a day")
				}
			}
			db.at(row.day)
			if row.job {
				forget(t, db)
				if chats, err := reachableChats(t, db, p.ID); err != nil || (chats == 0) != row.sleeps {
					t.Errorf("%d chats are told things, %v", chats, err)
				}
			}
			if _, slept := write(); slept != row.sleeps {
				t.Errorf("slept %v", slept)
			}
			if is := linked(t, db, "1"); (is == "") != row.sleeps {
				t.Errorf("linked to %q", is)
			}
			if note, _ := write(); note {
				t.Error("told twice")
			}
			if !row.sleeps {
				return
			}
			if err := try(t, db, func(tx *Tx) error { _, err := tx.LinkByPhone("telegram", "1", p.Phone); return err }); !errors.Is(err, ErrNotProved) {
				t.Errorf("by the number that slept: %v", err)
			}
			if n := count(t, db, `audit WHERE what='chat.slept'`); n != 1 {
				t.Errorf("%d rows of the audit", n)
			}
			update(t, db, func(tx *Tx) error {
				code, err := tx.InviteAsOperator(Invite{Role: program.Sekretaris, Place: rt14.String(), Phone: p.Phone, Name: "Contoh"})
				must(t, err)
				_, err = tx.UseInvite(code, "telegram", "1", p.Phone)
				return err
			})
			update(t, db, func(tx *Tx) error { _, err := tx.LinkByPhone("telegram", "2", p.Phone); return err }) // the code has proved the number
			if linked(t, db, "1") != p.ID || linked(t, db, "2") != p.ID {
				t.Error("the code did not bring him back")
			}
			clean(t, db)
		})
	}
}

func reachableChats(t testing.TB, db *DB, person string) (n int, err error) {
	t.Helper()
	view(t, db, func(tx *Tx) error {
		chats, fault := tx.Chats(person)
		n, err = len(chats), fault
		return nil
	})
	return n, err
}

// TestSleepersAreForgotten: the address of a chat that sleeps is kept so that it can be told why; not for ever.
func TestSleepersAreForgotten(t *testing.T) {
	db := open(t)
	p := addOfficer(t, db, 1, program.Ketua, rt14.String())
	update(t, db, func(tx *Tx) error { return tx.LinkChat("telegram", "1", p.ID, byPhone) })
	for _, row := range []struct{ day, chats int }{{179, 1}, {180, 1}, {360, 1}, {361, 0}} {
		db.at(row.day)
		forget(t, db)
		if n := count(t, db, `chats`); n != row.chats {
			t.Errorf("day %d: %d chats, want %d", row.day, n, row.chats)
		}
	}
}

// TestNumberChanged (rule 37): who has the old number is not the worker any more; the new one needs a code.
func TestNumberChanged(t *testing.T) {
	db, ketua, known := provable(t)
	prove := func(chat string, phone program.Phone) error {
		return try(t, db, func(tx *Tx) error { _, err := tx.ProvePhone("telegram", chat, phone); return err })
	}
	must(t, prove("old", known.Phone))
	worker := linked(t, db, "old")
	update(t, db, func(tx *Tx) error {
		must(t, tx.LinkChat("telegram", "code", worker, byInvite))
		return tx.CorrectWorker(known.ID, FieldPhone, testPhone(t, 300).E164(), ketua)
	})
	if linked(t, db, "old") != "" || linked(t, db, "code") != worker {
		t.Error("the old number must end, the chat of a code stays")
	}
	for _, phone := range []program.Phone{known.Phone, testPhone(t, 300)} {
		if err := prove("old", phone); !errors.Is(err, ErrNotProved) {
			t.Errorf("without a code: %v", err)
		}
		if err := try(t, db, func(tx *Tx) error { _, err := tx.LinkByPhone("telegram", "old", phone); return err }); err == nil {
			t.Error("the number alone links")
		}
	}
	view(t, db, func(tx *Tx) error {
		p, err := tx.Person(worker)
		if p.Phone != testPhone(t, 300) {
			t.Error("the person has the old number")
		}
		return err
	})
	update(t, db, func(tx *Tx) error { return tx.CorrectWorker(known.ID, FieldPhone, ketua.Phone.E164(), ketua) }) // his RT head's
	view(t, db, func(tx *Tx) error {
		p, err := tx.Person(worker)
		if !p.Phone.IsZero() {
			t.Error("two persons have one number")
		}
		return err
	})
	clean(t, db)
}

// TestNumberOfSomebodyElse: a number that is corrected to his family's, or a known one of which it turns out, proves nobody
// any more, and is not that of the person he is.
func TestNumberOfSomebodyElse(t *testing.T) {
	for what, number := range map[string]int{"another number": 300, "the same number": 101} {
		t.Run(what, func(t *testing.T) {
			db, ketua, known := provable(t)
			prove := func(chat string, phone program.Phone) error {
				return try(t, db, func(tx *Tx) error { _, err := tx.ProvePhone("telegram", chat, phone); return err })
			}
			must(t, prove("old", known.Phone))
			worker := linked(t, db, "old")
			update(t, db, func(tx *Tx) error {
				must(t, tx.LinkChat("telegram", "code", worker, byInvite))
				return tx.CorrectPhone(known.ID, testPhone(t, number).E164(), "family", ketua)
			})
			if linked(t, db, "old") != "" || linked(t, db, "code") != worker {
				t.Error("the link by the number must end, the chat of a code stays")
			}
			for _, phone := range []program.Phone{known.Phone, testPhone(t, number)} {
				if err := prove("other", phone); !errors.Is(err, ErrNotProved) {
					t.Errorf("the number proves him: %v", err)
				}
				if err := try(t, db, func(tx *Tx) error { _, err := tx.LinkByPhone("telegram", "other", phone); return err }); err == nil {
					t.Error("the number alone links")
				}
			}
			view(t, db, func(tx *Tx) error {
				p, err := tx.Person(worker)
				if !p.Phone.IsZero() {
					t.Error("the person has a number that is not his")
				}
				w, err2 := tx.Worker(known.ID)
				if w.Phone != testPhone(t, number) || w.PhoneOwner != "family" {
					t.Error("number and owner are not kept together")
				}
				return errors.Join(err, err2)
			})
			clean(t, db)
		})
	}
	db, ketua, known := provable(t)
	if err := try(t, db, func(tx *Tx) error { return tx.CorrectPhone(known.ID, "nomor", "family", ketua) }); !errors.Is(err, ErrValue) {
		t.Errorf("no number: %v", err)
	}
	view(t, db, func(tx *Tx) error {
		w, err := tx.Worker(known.ID)
		if w.PhoneOwner != known.PhoneOwner {
			t.Error("the owner was kept without the number")
		}
		return err
	})
}
