package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sahabatrt/program"
)

// TicketKind is what a person asks about his data; the values are stored.
type TicketKind string

// The kinds of tickets.
const (
	TicketNotMe    TicketKind = "not_me"   // "bukan saya": the record is somebody else's
	TicketWrong    TicketKind = "wrong"    // "data saya salah"
	TicketErase    TicketKind = "erase"    // "hapus data saya"
	TicketWithdraw TicketKind = "withdraw" // "tarik persetujuan"
)

// ticketTime is how long an answer may take, 3 times 24 hours (rule 38, UU 27/2022).
const ticketTime = 72 * time.Hour

// Ticket is what a person asked about his data. It never prints what was said.
type Ticket struct {
	ID     string
	Number int // for people
	Kind   TicketKind
	Worker string // id, "" for a person who is no worker
	Person string // id of who asks
	RT     program.RT
	Note   string // what he said
	At     time.Time
	Due    time.Time
	Closed time.Time // zero: open
	Answer string
}

// Format hides note and answer.
func (t Ticket) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "ticket %d %s", t.Number, string(t.Kind))
}

// OpenTicket keeps what a worker asks about his data and alerts the kelurahan, which has 72 hours. Who asks for the same
// while it is open gets the open one. To be erased and to withdraw stop at once what is done with the record.
func (tx *Tx) OpenTicket(kind TicketKind, w Worker, person, note string) (Ticket, error) {
	if err := tx.alone("ticket", ""); err != nil {
		return Ticket{}, err
	}
	open, err := tx.ticket(`worker=$1 AND person=$2 AND kind=$3 AND closed_at=0`, w.ID, person, string(kind))
	if !errors.Is(err, ErrNotFound) {
		return open, err
	}
	t := Ticket{ID: newID(), Kind: kind, Worker: w.ID, Person: person, RT: w.RT, Note: note, At: tx.Now, Due: tx.Now.Add(ticketTime)}
	if err := tx.QueryRow(`SELECT COALESCE(MAX(number), 0)+1 FROM tickets`).Scan(&t.Number); err != nil {
		return Ticket{}, fmt.Errorf("number a ticket: %w", err)
	}
	sealed, err := tx.seal("tickets", "note", t.ID, note)
	if err != nil {
		return Ticket{}, err
	}
	if err := tx.exec("open a ticket", `INSERT INTO tickets(id, number, kind, worker, person, kelurahan, rt, note, answer, at, due)
		VALUES($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10)`, t.ID, t.Number, string(t.Kind), t.Worker, t.Person, w.RT.Kelurahan, w.RT.String(),
		sealed, t.At.UnixMicro(), t.Due.UnixMicro()); err != nil {
		return Ticket{}, err
	}
	if kind == TicketErase || kind == TicketWithdraw {
		if err := tx.exec("pause a record", `UPDATE workers SET paused_at=$1 WHERE id=$2 AND paused_at=0`, tx.Now.UnixMicro(), w.ID); err != nil {
			return Ticket{}, err
		}
	}
	if err := tx.audit(person, "ticket.open", t.ID, ""); err != nil {
		return Ticket{}, err
	}
	if kind == TicketWrong || kind == TicketNotMe {
		if err := tx.tellHead(NoticeTicket, t.ID, w.RT); err != nil {
			return Ticket{}, err
		}
	}
	return t, tx.Alert(Alert{Kind: AlertTicket, Kelurahan: w.RT.Kelurahan, RT: w.RT, Worker: w.ID, Reason: string(kind)})
}

// CloseTicket keeps the answer; a record that waited for it alone goes on. by must be the lurah of the place, or of the city (ErrNoRight). ErrState: it is closed.
func (tx *Tx) CloseTicket(id, answer string, by Person) (Ticket, error) {
	if err := tx.alone("ticket", ""); err != nil {
		return Ticket{}, err
	}
	t, err := tx.ticket(`id=$1`, id)
	if err != nil {
		return Ticket{}, err
	}
	if err := tx.must(by.ID, program.AnswerRight, t.RT.String()); err != nil {
		return Ticket{}, err
	}
	if !t.Closed.IsZero() {
		return Ticket{}, ErrState
	}
	sealed, err := tx.seal("tickets", "answer", t.ID, answer)
	if err != nil {
		return Ticket{}, err
	}
	t.Answer, t.Closed = answer, tx.Now
	if err := tx.exec("close a ticket", `UPDATE tickets SET answer=$1, closed_at=$2, closed_by=$3 WHERE id=$4`,
		sealed, tx.Now.UnixMicro(), by.ID, t.ID); err != nil {
		return Ticket{}, err
	}
	if err := tx.exec("resume a record", `UPDATE workers SET paused_at=0 WHERE id=$1 AND NOT EXISTS
		(SELECT 1 FROM tickets WHERE worker=$1 AND closed_at=0 AND kind IN ($2, $3))`, t.Worker, string(TicketErase), string(TicketWithdraw)); err != nil {
		return Ticket{}, err
	}
	if err := tx.tell(NoticeAnswer, t.ID, t.Person); err != nil {
		return Ticket{}, err
	}
	return t, tx.audit(by.ID, "ticket.close", t.ID, "")
}

const ticketColumns = `id, number, kind, worker, person, rt, note, answer, at, due, closed_at`

func (tx *Tx) scanTicket(scan func(...any) error) (t Ticket, err error) {
	var rt string
	var at, due, closed int64
	if err := scan(&t.ID, &t.Number, &t.Kind, &t.Worker, &t.Person, &rt, &t.Note, &t.Answer, &at, &due, &closed); err != nil {
		return Ticket{}, err
	}
	t.At, t.Due = time.UnixMicro(at).UTC(), time.UnixMicro(due).UTC()
	if closed > 0 {
		t.Closed = time.UnixMicro(closed).UTC()
	}
	if t.RT, err = program.ParseRTCode(rt); err != nil {
		return Ticket{}, err
	}
	return t, errors.Join(tx.open("tickets", "note", t.ID, &t.Note), tx.open("tickets", "answer", t.ID, &t.Answer))
}

func (tx *Tx) ticket(where string, args ...any) (Ticket, error) {
	t, err := tx.scanTicket(tx.QueryRow(`SELECT `+ticketColumns+` FROM tickets WHERE `+where, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Ticket{}, ErrNotFound
	}
	if err != nil {
		return Ticket{}, fmt.Errorf("read a ticket: %w", err)
	}
	return t, nil
}

// Ticket returns a ticket, or ErrNotFound.
func (tx *Tx) Ticket(id string) (Ticket, error) { return tx.ticket(`id=$1`, id) }

// OpenTickets returns what waits for an answer in a kelurahan, or in the whole city for "": the most urgent first.
func (tx *Tx) OpenTickets(kelurahan string) (tickets []Ticket, err error) {
	err = tx.each("list the open tickets", func(rows Row) error {
		t, err := tx.scanTicket(rows.Scan)
		tickets = append(tickets, t)
		return err
	}, `SELECT `+ticketColumns+` FROM tickets WHERE closed_at=0 AND (kelurahan=$1 OR $1='') ORDER BY due, id`, kelurahan)
	return tickets, err
}

// doubted says whether somebody with this worker's number has said that he is not the worker: from then on the number proves
// nothing, and a code does.
func (tx *Tx) doubted(worker string) (bool, error) {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM tickets WHERE worker=$1 AND kind=$2`, worker, string(TicketNotMe)).Scan(&n); err != nil {
		return false, fmt.Errorf("look for doubts about a worker's number: %w", err)
	}
	return n > 0, nil
}
