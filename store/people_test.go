package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"sahabatrt/program"
)

func TestPutPerson(t *testing.T) {
	db := open(t)
	phone, office := testPhone(t, 1), program.Office{Role: program.Ketua, Place: rt14.String()}
	put := func(p Person) (id string, changed bool) {
		update(t, db, func(tx *Tx) (err error) {
			id, changed, err = tx.PutPerson(p)
			return err
		})
		return id, changed
	}
	first, changed := put(Person{Name: "Contoh Satu", Phone: phone, Honorific: Bu, Lang: "id", Offices: []program.Office{office}})
	if !changed {
		t.Error("a new person changes nothing")
	}
	if again, changed := put(Person{Name: "Contoh Satu", Phone: phone, Offices: []program.Office{office}}); again != first || changed {
		t.Errorf("the same again: same person %v, changed %v", again == first, changed)
	}
	second, _ := put(Person{Name: "Contoh Dua", Phone: testPhone(t, 2), Offices: []program.Office{office}})
	view(t, db, func(tx *Tx) error {
		former, err := tx.Person(first)
		if len(former.Offices) != 0 || former.Honorific != Bu || former.Lang != "id" {
			t.Errorf("the former ketua holds %v", former.Offices)
		}
		now, err2 := tx.Officers(program.Ketua, rt14.String())
		if len(now) != 1 || now[0].ID != second {
			t.Errorf("%d hold the office", len(now))
		}
		_, err3 := tx.PersonByPhone(testPhone(t, 3))
		if !errors.Is(err3, ErrNotFound) {
			t.Errorf("an unknown number: %v", err3)
		}
		return errors.Join(err, err2)
	})
	err := db.Update(context.Background(), func(tx *Tx) error { _, _, err := tx.PutPerson(Person{ID: second, Phone: phone}); return err })
	if !errors.Is(err, ErrPhoneTaken) {
		t.Errorf("another's number: %v", err)
	}
}

func TestChats(t *testing.T) {
	db := open(t)
	p := addOfficer(t, db, 1, program.Ketua, rt14.String())
	link := func(tx *Tx) error { return tx.LinkChat("telegram", "12345", p.ID, "contact") }
	update(t, db, link)
	update(t, db, link)
	view(t, db, func(tx *Tx) error {
		got, err := tx.PersonByChat("telegram", "12345")
		if got.ID != p.ID {
			t.Error("another person")
		}
		chats, err2 := tx.Chats(p.ID)
		if len(chats) != 1 || chats[0] != (Chat{"telegram", "12345"}) {
			t.Errorf("%d chats", len(chats))
		}
		_, err3 := tx.PersonByChat("whatsapp", "12345")
		if !errors.Is(err3, ErrNotFound) {
			t.Errorf("the same id on another channel: %v", err3)
		}
		return errors.Join(err, err2)
	})
}

func TestInvite(t *testing.T) {
	db := open(t)
	phone := testPhone(t, 9)
	invite := func(i Invite) (code string, err error) {
		err = db.Update(context.Background(), func(tx *Tx) (err error) {
			code, err = tx.InviteAsOperator(i)
			return err
		})
		return code, err
	}
	use := func(code, chat string, vouched program.Phone) (p Person, err error) {
		err = db.Update(context.Background(), func(tx *Tx) (err error) {
			p, err = tx.UseInvite(code, "telegram", chat, vouched)
			return err
		})
		return p, err
	}
	if _, err := invite(Invite{Role: program.Ketua, Place: rt14.String()}); !errors.Is(err, ErrNeedsPhone) {
		t.Errorf("a ketua without a number: %v", err)
	}
	code, err := invite(Invite{Role: program.Ketua, Place: rt14.String(), Phone: phone, Name: "Contoh Ketua"})
	must(t, err)
	if len(code) != codeLength || strings.ContainsAny(code, "IO01") {
		t.Errorf("a code with look-alikes: %q", code)
	}
	for _, vouched := range []program.Phone{{}, testPhone(t, 8)} {
		if _, err := use(code, "1", vouched); !errors.Is(err, ErrInvitePhone) {
			t.Errorf("another number: %v", err)
		}
	}
	typed := " " + strings.ToLower(code[:4]) + "-" + code[4:]
	p, err := use(typed, "1", phone)
	if err != nil || p.Name != "Contoh Ketua" || len(p.Offices) != 1 || p.Offices[0] != (program.Office{Role: program.Ketua, Place: rt14.String()}) {
		t.Errorf("used: %v, %v", p.Offices, err)
	}
	if _, err := use(code, "1", phone); !errors.Is(err, ErrInviteUsed) {
		t.Errorf("twice: %v", err)
	}
	second, err := invite(Invite{Role: program.Bendahara, Place: rt14.String(), Phone: phone})
	must(t, err)
	if again, err := use(second, "2", phone); err != nil || again.ID != p.ID || len(again.Offices) != 2 {
		t.Errorf("a second office of the same person: %v, %v", again.Offices, err)
	}
	old, err := invite(Invite{Role: program.Worker, Place: "w1"})
	must(t, err)
	update(t, db, func(tx *Tx) error {
		return tx.exec("age", `UPDATE invites SET until=$1 WHERE used_by=''`, tx.Now.UnixMicro())
	})
	if _, err := use(old, "3", program.Phone{}); !errors.Is(err, ErrInviteExpired) {
		t.Errorf("after seven days: %v", err)
	}
}

// TestWrongCodes: the five an hour are counted although each refusal rolls back.
func TestWrongCodes(t *testing.T) {
	db := open(t)
	try := func(chat string) error {
		return db.Update(context.Background(), func(tx *Tx) error {
			_, err := tx.UseInvite("AAAAAAAA", "telegram", chat, program.Phone{})
			return err
		})
	}
	for i, want := range []error{ErrInviteUnknown, ErrInviteUnknown, ErrInviteUnknown, ErrInviteUnknown, ErrInviteUnknown, ErrTooManyTries} {
		if err := try("1"); !errors.Is(err, want) {
			t.Errorf("try %d: %v, want %v", i+1, err, want)
		}
	}
	if err := try("2"); !errors.Is(err, ErrInviteUnknown) {
		t.Errorf("another chat: %v", err)
	}
}

// TestPersonalTypesPrintNothing: rule 36.
func TestPersonalTypesPrintNothing(t *testing.T) {
	w := testWorker(t, 1)
	w.ID = "w1"
	p := Person{ID: "p1", Name: "Contoh", Phone: testPhone(t, 1)}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "worker", w, "person", p)
	for _, v := range []any{w, p, &w, &p, []Worker{w}, Registered{Worker: w}, Invite{Name: "Contoh"}, WorkerChange{Old: "Contoh"}, Chat{"telegram", "Contoh"}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			fmt.Fprintf(&log, verb, v)
		}
	}
	for _, secret := range []string{"Contoh", w.NIK.Digits(), p.Phone.E164()} {
		if strings.Contains(log.String(), secret) {
			t.Error("personal data was printed")
		}
	}
}
