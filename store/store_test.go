package store

import (
	"context"
	"fmt"
	"testing"

	"sahabatrt/program"
)

// Everybody here is invented.
var (
	rt14 = program.RT{Kelurahan: "1571071012", Number: 14}
	rt15 = program.RT{Kelurahan: "1571071011", Number: 15}
)

var consent = Consent{Version: "1", GivenBy: "self", Channel: "chat"}

func testPhone(t testing.TB, n int) program.Phone {
	t.Helper()
	p, err := program.ParsePhone(fmt.Sprintf("+62812000%05d", n))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// testNIK returns the n-th invented NIK, n from 1: the first 9,999 of somebody born on 1 August 1980.
func testNIK(t testing.TB, n int) program.NIK {
	t.Helper()
	nik, err := program.ParseNIK(fmt.Sprintf("157107%02d0880%04d", 1+(n-1)/9999, 1+(n-1)%9999))
	if err != nil {
		t.Fatal(err)
	}
	return nik
}

// testWorker returns the n-th invented becak driver: two months cost Rp33.600.
func testWorker(t testing.TB, n int) Worker {
	t.Helper()
	return Worker{RT: rt14, Category: program.BecakDriver, Name: "Contoh Pekerja", NIK: testNIK(t, n),
		Birth: program.Date{Year: 1980, Month: 8, Day: 7}, Sex: program.Male, Months: 2}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// update runs a change that has to succeed.
func update(t testing.TB, db *DB, change func(*Tx) error) {
	t.Helper()
	must(t, db.Update(context.Background(), change))
}

// view reads what has to be readable.
func view(t testing.TB, db *DB, read func(*Tx) error) {
	t.Helper()
	must(t, db.View(context.Background(), read))
}

func addOfficer(t testing.TB, db *DB, n int, role program.Role, place string) Person {
	t.Helper()
	var p Person
	update(t, db, func(tx *Tx) error {
		id, _, err := tx.PutPerson(Person{Name: "Contoh Pejabat", Phone: testPhone(t, n), Honorific: Pak, Offices: []program.Office{{Role: role, Place: place}}})
		if err != nil {
			return err
		}
		p, err = tx.Person(id)
		return err
	})
	return p
}

func setCeiling(t testing.TB, db *DB, rt program.RT, year int, amount program.Rupiah) {
	t.Helper()
	update(t, db, func(tx *Tx) error {
		_, err := tx.SetCeiling(rt, year, Ceiling{Amount: amount, Source: "contoh"}, "")
		return err
	})
}

func budget(t testing.TB, db *DB, rt program.RT, year int) (b Budget) {
	t.Helper()
	view(t, db, func(tx *Tx) (err error) {
		b, err = tx.Budget(rt, year)
		return err
	})
	return b
}

func register(t testing.TB, db *DB, w Worker, by Person) (r Registered, err error) {
	t.Helper()
	err = db.Update(context.Background(), func(tx *Tx) (err error) {
		r, err = tx.Register(w, newID(), by, consent)
		return err
	})
	return r, err
}

// clean fails when the store does not agree with itself.
func clean(t testing.TB, db *DB) {
	t.Helper()
	findings, err := db.Check(context.Background())
	must(t, err)
	for _, f := range findings {
		t.Errorf("check: %+v", f)
	}
}
