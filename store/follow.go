package store

import (
	"fmt"
	"time"

	"sahabatrt/program"
)

// follow makes whoever is this worker by an earlier registration of the NIK the worker of a new one, so that his chat shows
// it, and tells him. What else he is stays.
func (tx *Tx) follow(w Worker) error {
	if !holdsNIK(w.State) {
		return nil
	}
	former, err := tx.former(w)
	if err != nil || len(former) == 0 {
		return err
	}
	if err := tx.alone("people", ""); err != nil { // who is linked may be erased in this moment
		return err
	}
	if former, err = tx.former(w); err != nil {
		return err
	}
	for _, person := range former {
		sure, err := tx.surely(person, w)
		if err != nil {
			return err
		}
		if !sure {
			continue
		}
		if err := tx.giveOffice(person, program.Office{Role: program.Worker, Place: w.ID}, time.Time{}); err != nil {
			return err
		}
		if err := tx.tell(NoticeRegistered, w.ID, person); err != nil {
			return err
		}
	}
	return nil
}

// former is who is linked to the newest of the earlier registrations that anybody is linked to: nobody when somebody has said
// that he is not this worker, or when only a code links a chat to him.
func (tx *Tx) former(w Worker) (people []string, err error) {
	earlier, err := tx.list(`SELECT `+workerColumns+` FROM workers WHERE nik_key=$1 AND nik_key<>'' AND id<>$2 ORDER BY id DESC`,
		tx.index("nik", w.NIK.Digits()), w.ID)
	if err != nil {
		return nil, err
	}
	for _, old := range earlier {
		id := old.ID
		if !sameHuman(old, w) { // a NIK that was mistyped
			continue
		}
		if doubted, err := tx.doubted(id); err != nil || doubted {
			return nil, err
		}
		if locked, err := tx.workerLocked(id); err != nil || locked {
			return nil, err
		}
		if people != nil {
			continue // the others are asked for doubts
		}
		if people, err = tx.holders(program.Worker, id); err != nil {
			return nil, err
		}
	}
	return people, nil
}

// surely says whether what linked a person's chats proves him still: a number does while the new registration says that it
// is his own (rule 37). What an officer is follows from the official lists.
func (tx *Tx) surely(person string, w Worker) (bool, error) {
	p, err := tx.Person(person)
	if err != nil || officer(p) || ownPhone(w.PhoneOwner) && !w.Phone.IsZero() && w.Phone == p.Phone {
		return err == nil, err
	}
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM chats WHERE person=$1 AND how=$2 AND ended_at=0`, person, byPhone).Scan(&n); err != nil {
		return false, fmt.Errorf("look what linked the chats of a person: %w", err)
	}
	return n == 0, nil
}

// unfollow ends what follow gave, for a registration that is taken back: it may have borne another one's NIK. Who was this
// worker before stays who he was.
func (tx *Tx) unfollow(w Worker, by string) error {
	var followed []string
	if err := tx.each("list who was this worker before", func(row Row) error {
		var person string
		err := row.Scan(&person)
		followed = append(followed, person)
		return err
	}, `SELECT o.person FROM offices o WHERE o.role=$1 AND o.place=$2 AND o.until=0 AND EXISTS (SELECT 1 FROM offices f JOIN workers e ON e.id=f.place
		WHERE f.person=o.person AND f.role=o.role AND f.until=0 AND e.nik_key=$3 AND e.id<$2) ORDER BY o.id`,
		string(program.Worker), w.ID, tx.index("nik", w.NIK.Digits())); err != nil {
		return err
	}
	for _, person := range followed {
		if err := tx.EndOffice(person, program.Office{Role: program.Worker, Place: w.ID}, by); err != nil {
			return err
		}
	}
	return nil
}
