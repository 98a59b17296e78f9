package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"sahabatrt/program"
)

// TestInvitesInTheChat: who invites reaches no higher and no farther than he may, sees who used his code, and takes it back.
func TestInvitesInTheChat(t *testing.T) {
	db := open(t)
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	invite := func(by Person, role program.Role, place string, phone int, until program.Date) (code string, err error) {
		err = db.Update(t.Context(), func(tx *Tx) (err error) {
			code, err = tx.Invite(Invite{Role: role, Place: place, Phone: testPhone(t, phone), Name: "Contoh", Until: until}, by.ID)
			return err
		})
		return code, err
	}
	use := func(code, chat string, phone int) (p Person, err error) {
		err = db.Update(t.Context(), func(tx *Tx) (err error) {
			p, err = tx.UseInvite(code, "telegram", chat, testPhone(t, phone))
			return err
		})
		return p, err
	}
	may := func(p Person, verb program.Verb) (may bool) {
		view(t, db, func(tx *Tx) (err error) {
			may, err = tx.May(p.ID, verb, rt14.String())
			return err
		})
		return may
	}
	for what, err := range map[string]error{
		"a ketua invites a lurah":            second(invite(ketua, program.Lurah, rt14.Kelurahan, 9, program.Date{})),
		"a ketua invites in another RT":      second(invite(ketua, program.Sekretaris, rt15.String(), 9, program.Date{})),
		"a lurah invites in another place":   second(invite(lurah, program.Ketua, rt15.String(), 9, program.Date{})),
		"a lurah invites a lurah":            second(invite(lurah, program.Lurah, rt14.Kelurahan, 9, program.Date{})),
		"a ketua names the ketua of another": second(invite(ketua, program.Ketua, rt15.String(), 9, program.Date{})),
	} {
		if !errors.Is(err, ErrNoRight) {
			t.Errorf("%s: %v", what, err)
		}
	}

	// A secretary, and his office taken back.
	code, err := invite(ketua, program.Sekretaris, rt14.String(), 3, program.Date{})
	must(t, err)
	sekretaris, err := use(code, "s", 3)
	must(t, err)
	if !may(sekretaris, program.Register) {
		t.Error("the secretary may not register")
	}
	var issued []Issued
	view(t, db, func(tx *Tx) (err error) {
		issued, err = tx.Invites(ketua.ID)
		return err
	})
	if len(issued) != 1 || issued[0].Used.IsZero() || issued[0].Name != "Contoh" {
		t.Fatalf("issued: %d", len(issued))
	}
	undo := func(by Person) error {
		return db.Update(t.Context(), func(tx *Tx) error { _, err := tx.UndoInvite(issued[0].ID, by.ID); return err })
	}
	if err := undo(lurah); !errors.Is(err, ErrNotFound) {
		t.Errorf("another than the issuer: %v", err)
	}
	must(t, undo(ketua))
	if may(sekretaris, program.Register) {
		t.Error("who was invited by mistake may still register")
	}
	view(t, db, func(tx *Tx) error {
		if _, err := tx.PersonByChat("telegram", "s"); !errors.Is(err, ErrNotFound) {
			t.Errorf("his chat: %v", err)
		}
		return nil
	})
	if err := undo(ketua); !errors.Is(err, ErrState) {
		t.Errorf("undone twice: %v", err)
	}

	// A deputy until the 25th.
	code, err = invite(ketua, program.Wakil, rt14.String(), 4, program.Date{Year: 2026, Month: 11, Day: 25})
	must(t, err)
	wakil, err := use(code, "w", 4)
	must(t, err)
	for day, want := range []bool{true, true, true, false} {
		db.opt.Now = func() time.Time { return today.AddDate(0, 0, day) }
		if may(wakil, program.Register) != want {
			t.Errorf("%d days later the deputy may register: %v", day, !want)
		}
	}
	db.opt.Now = func() time.Time { return today }

	// The successor has the office with the same commit with which the former loses it, and cannot be undone by him.
	code, err = invite(ketua, program.Ketua, rt14.String(), 5, program.Date{})
	must(t, err)
	successor, err := use(code, "k", 5)
	must(t, err)
	if may(ketua, program.SeeWorkers) || !may(successor, program.Register) {
		t.Error("the office was not handed over")
	}
	view(t, db, func(tx *Tx) (err error) {
		issued, err = tx.Invites(ketua.ID)
		return err
	})
	issued[0] = issued[slices.IndexFunc(issued, func(i Issued) bool { return i.Role == program.Ketua })]
	if err := undo(ketua); !errors.Is(err, ErrNoRight) {
		t.Errorf("the former ketua undoes his successor: %v", err)
	}
	clean(t, db)
}

func second[T any](_ T, err error) error { return err }

// TestACodeDoesNotOutliveItsIssuer: who is in office no more leaves no open codes behind, nor who stands in for him.
func TestACodeDoesNotOutliveItsIssuer(t *testing.T) {
	db := open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	var successor, deputy string
	update(t, db, func(tx *Tx) (err error) {
		successor, err = tx.Invite(Invite{Role: program.Ketua, Place: rt14.String(), Phone: testPhone(t, 50), Name: "Contoh"}, ketua.ID)
		must(t, err)
		deputy, err = tx.Invite(Invite{Role: program.Wakil, Place: rt14.String(), Phone: testPhone(t, 51), Name: "Contoh",
			Until: program.Date{Year: 2026, Month: 12, Day: 30}}, ketua.ID)
		return err
	})
	var wakil Person
	update(t, db, func(tx *Tx) (err error) {
		wakil, err = tx.UseInvite(deputy, "telegram", "w", testPhone(t, 51))
		return err
	})
	now := addOfficer(t, db, 2, program.Ketua, rt14.String()) // by a list
	err := db.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.UseInvite(successor, "telegram", "s", testPhone(t, 50))
		return err
	})
	if !errors.Is(err, ErrInviteExpired) {
		t.Errorf("the code of a former ketua: %v", err)
	}
	for _, p := range []Person{wakil, ketua} {
		if may := try(t, db, func(tx *Tx) error { return tx.must(p.ID, program.Register, rt14.String()) }); !errors.Is(may, ErrNoRight) {
			t.Errorf("somebody of before may register: %v", may)
		}
	}
	must(t, try(t, db, func(tx *Tx) error { return tx.must(now.ID, program.Register, rt14.String()) }))
}

// A phone that two workers share shows the data of one: the code of the other is refused there, and good elsewhere.
func TestACodeOfAnotherWorker(t *testing.T) {
	db := open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	setCeiling(t, db, rt14, 2026, 10_000_000)
	var codes []string
	for n := 1; n <= 2; n++ {
		r, err := register(t, db, testWorker(t, n), ketua)
		must(t, err)
		update(t, db, func(tx *Tx) error {
			code, err := tx.Invite(Invite{Role: program.Worker, Place: r.Worker.ID, Name: r.Worker.Name}, ketua.ID)
			codes = append(codes, code)
			return err
		})
	}
	use := func(code, chat string) error {
		return try(t, db, func(tx *Tx) error { _, err := tx.UseInvite(code, "telegram", chat, program.Phone{}); return err })
	}
	update(t, db, func(tx *Tx) error { return tx.LinkChat("telegram", "ketua", ketua.ID, byInvite) })
	if err := use(codes[0], "ketua"); !errors.Is(err, ErrOwnCode) {
		t.Fatalf("a code in the hands of who issued it: %v", err)
	}
	view(t, db, func(tx *Tx) error {
		p, err := tx.PersonByChat("telegram", "ketua")
		if p.ID != ketua.ID || len(p.Offices) != 1 {
			t.Errorf("he is %v", p.Offices)
		}
		return err
	})
	must(t, use(codes[0], "shared"))
	if err := use(codes[1], "shared"); !errors.Is(err, ErrOtherWorker) {
		t.Fatalf("another worker's code: %v", err)
	}
	must(t, use(codes[1], "own"))
}
