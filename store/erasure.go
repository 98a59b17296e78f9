package store

import (
	"errors"

	"sahabatrt/program"
)

// StopWorker ends a membership: months that are promised and unpaid are cancelled and their money returns to the budget
// by a counter-entry; months that are paid stay paid (rule 28). by must be ketua or sekretaris of the RT, or its lurah
// (ErrNoRight). ErrState: it is over already.
func (tx *Tx) StopWorker(id string, by Person, reason, op string) error {
	w, err := tx.takeWorker(id)
	if err != nil {
		return err
	}
	if err := tx.must(by.ID, program.Correct, w.RT.String()); err != nil {
		return err
	}
	if !holdsNIK(w.State) {
		return ErrState
	}
	return tx.whole(func() error { return tx.end(w, program.Stopped, by.ID, reason, op) })
}

// EraseWorker overwrites everything that tells who a worker is, wherever it stands: his record and its history, his
// consents, the person and chats that were his alone, the answers kept for his operations, what he wrote in tickets, and what
// was said in his talks.
// Ledger, months and audit never held it and stay. A membership that runs is stopped first. by must be the lurah of the
// place, or of the city (ErrNoRight).
func (tx *Tx) EraseWorker(id string, by Person, op string) error {
	w, err := tx.takeWorker(id)
	if err != nil {
		return err
	}
	if err := tx.must(by.ID, program.AnswerRight, w.RT.String()); err != nil {
		return err
	}
	return tx.whole(func() error {
		if holdsNIK(w.State) {
			if err := tx.end(w, program.Stopped, by.ID, "erased", op); err != nil {
				return err
			}
		}
		return errors.Join(tx.erase(w), tx.audit(by.ID, "worker.erase", w.ID, op))
	})
}

// erase overwrites everything but the person.
func (tx *Tx) erase(w Worker) error {
	nobody, err := tx.sealWorker(Worker{ID: w.ID})
	if err != nil {
		return err
	}
	for _, e := range []struct {
		what, query string
		args        []any
	}{
		{"erase a worker", `UPDATE workers SET personal=$1, nik_key='', phone_key='', erased_at=$2, version=version+1 WHERE id=$3`, []any{nobody, tx.Now.UnixMicro(), w.ID}},
		{"erase corrections", `UPDATE worker_changes SET old='' WHERE worker=$1`, []any{w.ID}},
		{"erase consents", `UPDATE consents SET given_by='' WHERE worker=$1`, []any{w.ID}},
		{"erase answers", `UPDATE operations SET answer='' WHERE op IN (SELECT op FROM audit WHERE subject=$1 AND op<>'')`, []any{w.ID}},
		{"erase tickets", `UPDATE tickets SET note='' WHERE worker=$1`, []any{w.ID}},
		{"erase tries", `DELETE FROM proof_tries WHERE nik_key=$1`, []any{tx.index("nik", w.NIK.Digits())}},
		{"erase invitations", `DELETE FROM invites WHERE place=$1 AND role=$2`, []any{w.ID, string(program.Worker)}},
	} {
		if err := tx.exec(e.what, e.query, e.args...); err != nil {
			return err
		}
	}
	return tx.erasePeople(w)
}

// erasePeople ends the office of whoever was this worker, and overwrites him when he holds no other; so too who was taken
// for the worker before, whose name he may bear.
func (tx *Tx) erasePeople(w Worker) error {
	var was []string
	if err := tx.each("list who was a worker", func(row Row) error {
		var id string
		err := row.Scan(&id)
		was = append(was, id)
		return err
	}, `SELECT DISTINCT person FROM offices WHERE role=$1 AND place=$2 ORDER BY 1`, string(program.Worker), w.ID); err != nil {
		return err
	}
	for _, id := range was {
		if err := errors.Join(tx.EndOffice(id, program.Office{Role: program.Worker, Place: w.ID}, ""), tx.eraseTalks(id)); err != nil {
			return err
		}
		offices, err := tx.offices(id)
		if err != nil {
			return err
		}
		if len(offices) > 0 {
			continue
		}
		if err := tx.erasePerson(id); err != nil {
			return err
		}
	}
	return tx.forgetChats() // the last word to him may be on its way
}

// erasePerson overwrites who somebody is. His chats go by forgetChats, what he wrote by eraseTalks.
func (tx *Tx) erasePerson(id string) error {
	nobody, err := tx.sealPerson(Person{ID: id})
	if err != nil {
		return err
	}
	return tx.exec("erase a person", `UPDATE people SET personal=$1, phone_key='', erased_at=$2 WHERE id=$3`, nobody, tx.Now.UnixMicro(), id)
}
