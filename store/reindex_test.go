package store

import (
	"context"
	"errors"
	"testing"

	"sahabatrt/program"
)

// TestReindex: after it everybody is found by NIK, phone and chat, nobody can be registered twice, and the former key
// finds nothing. What cannot be carried over is said first.
func TestReindex(t *testing.T) {
	ctx := context.Background()
	db, _ := full(t)
	former := *db.ring.keys.Load()
	chats := db.Sealer().Index("x", "y")
	used := useInvite(t, db)

	lost, err := db.Reindex(ctx, false)
	if !errors.Is(err, ErrLoses) || len(lost.Elsewhere) != 1 || lost.Elsewhere[0] != (LostList{"contoh", 1}) || lost.Invites != 1 {
		t.Fatalf("would lose %+v, %v", lost, err)
	}
	clean(t, db)
	if _, err := db.Reindex(ctx, true); err != nil {
		t.Fatal(err)
	}
	clean(t, db)
	found(t, db, true)
	if db.Sealer().Index("x", "y") != chats {
		t.Error("conversations under way are not found")
	}
	view(t, db, func(tx *Tx) error {
		if _, there, _ := tx.Elsewhere(testNIK(t, 2), program.DateOf(today)); there {
			t.Error("found what cannot be found")
		}
		if _, err := tx.LookInvite(used); !errors.Is(err, ErrInviteUnknown) {
			t.Errorf("a used code: %v", err)
		}
		return nil
	})

	ketua, err := personBy(t, db, 1)
	must(t, err)
	var duplicate *DuplicateNIK
	if _, err := register(t, db, testWorker(t, 1), ketua); !errors.As(err, &duplicate) {
		t.Errorf("registered twice: %v", err)
	}
	err = db.Update(ctx, func(tx *Tx) error {
		return tx.exec("add", `INSERT INTO people(id, phone_key, personal, made_at) VALUES('x', $1, '', 0)`, tx.index("phone", testPhone(t, 1).E164()))
	})
	if !isUnique(err) {
		t.Errorf("one number for two: %v", err)
	}
	clean(t, db)

	now := db.ring.keys.Load()
	former.asOf = now.asOf
	db.ring.keys.Store(&former)
	found(t, db, false)
	db.ring.keys.Store(now)
	update(t, db, func(tx *Tx) error { // the lists again
		_, err := tx.PutElsewhere(testNIK(t, 2), "city", 0, "contoh")
		return err
	})
	if lost, err := db.Reindex(ctx, true); err != nil || len(lost.Elsewhere) != 1 || lost.Invites != 0 {
		t.Errorf("again: lost %+v, %v", lost, err)
	}
	found(t, db, true)
	clean(t, db)
}

// useInvite has somebody use an invitation, and somebody else try a wrong code.
func useInvite(t *testing.T, db *DB) (code string) {
	t.Helper()
	update(t, db, func(tx *Tx) (err error) {
		if code, err = tx.InviteAsOperator(Invite{Role: program.Worker, Place: "w", Phone: testPhone(t, 77)}); err != nil {
			return err
		}
		_, err = tx.UseInvite(code, "telegram", "4711", testPhone(t, 77))
		return err
	})
	err := db.Update(context.Background(), func(tx *Tx) error {
		_, err := tx.UseInvite("WRONG", "telegram", "4712", testPhone(t, 78))
		return err
	})
	if !errors.Is(err, ErrInviteUnknown) {
		t.Fatal(err)
	}
	return code
}

func personBy(t *testing.T, db *DB, phone int) (p Person, err error) {
	t.Helper()
	view(t, db, func(tx *Tx) error {
		p, err = tx.PersonByPhone(testPhone(t, phone))
		return nil
	})
	return p, err
}

// found looks for those of full: all are found, or none.
func found(t *testing.T, db *DB, want bool) {
	t.Helper()
	view(t, db, func(tx *Tx) error {
		_, nik, err := tx.FindNIK(testNIK(t, 1))
		workers, err2 := tx.WorkersByPhone(testPhone(t, 55))
		_, byPhone := tx.PersonByPhone(testPhone(t, 1))
		p, byChat := tx.PersonByChat("telegram", "777888999")
		if nik != want || (len(workers) == 1) != want || (byPhone == nil) != want || (byChat == nil) != want {
			t.Errorf("found by NIK %v, by phone %d, person by phone: %v, by chat: %v", nik, len(workers), byPhone, byChat)
		}
		if want {
			chats, err := tx.Chats(p.ID)
			if err != nil || len(chats) != 1 || chats[0].ID != "777888999" {
				t.Errorf("%d chats, %v", len(chats), err)
			}
		}
		return errors.Join(err, err2)
	})
}

// TestReindexRefuses: while a bot says that it works, and where something would be lost for good because it does not open.
func TestReindexRefuses(t *testing.T) {
	ctx := context.Background()
	db, _ := full(t)
	beat := func(until int64) {
		update(t, db, func(tx *Tx) error {
			return tx.exec("beat", `INSERT INTO session_processes(name, boot, until_us) VALUES('a', 'b', $1)
				ON CONFLICT(name) DO UPDATE SET until_us=excluded.until_us`, until)
		})
	}
	beat(today.UnixMicro() + 1)
	if _, err := db.Reindex(ctx, true); !errors.Is(err, ErrRunning) {
		t.Errorf("while a bot works: %v", err)
	}
	beat(today.UnixMicro())
	update(t, db, func(tx *Tx) error { return tx.exec("damage", `UPDATE workers SET personal='AAAA'`) })
	if _, err := db.Reindex(ctx, true); !errors.Is(err, ErrDamaged) {
		t.Errorf("with a worker who does not open: %v", err)
	}
	view(t, db, func(tx *Tx) error {
		if _, err := tx.PersonByPhone(testPhone(t, 1)); err != nil {
			t.Errorf("half of it was done: %v", err)
		}
		return nil
	})
}
