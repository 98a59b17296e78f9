package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sahabatrt/program"
)

// TestMoneyForOne: rule 12. Fifty confirmations at once, money for exactly one.
func TestMoneyForOne(t *testing.T) {
	db := open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	setCeiling(t, db, rt14, 2026, 33_600+33_599)
	var registered, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 50 {
		w := testWorker(t, i+1)
		wg.Go(func() {
			_, err := register(t, db, w, ketua)
			var short *ErrNotEnough
			switch {
			case err == nil:
				registered.Add(1)
			case errors.As(err, &short):
				refused.Add(1)
				if short.Missing != 1 || short.Remaining != 33_599 {
					t.Errorf("missing %v of %v", short.Missing, short.Remaining)
				}
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if registered.Load() != 1 || refused.Load() != 49 {
		t.Errorf("%d registered, %d refused", registered.Load(), refused.Load())
	}
	if b := budget(t, db, rt14, 2026); b.Committed != 33_600 || b.Remaining() != 33_599 {
		t.Errorf("committed %v, remaining %v", b.Committed, b.Remaining())
	}
	view(t, db, func(tx *Tx) error {
		if _, total, err := tx.Workers(rt14, 0, 10); err != nil || total != 1 {
			t.Errorf("%d workers (%v): a refusal left something behind", total, err)
		}
		return nil
	})
	clean(t, db)
}

// TestRefusalLeavesNothing: a caller that goes on after *ErrNotEnough and commits keeps nothing of the registration.
func TestRefusalLeavesNothing(t *testing.T) {
	db := open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	setCeiling(t, db, rt14, 2026, 10_000)
	update(t, db, func(tx *Tx) error {
		var short *ErrNotEnough
		if _, err := tx.Register(testWorker(t, 1), "op", ketua, consent); !errors.As(err, &short) {
			t.Errorf("error %v", err)
		}
		return nil
	})
	view(t, db, func(tx *Tx) error {
		_, total, err := tx.Workers(rt14, 0, 1)
		if _, found, _ := tx.FindNIK(testNIK(t, 1)); found || total != 0 {
			t.Errorf("%d workers stayed", total)
		}
		return err
	})
	clean(t, db)
}

func TestRegister(t *testing.T) {
	december := program.NewMonth(2026, time.December)
	for _, c := range []struct {
		rule      string
		ceiling   program.Rupiah // 0: none imported
		change    func(*Worker)
		covered   bool // on an imported list
		state     program.State
		reason    string
		amount    program.Rupiah
		waiting   int
		err       error
		alertKind AlertKind
	}{
		{rule: "1: two months are Rp33.600", ceiling: 100_000_000, state: program.Submitted, amount: 33_600},
		{rule: "9: no ceiling, no promise", state: program.WaitingCeiling, waiting: 2},
		{rule: "14a: months of next year wait", ceiling: 100_000_000, change: func(w *Worker) { w.Months = 12 }, state: program.Submitted, amount: 33_600, waiting: 10},
		{rule: "14a: all of them wait", ceiling: 100_000_000, change: func(w *Worker) { w.FirstMonth = december.Add(1) }, state: program.WaitingCeiling, waiting: 2},
		{rule: "15: 65 today", ceiling: 100_000_000, change: func(w *Worker) { w.Birth = program.Date{Year: 1961, Month: 11, Day: 23} }, err: ErrTooOld},
		{rule: "15: 65 tomorrow", ceiling: 100_000_000, change: func(w *Worker) { w.Birth = program.Date{Year: 1961, Month: 11, Day: 24} }, state: program.Submitted, amount: 33_600},
		{rule: "15: 16 years old", ceiling: 100_000_000, change: func(w *Worker) { w.Birth = program.Date{Year: 2009, Month: 12, Day: 1} }, state: program.Held, reason: ReasonTooYoung, waiting: 2, alertKind: AlertHeld},
		{rule: "19: says he is covered", ceiling: 100_000_000, change: func(w *Worker) { w.Elsewhere = "city" }, state: program.Held, reason: ReasonElsewhere, waiting: 2, alertKind: AlertHeld},
		{rule: "19: a list has him", ceiling: 100_000_000, covered: true, state: program.Held, reason: ReasonElsewhere, waiting: 2, alertKind: AlertHeld},
		{rule: "37: not his RT", ceiling: 100_000_000, change: func(w *Worker) { w.RT = rt15 }, err: ErrNoRight},
		{rule: "14b: not for a month gone by", ceiling: 100_000_000, change: func(w *Worker) { w.FirstMonth = december.Add(-2) }, err: ErrIncomplete},
	} {
		t.Run(c.rule, func(t *testing.T) {
			db := open(t)
			ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
			if c.ceiling > 0 {
				setCeiling(t, db, rt14, 2026, c.ceiling)
			}
			w := testWorker(t, 1)
			if c.covered {
				update(t, db, func(tx *Tx) error { _, err := tx.PutElsewhere(w.NIK, "province", 0, "contoh"); return err })
			}
			if c.change != nil {
				c.change(&w)
			}
			r, err := register(t, db, w, ketua)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if r.Worker.State != c.state || r.Reason != c.reason || r.Amount != c.amount || len(r.Waiting) != c.waiting {
				t.Errorf("got %s %s %v, %d waiting", r.Worker.State, r.Reason, r.Amount, len(r.Waiting))
			}
			if b := budget(t, db, rt14, 2026); b.Committed != c.amount || b.Remaining() != c.ceiling-c.amount {
				t.Errorf("committed %v, remaining %v", b.Committed, b.Remaining())
			}
			view(t, db, func(tx *Tx) error {
				alerts, err := tx.Alerts(rt14.Kelurahan)
				if (len(alerts) == 1) != (c.alertKind != "") || len(alerts) == 1 && alerts[0].Kind != c.alertKind {
					t.Errorf("alerts %+v", alerts)
				}
				return err
			})
			clean(t, db)
		})
	}
}

// TestDuplicateNIK: rule 18. One registration per NIK in the city; another RT learns nothing, both kelurahan are told, even
// though the refusal rolls back.
func TestDuplicateNIK(t *testing.T) {
	db := open(t)
	here, there := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Sekretaris, rt15.String())
	first, err := register(t, db, testWorker(t, 1), here)
	must(t, err)
	var twice *DuplicateNIK
	if _, err := register(t, db, testWorker(t, 1), here); !errors.As(err, &twice) || !twice.SameRT || twice.WorkerID != first.Worker.ID {
		t.Errorf("same RT: %v", err)
	}
	again := testWorker(t, 1)
	again.RT = rt15
	if _, err := register(t, db, again, there); !errors.As(err, &twice) || twice.SameRT || twice.WorkerID != "" {
		t.Errorf("another RT: %v", err)
	}
	view(t, db, func(tx *Tx) error {
		for _, kelurahan := range []string{rt14.Kelurahan, rt15.Kelurahan} {
			alerts, err := tx.Alerts(kelurahan)
			if err != nil || len(alerts) != 1 || alerts[0].Kind != AlertDuplicate || alerts[0].RT.Kelurahan != kelurahan {
				t.Errorf("alerts of %s: %+v, %v", kelurahan, alerts, err)
			}
		}
		return nil
	})
}

// TestEndedInArrears: rule 23. More than three months unpaid end a registration; another RT may register the NIK anew.
func TestEndedInArrears(t *testing.T) {
	db := open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt15.String())
	setCeiling(t, db, rt15, 2026, 100_000)
	for _, c := range []struct {
		paidUntil program.Month
		free      bool
	}{
		{program.NewMonth(2026, 7), false}, // August to October are overdue or not: three at most
		{program.NewMonth(2026, 5), true},  // June to September are overdue
	} {
		old := testWorker(t, int(c.paidUntil)%9999)
		old.FirstMonth, old.PaidUntil = program.NewMonth(2026, 1), c.paidUntil
		update(t, db, func(tx *Tx) error { _, err := tx.ImportWorker(old, ""); return err })
		again := testWorker(t, int(c.paidUntil)%9999)
		again.RT = rt15
		r, err := register(t, db, again, ketua)
		var twice *DuplicateNIK
		if errors.As(err, &twice) == c.free || c.free && r.Worker.State != program.Submitted {
			t.Errorf("paid until %s: %s, %v", c.paidUntil, r.Worker.State, err)
		}
	}
	clean(t, db)
}

// TestTenRefusals: rule 18. The tenth refusal of a day alerts, once; the same operation counts once.
func TestTenRefusals(t *testing.T) {
	db := open(t)
	refuse := func(op string) {
		update(t, db, func(tx *Tx) error { tx.Refuse(rt14, "a", RefusedTooOld, op); return nil })
	}
	alerts := func() (n int) {
		view(t, db, func(tx *Tx) error {
			all, err := tx.Alerts("")
			n = len(all)
			return err
		})
		return n
	}
	for _, op := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "9"} {
		refuse(op)
	}
	if n := alerts(); n != 0 {
		t.Errorf("%d alerts after nine", n)
	}
	refuse("10")
	refuse("11")
	if n := alerts(); n != 1 {
		t.Errorf("%d alerts after eleven", n)
	}
}

// TestCancelWorker: rule 13. A counter-entry gives the promise back, and the NIK is free.
func TestCancelWorker(t *testing.T) {
	db := open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	setCeiling(t, db, rt14, 2026, 50_000)
	w := testWorker(t, 1)
	w.Months = 4
	r, err := register(t, db, w, ketua)
	must(t, err)
	cancel := func(id string) error {
		return db.Update(context.Background(), func(tx *Tx) error { return tx.CancelWorker(id, ketua, "wrong_input", newID()) })
	}
	must(t, cancel(r.Worker.ID))
	if err := cancel(r.Worker.ID); !errors.Is(err, ErrState) {
		t.Errorf("cancelled twice: %v", err)
	}
	if b := budget(t, db, rt14, 2026); b.Committed != 0 || b.Remaining() != 50_000 {
		t.Errorf("committed %v, remaining %v", b.Committed, b.Remaining())
	}
	view(t, db, func(tx *Tx) error {
		entries, err := tx.Ledger(rt14, 2026)
		if len(entries) != 3 || entries[2].Kind != EntryReversal || entries[2].Reverses != entries[1].ID || entries[2].Committed != -33_600 {
			t.Errorf("ledger %+v", entries)
		}
		months, err2 := tx.CoverMonths(r.Worker.ID)
		for _, m := range months {
			if m.State != MonthCancelled {
				t.Errorf("%s is %s", m.Month, m.State)
			}
		}
		return errors.Join(err, err2)
	})
	if _, err := register(t, db, testWorker(t, 1), ketua); err != nil {
		t.Errorf("registered again: %v", err)
	}
	clean(t, db)
}

func TestCancelIsRefused(t *testing.T) {
	db := open(t)
	ketua, other := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Ketua, rt15.String())
	paid := testWorker(t, 1)
	paid.FirstMonth, paid.PaidUntil = program.NewMonth(2026, 9), program.NewMonth(2026, 10)
	update(t, db, func(tx *Tx) error { _, err := tx.ImportWorker(paid, ""); return err })
	view(t, db, func(tx *Tx) (err error) {
		paid, _, err = tx.FindNIK(paid.NIK)
		return err
	})
	for _, c := range []struct {
		by   Person
		want error
	}{{ketua, ErrPaid}, {other, ErrNoRight}} {
		err := db.Update(context.Background(), func(tx *Tx) error { return tx.CancelWorker(paid.ID, c.by, "wrong_input", "op") })
		if !errors.Is(err, c.want) {
			t.Errorf("error %v, want %v", err, c.want)
		}
	}
}

// TestConfirm: rules 9 and 19. What waited is promised once there is a ceiling; what was held needs the kelurahan.
func TestConfirm(t *testing.T) {
	db := open(t)
	ketua, lurah := addOfficer(t, db, 1, program.Ketua, rt14.String()), addOfficer(t, db, 2, program.Lurah, rt14.Kelurahan)
	waiting, err := register(t, db, testWorker(t, 1), ketua)
	must(t, err)
	doubtful := testWorker(t, 2)
	doubtful.Elsewhere = "province"
	held, err := register(t, db, doubtful, ketua)
	must(t, err)
	setCeiling(t, db, rt14, 2026, 60_000)
	confirm := func(id string, by Person) (r Registered, err error) {
		err = db.Update(context.Background(), func(tx *Tx) (err error) {
			r, err = tx.Confirm(id, newID(), by)
			return err
		})
		return r, err
	}
	if r, err := confirm(waiting.Worker.ID, ketua); err != nil || r.Amount != 33_600 || r.Worker.State != program.Submitted || r.Remaining != 26_400 {
		t.Errorf("waiting: %+v, %v", r, err)
	}
	if r, err := confirm(waiting.Worker.ID, ketua); err != nil || r.Amount != 0 {
		t.Errorf("confirmed again: %+v, %v", r, err)
	}
	if _, err := confirm(held.Worker.ID, ketua); !errors.Is(err, ErrNoRight) {
		t.Errorf("held, by the ketua: %v", err)
	}
	var short *ErrNotEnough
	if _, err := confirm(held.Worker.ID, lurah); !errors.As(err, &short) || short.Missing != 7_200 {
		t.Errorf("held, no money: %v", err)
	}
	view(t, db, func(tx *Tx) error {
		w, err := tx.Worker(held.Worker.ID)
		if w.State != program.Held {
			t.Errorf("without money he is %s", w.State)
		}
		return err
	})
	setCeiling(t, db, rt14, 2026, 100_000)
	if r, err := confirm(held.Worker.ID, lurah); err != nil || r.Worker.State != program.Submitted {
		t.Errorf("held, by the lurah: %+v, %v", r, err)
	}
	clean(t, db)
}

// TestImportWorker: rule 22. A list says until when somebody is paid; twice changes nothing; what was promised becomes spent.
func TestImportWorker(t *testing.T) {
	db := open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	setCeiling(t, db, rt14, 2026, 100_000)
	listed := testWorker(t, 1)
	listed.FirstMonth, listed.PaidUntil, listed.Months = program.NewMonth(2026, 8), program.NewMonth(2026, 10), 5
	imported := func(w Worker) (changed bool) {
		update(t, db, func(tx *Tx) (err error) {
			changed, err = tx.ImportWorker(w, "")
			return err
		})
		return changed
	}
	if !imported(listed) || imported(listed) {
		t.Error("the first import changes, the second does not")
	}
	if b := budget(t, db, rt14, 2026); b.Spent != 0 || b.Committed != 0 {
		t.Errorf("an import booked money: %+v", b.Budget)
	}
	r, err := register(t, db, testWorker(t, 2), ketua)
	must(t, err)
	paid := testWorker(t, 2)
	paid.FirstMonth, paid.PaidUntil = program.NewMonth(2026, 11), program.NewMonth(2026, 11)
	if !imported(paid) || imported(paid) {
		t.Error("the first payment changes, the second does not")
	}
	if b := budget(t, db, rt14, 2026); b.Spent != 16_800 || b.Committed != 16_800 {
		t.Errorf("a paid month: %+v", b.Budget)
	}
	view(t, db, func(tx *Tx) error {
		w, err := tx.Worker(r.Worker.ID)
		if w.PaidUntil != paid.PaidUntil || w.StateOn(program.DateOf(today), program.DefaultSettings()) != program.Active {
			t.Errorf("paid until %s, %s", w.PaidUntil, w.State)
		}
		return err
	})
	elsewhere := listed
	elsewhere.RT = rt15
	var twice *DuplicateNIK
	err = db.Update(context.Background(), func(tx *Tx) error { _, err := tx.ImportWorker(elsewhere, ""); return err })
	if !errors.As(err, &twice) {
		t.Errorf("in another RT: %v", err)
	}
	clean(t, db)
}

func TestCorrectWorker(t *testing.T) {
	db := open(t)
	ketua := addOfficer(t, db, 1, program.Ketua, rt14.String())
	r, err := register(t, db, testWorker(t, 1), ketua)
	must(t, err)
	for _, c := range []struct {
		field WorkerField
		value string
		want  error
		read  func(Worker) string
	}{
		{FieldName, "Contoh Baru", nil, func(w Worker) string { return w.Name }},
		{FieldPhone, testPhone(t, 77).E164(), nil, func(w Worker) string { return w.Phone.E164() }},
		{FieldPhoneOwner, "anaknya", nil, func(w Worker) string { return w.PhoneOwner }},
		{FieldAddress, "Jalan Contoh 1", nil, func(w Worker) string { return w.Address }},
		{FieldBirth, "1980-08-12", nil, func(w Worker) string { return w.Birth.String() }},
		{FieldMother, "Ibu Contoh", nil, func(w Worker) string { return w.Mother }},
		{FieldWorkplace, "Pasar Contoh", nil, func(w Worker) string { return w.Workplace }},
		{FieldHeir, "Ahli Contoh", nil, func(w Worker) string { return w.Heir }},
		{FieldIncome, "true", nil, func(w Worker) string { return w.field(FieldIncome) }},
		{FieldBirth, "12-8-80", ErrValue, nil},
		{FieldName, "", ErrValue, nil},
		{"nik", "1", ErrValue, nil},
	} {
		err := db.Update(context.Background(), func(tx *Tx) error { return tx.CorrectWorker(r.Worker.ID, c.field, c.value, ketua) })
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.field, err, c.want)
		}
		if c.read == nil {
			continue
		}
		view(t, db, func(tx *Tx) error {
			w, err := tx.Worker(r.Worker.ID)
			if got := c.read(w); got != c.value {
				t.Errorf("%s was not kept", c.field)
			}
			return err
		})
	}
	view(t, db, func(tx *Tx) error {
		changes, err := tx.WorkerChanges(r.Worker.ID)
		if len(changes) != 9 || changes[0].Old != "Contoh Pekerja" || changes[4].Old != "1980-08-07" {
			t.Errorf("%d changes kept", len(changes))
		}
		byPhone, err2 := tx.WorkersByPhone(testPhone(t, 77))
		if len(byPhone) != 1 {
			t.Errorf("%d workers with the new number", len(byPhone))
		}
		return errors.Join(err, err2)
	})
	clean(t, db)
}
