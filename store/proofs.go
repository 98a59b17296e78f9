package store

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"sahabatrt/program"
)

// What can come of a try to prove that one is a worker. Neither tells whether a NIK is known.
var (
	ErrNotProved   = errors.New("this does not prove who somebody is")
	ErrProofLocked = errors.New("too many tries that proved nothing")
)

// How many wrong tries close the way by NIK (rule 37).
const (
	proofTriesOfNIK  = 3 // in a day, from all chats together: for everybody
	proofTriesOfChat = 5 // in a day
	proofDay         = 24 * time.Hour
	proofHour        = time.Hour
)

// How a chat was linked to a person; the values are stored.
const (
	byInvite = "invite"
	byPhone  = "phone"
	byNIK    = "nik"
	byWord   = "word"  // nothing is proved: he said that he is not whom the chat showed
	bySleep  = "slept" // it was by one of the last two, and nobody wrote for so long that this proves nothing any more
)

// Prove returns the worker with this NIK and this maiden name of the mother, which prove him only together; with
// remember his chat is linked, unless it is an officer's or only a code links him. A wrong try counts once for an operation, even when the caller
// rolls back; known or unknown, the same work is done. ErrNotProved, ErrProofLocked.
func (tx *Tx) Prove(op, channel, chatID string, nik program.NIK, mother string, remember bool) (Worker, error) {
	if err := tx.alone("people", ""); err != nil {
		return Worker{}, err
	}
	chat, key := tx.chatKey(channel, chatID), tx.index("nik", nik.Digits())
	locked, err := tx.proofLocked(chat, key)
	if err != nil {
		return Worker{}, err
	}
	w, known, err := tx.wantedOrAny(key)
	if err != nil {
		return Worker{}, err
	}
	same := tx.sameName(w.Mother, mother)
	switch {
	case locked:
		return Worker{}, ErrProofLocked
	case !known || !same:
		tx.keep(func(tx *Tx) error { return tx.countProof(op, chat, key) })
		return Worker{}, ErrNotProved
	}
	lost, err := tx.workerLocked(w.ID)
	if err != nil {
		return Worker{}, err
	}
	if lost || !remember {
		return w, tx.audit("", "worker.proved", w.ID, "")
	}
	return w, tx.linkWorker(channel, chatID, w, program.Phone{}, byNIK)
}

// workerLocked says whether only a code links a chat to this worker.
func (tx *Tx) workerLocked(worker string) (bool, error) {
	is, err := tx.holders(program.Worker, worker)
	for _, id := range is {
		if locked, err := tx.locked(id); err != nil || locked {
			return locked, err
		}
	}
	return false, err
}

// ProvePhone links a chat to the one worker who has the number that its channel vouches for. ErrNotProved: the number
// stands on none, on several, is said to be somebody else's, is an officer's, is locked, or is of somebody who said that he
// is not that worker.
func (tx *Tx) ProvePhone(channel, chatID string, vouched program.Phone) (Worker, error) {
	if vouched.IsZero() {
		return Worker{}, ErrNotProved
	}
	if err := tx.alone("people", ""); err != nil {
		return Worker{}, err
	}
	workers, err := tx.WorkersByPhone(vouched)
	if err != nil {
		return Worker{}, err
	}
	if len(workers) != 1 || !ownPhone(workers[0].PhoneOwner) {
		return Worker{}, ErrNotProved
	}
	p, err := tx.PersonByPhone(vouched)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Worker{}, err
	}
	doubted, err := tx.doubted(workers[0].ID)
	if err != nil {
		return Worker{}, err
	}
	locked, err := tx.workerLocked(workers[0].ID)
	if err != nil {
		return Worker{}, err
	}
	if officer(p) || doubted || locked {
		return Worker{}, ErrNotProved
	}
	return workers[0], tx.linkWorker(channel, chatID, workers[0], vouched, byPhone)
}

// linkWorker says that whoever has this chat is this worker. An officer's chat stays what it is.
func (tx *Tx) linkWorker(channel, chatID string, w Worker, vouched program.Phone, how string) error {
	has, err := tx.PersonByChat(channel, chatID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if officer(has) {
		return nil
	}
	id, err := tx.workerPerson(w, vouched)
	if err != nil {
		return err
	}
	return tx.LinkChat(channel, chatID, id, how)
}

// workerPerson finds or makes the person who is this worker.
func (tx *Tx) workerPerson(w Worker, vouched program.Phone) (id string, err error) {
	is, err := tx.holders(program.Worker, w.ID)
	if err != nil {
		return "", err
	}
	if len(is) > 0 {
		return is[0], nil
	}
	p, err := tx.PersonByPhone(vouched)
	if errors.Is(err, ErrNotFound) {
		p, err = Person{ID: newID(), Name: w.Name, Phone: vouched}, nil
	}
	if err != nil {
		return "", err
	}
	p.Offices = []program.Office{{Role: program.Worker, Place: w.ID}}
	id, _, err = tx.PutPerson(p)
	return id, err
}

// officer says whether somebody holds an office beside being a worker.
func officer(p Person) bool {
	return slices.ContainsFunc(p.Offices, func(o program.Office) bool { return o.Role != program.Worker })
}

// proofLocked says whether the way by NIK is closed for this chat, for this NIK, or for all.
func (tx *Tx) proofLocked(chat, nik string) (bool, error) {
	for _, limit := range []struct {
		where string
		value string
		since time.Duration
		most  int
	}{
		{"nik_key", nik, proofDay, proofTriesOfNIK},
		{"chat_key", chat, proofDay, proofTriesOfChat},
		{"''", "", proofHour, tx.Settings().ProofsAnHour},
	} {
		var n int
		if err := tx.QueryRow(fmt.Sprintf(`SELECT COUNT(*) FROM proof_tries WHERE %s=$1 AND at>$2`, limit.where),
			limit.value, tx.Now.Add(-limit.since).UnixMicro()).Scan(&n); err != nil {
			return false, fmt.Errorf("count the tries to prove who somebody is: %w", err)
		}
		if n >= limit.most {
			return true, nil
		}
	}
	return false, nil
}

// countProof counts a wrong try, and nothing else: what a closed way means for a worker is TellProofs' to say, for whoever
// tries would see by the time it takes that there is one.
func (tx *Tx) countProof(op, chat, nik string) error {
	return tx.exec("count a try to prove who somebody is", `INSERT INTO proof_tries(op, chat_key, nik_key, at) VALUES($1, $2, $3, $4) ON CONFLICT(op) DO NOTHING`,
		op, chat, nik, tx.Now.UnixMicro())
}

// TellProofs tells the RT and the kelurahan of each worker that the way to his record by NIK was closed, once each time
// that it closes. A NIK that nobody has closes in the same way, and there is nobody to tell.
func (tx *Tx) TellProofs() error {
	if err := tx.alone("people", ""); err != nil {
		return err
	}
	closed := map[string]int64{} // when the last try was
	if err := tx.each("look for NIKs that are closed", func(row Row) error {
		var nik string
		var last int64
		err := row.Scan(&nik, &last)
		closed[nik] = last
		return err
	}, `SELECT nik_key, MAX(at) FROM proof_tries WHERE at>$1 GROUP BY nik_key HAVING COUNT(*)>=$2`,
		tx.Now.Add(-proofDay).UnixMicro(), proofTriesOfNIK); err != nil {
		return err
	}
	for _, nik := range slices.Sorted(maps.Keys(closed)) {
		if err := tx.tellProof(nik, closed[nik]); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) tellProof(nik string, last int64) error {
	w, known, err := tx.wantedOrAny(nik)
	if err != nil || !known {
		return err
	}
	var told int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM alerts WHERE kelurahan=$1 AND kind=$2 AND worker=$3 AND at>=$4`,
		w.RT.Kelurahan, string(AlertProof), w.ID, last).Scan(&told); err != nil {
		return fmt.Errorf("look whether somebody was told of tries at a NIK: %w", err)
	}
	if told > 0 {
		return nil
	}
	if err := tx.tellHead(NoticeProof, w.ID+"/"+tx.today().String(), w.RT); err != nil {
		return err
	}
	return tx.Alert(Alert{Kind: AlertProof, Kelurahan: w.RT.Kelurahan, RT: w.RT, Worker: w.ID, Reason: "tries"})
}

// wantedOrAny reads the registration that holds a NIK, or another one where none does: known and unknown take the same time.
func (tx *Tx) wantedOrAny(nik string) (w Worker, known bool, err error) {
	w, err = tx.worker(`SELECT `+workerColumns+` FROM workers WHERE (nik_key=$1 AND active=1) OR id=(SELECT MIN(id) FROM workers)
		ORDER BY CASE WHEN nik_key=$1 AND active=1 THEN 0 ELSE 1 END LIMIT 1`, nik)
	if errors.Is(err, ErrNotFound) { // an empty city
		return Worker{}, false, nil
	}
	return w, err == nil && holdsNIK(w.State) && tx.index("nik", w.NIK.Digits()) == nik, err
}

// sameName compares names by their letters, in a time that tells nothing. A name that is not recorded is like no other.
func (tx *Tx) sameName(recorded, said string) bool {
	a, b := nameLetters(recorded), nameLetters(said)
	same := subtle.ConstantTimeCompare([]byte(tx.db.sealer.Index("name", a)), []byte(tx.db.sealer.Index("name", b))) == 1
	return same && a != ""
}

// nameLetters drops what people write differently: case, spaces, dots.
func nameLetters(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}
