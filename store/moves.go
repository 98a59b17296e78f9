package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sahabatrt/program"
)

// MoveState says what became of a move; the values are stored.
type MoveState string

// The states of a move.
const (
	MoveAsked   MoveState = "asked"
	MoveDone    MoveState = "done"
	MoveRefused MoveState = "refused"
	MoveLapsed  MoveState = "lapsed" // nobody decided it in time, or the registration changed meanwhile
)

// Move is a worker who should be of another RT.
type Move struct {
	ID     string
	Worker string // id
	From   program.RT
	To     program.RT
	By     string // id of who asks
	At     time.Time
	State  MoveState
}

// AskMove asks for a worker of another RT, whose head and kelurahan are alerted; who asks learns neither where he is nor
// who. by must register in the RT (ErrNoRight). ErrNotFound: nobody has this NIK. ErrState: it is this RT's, or asked
// already, or its worker withdrew.
func (tx *Tx) AskMove(nik program.NIK, to program.RT, by Person) error {
	if err := tx.must(by.ID, program.Register, to.String()); err != nil {
		return err
	}
	w, known, err := tx.FindNIK(nik)
	if err != nil {
		return err
	}
	if !known {
		return ErrNotFound
	}
	if w, err = tx.takeWorker(w.ID); err != nil {
		return err
	}
	if w.RT == to || w.Paused {
		return ErrState
	}
	id := newID()
	n, err := tx.Exec(`INSERT INTO moves(id, worker, from_rt, to_rt, asked_by, at, state) VALUES($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT(worker) WHERE state='asked' DO NOTHING`, id, w.ID, w.RT.String(), to.String(), by.ID, tx.Now.UnixMicro(), string(MoveAsked))
	if err != nil {
		return fmt.Errorf("ask for a move: %w", err)
	}
	if n == 0 {
		return ErrState
	}
	return errors.Join(tx.audit(by.ID, "move.ask", w.ID, ""), tx.tellHead(NoticeMove, id, w.RT),
		tx.Alert(Alert{Kind: AlertMove, Kelurahan: w.RT.Kelurahan, RT: w.RT, Worker: w.ID, Reason: "asked"}))
}

// Moves returns what is asked of an RT, or of all RTs of a kelurahan, the oldest first.
func (tx *Tx) Moves(area string) (moves []Move, err error) {
	err = tx.each("list the moves that are asked for", func(rows Row) error {
		m, err := scanMove(rows.Scan)
		moves = append(moves, m)
		return err
	}, fmt.Sprintf(`SELECT `+moveColumns+` FROM moves WHERE state=$1 AND substr(from_rt, 1, %d)=$2 ORDER BY at, id`, len(area)), string(MoveAsked), area)
	return moves, err
}

const moveColumns = `id, worker, from_rt, to_rt, asked_by, at, state`

func scanMove(scan func(...any) error) (m Move, err error) {
	var from, to string
	var at int64
	if err := scan(&m.ID, &m.Worker, &from, &to, &m.By, &at, &m.State); err != nil {
		return m, err
	}
	m.At = time.UnixMicro(at).UTC()
	m.From, err = program.ParseRTCode(from)
	if err == nil {
		m.To, err = program.ParseRTCode(to)
	}
	return m, err
}

// Move returns a move, or ErrNotFound.
func (tx *Tx) Move(id string) (Move, error) {
	m, err := scanMove(tx.QueryRow(`SELECT `+moveColumns+` FROM moves WHERE id=$1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Move{}, ErrNotFound
	}
	if err != nil {
		return Move{}, fmt.Errorf("read a move: %w", err)
	}
	return m, nil
}

// DecideMove lets a worker go to the RT that asks, or refuses. Cover, history and data go with him; money does not: what
// the old RT promised and did not pay returns to its budget, and waits for the new RT to set it aside. by must be of the
// old RT or its lurah (ErrNoRight). ErrState: it is decided. ErrPaused.
func (tx *Tx) DecideMove(id string, yes bool, by Person, op string) (Move, error) {
	m, err := tx.Move(id)
	if err != nil {
		return Move{}, err
	}
	if err := tx.must(by.ID, program.Move, m.From.String()); err != nil {
		return Move{}, err
	}
	w, err := tx.takeWorker(m.Worker)
	if err != nil {
		return Move{}, err
	}
	if yes && w.Paused {
		return Move{}, ErrPaused
	}
	m.State = MoveRefused
	if yes {
		m.State = MoveDone
	}
	n, err := tx.Exec(`UPDATE moves SET state=$1, decided_by=$2, decided_at=$3 WHERE id=$4 AND state=$5`,
		string(m.State), by.ID, tx.Now.UnixMicro(), id, string(MoveAsked))
	if err != nil {
		return Move{}, fmt.Errorf("decide a move: %w", err)
	}
	if n == 0 || w.RT != m.From {
		return Move{}, ErrState
	}
	if err := tx.tellAsker(m); err != nil {
		return Move{}, err
	}
	if !yes {
		return m, tx.audit(by.ID, "move.refuse", w.ID, op)
	}
	return m, tx.whole(func() error { return tx.moveWorker(w, m.To, m.ID, by.ID, op) })
}

// tellAsker tells who asked for a worker what was decided; when he left the office since, whoever heads the RT.
func (tx *Tx) tellAsker(m Move) error {
	if may, err := tx.May(m.By, program.Register, m.To.String()); err != nil || may {
		return errors.Join(err, tx.tell(NoticeMoved, m.ID, m.By))
	}
	return tx.tellHead(NoticeMoved, m.ID, m.To)
}

func (tx *Tx) moveWorker(w Worker, to program.RT, move, by, op string) error {
	if err := tx.takeBack(w, MonthWaiting, entry{worker: w.ID, op: op, by: by, reason: "moved"}); err != nil {
		return err
	}
	if err := tx.exec("take the months that wait to another RT", `UPDATE cover_months SET rt=$1 WHERE worker=$2 AND state=$3`,
		to.String(), w.ID, string(MonthWaiting)); err != nil {
		return err
	}
	if err := tx.moveTickets(w, to); err != nil {
		return err
	}
	is, err := tx.holders(program.Worker, w.ID)
	if err != nil {
		return err
	}
	for _, person := range is {
		if err := tx.tell(NoticeMovedSelf, move, person); err != nil {
			return err
		}
	}
	if err := tx.exec("move a worker", `UPDATE workers SET rt=$1, version=version+1 WHERE id=$2`, to.String(), w.ID); err != nil {
		return err
	}
	return tx.audit(by, "worker.move", w.ID, op)
}

// EndMoves lets go of what nobody decided in time.
func (tx *Tx) EndMoves() error {
	return tx.endMoves(`at<$3`, tx.Now.AddDate(0, 0, -tx.Settings().MoveDays).UnixMicro())
}

// endMoves lets go of the moves that are asked for among some, whose condition has the parameter $3, and tells who asked.
func (tx *Tx) endMoves(which string, arg any) error {
	var ended []Move
	if err := tx.each("let go of moves", func(row Row) error {
		m, err := scanMove(row.Scan)
		ended = append(ended, m)
		return err
	}, `UPDATE moves SET state=$1, decided_at=$4 WHERE state=$2 AND `+which+` RETURNING `+moveColumns, string(MoveLapsed), string(MoveAsked), arg, tx.Now.UnixMicro()); err != nil {
		return err
	}
	for _, m := range ended {
		if err := errors.Join(tx.tellAsker(m), tx.audit("", "move.lapse", m.ID, "")); err != nil {
			return err
		}
	}
	return nil
}
