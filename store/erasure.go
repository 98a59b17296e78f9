package store

import (
	"errors"
	"slices"
	"strings"

	"sahabatrt/program"
)

// stop ends a membership: months that are promised and unpaid are cancelled and their money returns to the budget by a
// counter-entry; months that are paid stay paid (rule 28). One that is over already stays as it is.
func (tx *Tx) stop(id, by, reason, op string) error {
	w, err := tx.takeWorker(id)
	if err != nil || !holdsNIK(w.State) {
		return err
	}
	return tx.whole(func() error { return tx.end(w, program.Stopped, by, reason, op) })
}

// EraseWorker overwrites everything that tells who a worker is, wherever it stands: his record and the others that reach names,
// with their history, his consents, the person and chats that were his alone, the answers kept for his operations, what he
// wrote in tickets, and what was said in his talks.
// Ledger, months and audit never held it and stay. A membership that runs is stopped first. by must be the lurah of the
// place, or of the city (ErrNoRight); what is his elsewhere waits for its own kelurahan, as a ticket.
func (tx *Tx) EraseWorker(id string, by Person, op string) error {
	all, err := tx.takeReach(id)
	if err != nil {
		return err
	}
	if err := tx.alone("people", ""); err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(w Worker) bool { return w.ID == id })
	if err := tx.must(by.ID, program.AnswerRight, all[i].RT.String()); err != nil {
		return err
	}
	return tx.whole(func() error {
		for _, w := range all {
			if err := tx.eraseOne(w, by, op); err != nil {
				return err
			}
		}
		return nil
	})
}

func (tx *Tx) eraseOne(w Worker, by Person, op string) error {
	may, err := tx.May(by.ID, program.AnswerRight, w.RT.String())
	if err != nil {
		return err
	}
	if !may {
		t := Ticket{Kind: TicketErase, Worker: w.ID, Place: w.RT.String()}
		is, err := tx.holders(program.Worker, w.ID)
		if err == nil && len(is) > 0 { // he stays somebody there, and is told what is answered
			t.Person = is[0]
		}
		if err == nil {
			_, err = tx.openTicket(t)
		}
		return err
	}
	if holdsNIK(w.State) {
		if err := tx.end(w, program.Stopped, by.ID, "erased", op); err != nil {
			return err
		}
	}
	return errors.Join(tx.erase(w), tx.audit(by.ID, "worker.erase", w.ID, op))
}

// reach are the registrations that a request about one of them is about, the newest last: those of the NIK that the same
// person is linked to, and of those that run no more also what is of the same human. A NIK alone is no human: it may have been
// mistyped.
func (tx *Tx) reach(w Worker) ([]Worker, error) {
	all, err := tx.list(`SELECT `+workerColumns+` FROM workers WHERE id=$1 OR nik_key=(SELECT nik_key FROM workers WHERE id=$1 AND nik_key<>'') ORDER BY id`, w.ID)
	if err != nil {
		return nil, err
	}
	held := map[string]bool{}
	if err := tx.each("list what else who is a worker is linked to", func(row Row) error {
		var id string
		err := row.Scan(&id)
		held[id] = true
		return err
	}, `SELECT o.place FROM offices o JOIN offices is_him ON is_him.person=o.person WHERE is_him.place=$1 AND is_him.role=$2 AND is_him.until=0
		AND o.role=$2 AND o.until=0`, w.ID, string(program.Worker)); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(o Worker) bool {
		return o.ID != w.ID && !held[o.ID] && (!sameHuman(o, w) || holdsNIK(o.State))
	}), nil
}

// sameHuman says whether two registrations of a NIK are of one human: born on the same day, and called alike.
func sameHuman(a, b Worker) bool {
	one, other := nameLetters(a.Name), nameLetters(b.Name)
	return a.Birth == b.Birth && one != "" && other != "" && (strings.HasPrefix(one, other) || strings.HasPrefix(other, one))
}

// takeReach is takeWorker for all that reach names.
func (tx *Tx) takeReach(id string) ([]Worker, error) {
	w, err := living(tx.Worker(id))
	if err != nil {
		return nil, err
	}
	all, err := tx.reach(w)
	if err != nil {
		return nil, err
	}
	var rts []string
	for _, w := range all {
		rts = append(rts, w.RT.String())
	}
	slices.Sort(rts)
	for _, rt := range slices.Compact(rts) {
		if err := tx.alone("rt", rt); err != nil {
			return nil, err
		}
	}
	if w, err = tx.takeWorker(id); err != nil { // he may have moved meanwhile
		return nil, err
	}
	return tx.reach(w)
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
		{"erase answers", `UPDATE operations SET answer='' WHERE answer<>'' AND op IN (SELECT op FROM audit WHERE op<>'' AND subject IN
			(SELECT CAST($1 AS TEXT) UNION ALL SELECT id FROM tickets WHERE worker=$1
			UNION ALL SELECT t.id FROM talks t JOIN offices o ON o.person=t.person WHERE o.role=$2 AND o.place=$1))`, []any{w.ID, string(program.Worker)}},
		{"erase tickets", `UPDATE tickets SET note='' WHERE worker=$1`, []any{w.ID}},
		{"erase what was answered before", `UPDATE tickets SET answer='' WHERE worker=$1 AND closed_at>0 AND closed_at<$2`, []any{w.ID, tx.Now.UnixMicro()}},
		{"close what is asked", `UPDATE tickets SET closed_at=$1, act=$2 WHERE worker=$3 AND closed_at=0`, []any{tx.Now.UnixMicro(), string(ActErase), w.ID}},
		{"erase tries", `DELETE FROM proof_tries WHERE nik_key=$1`, []any{tx.index("nik", w.NIK.Digits())}},
		{"erase invitations", `DELETE FROM invites WHERE place=$1 AND role=$2`, []any{w.ID, string(program.Worker)}},
	} {
		if err := tx.exec(e.what, e.query, e.args...); err != nil {
			return err
		}
	}
	return errors.Join(tx.endMoves(`worker=$3`, w.ID), tx.erasePeople(w))
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
		if err := tx.overwrite(id); err != nil {
			return err
		}
	}
	return tx.forgetChats() // the last word to him may be on its way
}

// eraseOfficer is erasePerson for who may answer him in all places where he is somebody (ErrNoRight).
func (tx *Tx) eraseOfficer(id string, by Person, op string) error {
	if err := tx.alone("people", ""); err != nil {
		return err
	}
	offices, err := tx.offices(id)
	if err != nil {
		return err
	}
	for _, o := range offices {
		if o.Role == program.Worker {
			continue
		}
		if err := tx.must(by.ID, program.AnswerRight, o.Place); err != nil {
			return err
		}
	}
	return tx.erasePerson(id, by.ID, op)
}

// erasePerson overwrites somebody, and ends his offices and that he is a worker: that record stays.
func (tx *Tx) erasePerson(id, by, op string) error {
	offices, err := tx.offices(id)
	if err != nil {
		return err
	}
	for _, o := range offices {
		if err := tx.EndOffice(id, o, by); err != nil {
			return err
		}
	}
	return errors.Join(tx.eraseTalks(id), tx.overwrite(id), tx.forgetChats(), tx.audit(by, "person.erase", id, op))
}

// overwrite makes nobody of a person: what tells who he was, the invitations to him, the answers to what he did, and what
// he asked.
func (tx *Tx) overwrite(id string) error {
	nobody, err := tx.sealPerson(Person{ID: id})
	if err != nil {
		return err
	}
	for _, e := range []struct {
		what, query string
		args        []any
	}{
		{"erase a person", `UPDATE people SET personal=$1, phone_key='', erased_at=$2 WHERE id=$3`, []any{nobody, tx.Now.UnixMicro(), id}},
		{"erase the invitations of a person", `UPDATE invites SET personal='', phone_key='' WHERE used_by=$1 OR person=$1`, []any{id}},
		{"erase the answers to a person", `UPDATE operations SET answer='' WHERE answer<>'' AND (by_person=$1 OR op IN (SELECT op FROM audit WHERE op<>''
			AND subject IN (SELECT CAST($1 AS TEXT) UNION ALL SELECT id FROM talks WHERE person=$1)))`, []any{id}},
		{"erase what a person asked", `UPDATE tickets SET note='' WHERE person=$1 OR about=$1`, []any{id}},
		{"erase what he was answered before", `UPDATE tickets SET answer='' WHERE (person=$1 OR about=$1) AND closed_at>0 AND closed_at<$2`, []any{id, tx.Now.UnixMicro()}},
		{"close what a person asks", `UPDATE tickets SET closed_at=$1, act=$2 WHERE (person=$3 OR about=$3) AND closed_at=0`,
			[]any{tx.Now.UnixMicro(), string(ActErase), id}},
	} {
		if err := tx.exec(e.what, e.query, e.args...); err != nil {
			return err
		}
	}
	return nil
}
