package store

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// TicketAct is what an official does with the record when he answers; the values are stored.
type TicketAct string

// The acts.
const (
	ActAnswer TicketAct = "answer" // nothing: a record that waited for the answer is used again
	ActStop   TicketAct = "stop"   // ends the registration of who withdrew
	ActErase  TicketAct = "erase"  // overwrites who wants to be erased
)

// answers says whether an act is an answer to what was asked.
func (a TicketAct) answers(kind TicketKind) bool {
	return a == ActAnswer || a == ActStop && kind == TicketWithdraw || a == ActErase && kind == TicketErase
}

// ticketTime is how long an answer may take, 3 times 24 hours (rule 38, UU 27/2022).
const ticketTime = 72 * time.Hour

// How long before the end those who have not answered are reminded, as for accidents (rule 29). The city, too, from the
// last of them on; afterwards everybody each day.
const (
	firstReminder = 24 * time.Hour
	lastReminder  = 6 * time.Hour
)

// Ticket is what a person asked about his data. It never prints what was said.
type Ticket struct {
	ID     string
	Number int // for people
	Kind   TicketKind
	Worker string // id, "": about himself, who is no worker
	Person string // id of who asks
	About  string // id of whose data it is about, unless it is the worker
	Place  string // where the worker or he belongs: the code of an RT or of an area
	Note   string // what he said
	At     time.Time
	Due    time.Time
	Closed time.Time // zero: open
	Act    TicketAct // "" while it is open
	Answer string
}

// Format hides note and answer.
func (t Ticket) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "ticket %d %s", t.Number, string(t.Kind))
}

// mostNotes are how many notes one ticket takes: who has more to say talks with somebody.
const mostNotes = 10

// ErrManyNotes means that a ticket waits with as many notes as one takes.
var ErrManyNotes = errors.New("the ticket has many notes")

// OpenTicket keeps what somebody asks about the data of the worker that he is, or about his own when worker is "", and
// alerts who has to answer within 72 hours: the kelurahan, or the city where there is none above him. Who asks for the
// same while it is open gets the open one, to which his note is added (ErrManyNotes). To be erased and to withdraw stop at
// once what is done with the worker's record. ErrNoRight: he is not this worker. ErrNotFound: that one was erased.
func (tx *Tx) OpenTicket(kind TicketKind, worker string, by Person, note string) (Ticket, error) {
	if worker == "" {
		place, err := tx.answeredAt(by)
		if err != nil {
			return Ticket{}, err
		}
		return tx.openTicket(Ticket{Kind: kind, Person: by.ID, About: by.ID, Place: place, Note: note})
	}
	w, _, err := tx.takeSelf(worker, by)
	if err != nil {
		return Ticket{}, err
	}
	return tx.openTicket(Ticket{Kind: kind, Worker: w.ID, Person: by.ID, Place: w.RT.String(), Note: note})
}

// takeSelf is takeReach for the worker himself (ErrNoRight), who comes first.
func (tx *Tx) takeSelf(worker string, by Person) (w Worker, all []Worker, err error) {
	if all, err = tx.takeReach(worker); err != nil {
		return w, nil, err
	}
	i := slices.IndexFunc(all, func(w Worker) bool { return w.ID == worker })
	return all[i], all, tx.must(by.ID, program.SeeSelf, worker)
}

// answeredAt is the place whose officials answer somebody about himself: where he holds an office, the widest of them; the
// city for who holds several that lie apart, or none.
func (tx *Tx) answeredAt(by Person) (place string, err error) {
	offices, err := tx.offices(by.ID)
	for _, o := range offices {
		switch {
		case o.Role == program.Worker:
		case place == "" || program.Within(place, o.Place):
			place = o.Place
		case !program.Within(o.Place, place):
			return program.CityCode, err
		}
	}
	return cmp.Or(place, program.CityCode), err
}

// Disown keeps that whoever uses a chat is not the person that it shows: he is somebody whom nobody knows from now on, and
// sees nothing more of the other, whose number alone links no chat any more. A worker of whom no chat is left is linked to
// nobody. An officer who says so of his worker's record alone stays in his office. worker is "" for who is none.
func (tx *Tx) Disown(chat Chat, worker string, by Person) (Ticket, error) {
	t := Ticket{Kind: TicketNotMe, Worker: worker, Person: by.ID}
	var all []Worker
	if worker == "" {
		place, err := tx.answeredAt(by)
		if err != nil {
			return Ticket{}, err
		}
		t.Place, t.About = place, by.ID
	} else {
		w, reach, err := tx.takeSelf(worker, by)
		if err != nil {
			return Ticket{}, err
		}
		t.Place, all = w.RT.String(), reach
	}
	if err := tx.alone("people", ""); err != nil {
		return Ticket{}, err
	}
	if worker != "" && officer(by) {
		if err := tx.endWorker(by.ID, all, by.ID); err != nil {
			return Ticket{}, err
		}
		return tx.openTicket(t)
	}
	t.Person = newID()
	if err := errors.Join(tx.addPerson(Person{ID: t.Person, Lang: by.Lang}), tx.LinkChat(chat.Channel, chat.ID, t.Person, byWord), tx.lock(by.ID)); err != nil {
		return Ticket{}, err
	}
	left, err := tx.Chats(by.ID)
	if err != nil {
		return Ticket{}, err
	}
	if len(left) == 0 {
		if err := tx.endWorker(by.ID, all, t.Person); err != nil {
			return Ticket{}, err
		}
	}
	return tx.openTicket(t)
}

// endWorker says that somebody is none of these workers.
func (tx *Tx) endWorker(person string, all []Worker, by string) error {
	for _, w := range all {
		if err := tx.EndOffice(person, program.Office{Role: program.Worker, Place: w.ID}, by); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) openTicket(t Ticket) (Ticket, error) {
	if err := tx.alone("ticket", ""); err != nil {
		return Ticket{}, err
	}
	open, err := tx.ticket(`worker=$1 AND person=$2 AND kind=$3 AND closed_at=0`, t.Worker, t.Person, string(t.Kind))
	if err == nil {
		return tx.addNote(open, t.Note)
	}
	if !errors.Is(err, ErrNotFound) {
		return Ticket{}, err
	}
	t.ID, t.At, t.Due = newID(), tx.Now, tx.Now.Add(ticketTime)
	if err := tx.QueryRow(`SELECT COALESCE(MAX(number), 0)+1 FROM tickets`).Scan(&t.Number); err != nil {
		return Ticket{}, fmt.Errorf("number a ticket: %w", err)
	}
	sealed, err := tx.seal("tickets", "note", t.ID, t.Note)
	if err != nil {
		return Ticket{}, err
	}
	if err := tx.exec("open a ticket", `INSERT INTO tickets(id, number, kind, worker, person, about, place, note, answer, at, due)
		VALUES($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10)`, t.ID, t.Number, string(t.Kind), t.Worker, t.Person, t.About, t.Place,
		sealed, t.At.UnixMicro(), t.Due.UnixMicro()); err != nil {
		return Ticket{}, err
	}
	if t.Worker != "" && (t.Kind == TicketErase || t.Kind == TicketWithdraw) {
		if err := tx.pause(t); err != nil {
			return Ticket{}, err
		}
	}
	return t, errors.Join(tx.audit(t.Person, "ticket.open", t.ID, ""), tx.tellTicket(t))
}

// pause stops what is done with the record that a ticket is about, and the others that reach names, until it is answered.
func (tx *Tx) pause(t Ticket) error {
	w, err := tx.Worker(t.Worker)
	if err != nil {
		return err
	}
	all, err := tx.reach(w)
	if err != nil {
		return err
	}
	for _, w := range all {
		if err := errors.Join(tx.exec("pause a record", `UPDATE workers SET paused_at=$1, paused_by=$2 WHERE id=$3 AND paused_at=0`,
			tx.Now.UnixMicro(), t.ID, w.ID), tx.endMoves(`worker=$3`, w.ID)); err != nil {
			return err
		}
	}
	return nil
}

// resume lets the records that waited for a ticket be used again, but those for which another one is open.
func (tx *Tx) resume(t Ticket) error {
	if err := tx.exec("resume a record", `UPDATE workers SET paused_at=0, paused_by='' WHERE paused_by=$1`, t.ID); err != nil {
		return err
	}
	others, err := tx.tickets(`closed_at=0 AND kind IN ($1, $2) AND worker IN (SELECT id FROM workers WHERE id=$3
		OR nik_key=(SELECT nik_key FROM workers WHERE id=$3 AND nik_key<>'')) ORDER BY due, id`, string(TicketErase), string(TicketWithdraw), t.Worker)
	for _, other := range others {
		if err := tx.pause(other); err != nil {
			return err
		}
	}
	return err
}

// addNote adds what somebody says to what he asked before. It is told to whom it was told then.
func (tx *Tx) addNote(t Ticket, note string) (Ticket, error) {
	if note == "" || t.Note == note || strings.HasSuffix(t.Note, "\n"+note) {
		return t, nil
	}
	if strings.Count(t.Note, "\n")+1 >= mostNotes {
		return Ticket{}, ErrManyNotes
	}
	t.Note = strings.TrimPrefix(t.Note+"\n"+note, "\n")
	sealed, err := tx.seal("tickets", "note", t.ID, t.Note)
	if err != nil {
		return Ticket{}, err
	}
	if err := tx.exec("add to a ticket", `UPDATE tickets SET note=$1 WHERE id=$2`, sealed, t.ID); err != nil {
		return Ticket{}, err
	}
	if err := tx.audit(t.Person, "ticket.add", t.ID, ""); err != nil {
		return Ticket{}, err
	}
	rt, err := program.ParseRTCode(t.Place)
	if err != nil || t.Worker == "" {
		return t, nil
	}
	return t, tx.tellHead(NoticeTicket, fmt.Sprintf("%s/%d", t.ID, strings.Count(t.Note, "\n")+1), rt)
}

// tellTicket tells who has to answer, and the head of the RT what one of his workers asks.
func (tx *Tx) tellTicket(t Ticket) error {
	rt, err := program.ParseRTCode(t.Place)
	if err != nil {
		return tx.tellAnswerers(t, ticketTime)
	}
	if t.Worker != "" {
		if err := tx.tellHead(NoticeTicket, t.ID, rt); err != nil {
			return err
		}
	}
	if may, err := tx.May(t.Person, program.AnswerRight, t.Place); err != nil || may { // nobody answers himself
		return errors.Join(err, tx.tellAnswerers(t, ticketTime))
	}
	return tx.Alert(Alert{Kind: AlertTicket, Kelurahan: rt.Kelurahan, RT: rt, Worker: t.Worker, Reason: string(t.Kind)})
}

// RemindTickets reminds who has not answered 24 and 6 hours before the end, and each day after it; and tells who can be
// reached by now of what there is no alert for: what is asked above the RTs, or by who would have been alerted himself.
func (tx *Tx) RemindTickets() error {
	var late []Ticket
	if err := tx.each("list the tickets that are due", func(row Row) error {
		var t Ticket
		var due int64
		err := row.Scan(&t.ID, &t.Person, &t.About, &t.Place, &due)
		t.Due = time.UnixMicro(due).UTC()
		late = append(late, t)
		return err
	}, `SELECT id, person, about, place, due FROM tickets t WHERE closed_at=0 AND (due<=$1 OR NOT EXISTS
		(SELECT 1 FROM alerts a WHERE a.at>=t.at AND a.kind=$2 AND a.worker=t.worker AND a.rt=t.place)) ORDER BY due, id`,
		tx.Now.Add(firstReminder).UnixMicro(), string(AlertTicket)); err != nil {
		return err
	}
	for _, t := range late {
		if err := tx.tellAnswerers(t, t.Due.Sub(tx.Now)); err != nil {
			return err
		}
	}
	return nil
}

// tellAnswerers tells who has to answer a ticket that so much time is left, once for each step.
func (tx *Tx) tellAnswerers(t Ticket, left time.Duration) error {
	step := int(ticketTime.Hours())
	switch {
	case left <= 0:
		step = int(left/(24*time.Hour)) * 24
	case left <= lastReminder:
		step = int(lastReminder.Hours())
	case left <= firstReminder:
		step = int(firstReminder.Hours())
	}
	people, err := tx.answerers(t, left <= lastReminder)
	if err != nil {
		return err
	}
	for _, id := range people {
		if err := tx.tell(NoticeTicketDue, fmt.Sprintf("%s/%d", t.ID, step), id); err != nil {
			return err
		}
	}
	return nil
}

// answerers are who may answer a ticket and can be reached, but for who asks: the kelurahan, or the city if there is none
// or when it is urgent.
func (tx *Tx) answerers(t Ticket, urgent bool) (people []string, err error) {
	kelurahan := t.Place
	if rt, err := program.ParseRTCode(t.Place); err == nil {
		kelurahan = rt.Kelurahan
	}
	for _, office := range []program.Office{{Role: program.Lurah, Place: kelurahan}, {Role: program.City, Place: program.CityCode}} {
		if office.Role == program.City && len(people) > 0 && !urgent {
			break
		}
		holders, err := tx.holders(office.Role, office.Place)
		if err != nil {
			return nil, err
		}
		for _, id := range holders {
			can, err := tx.reachable(id, NoticeTicketDue)
			if err != nil {
				return nil, err
			}
			if can && id != t.Person && id != t.About {
				people = append(people, id)
			}
		}
	}
	return people, nil
}

// CloseTicket keeps the answer and does what it says with the record; one that waited for this answer alone is used again
// after [ActAnswer]. by must be the lurah of the place, or of the city, and not who asks (ErrNoRight). ErrState: it is
// closed, or the act is no answer to it.
func (tx *Tx) CloseTicket(id string, act TicketAct, answer string, by Person, op string) (Ticket, error) {
	t, err := tx.takeTicket(id, act)
	if err != nil {
		return Ticket{}, err
	}
	if err := tx.mustAnswer(t, by); err != nil {
		return Ticket{}, err
	}
	if !t.Closed.IsZero() || !act.answers(t.Kind) {
		return Ticket{}, ErrState
	}
	sealed, err := tx.seal("tickets", "answer", t.ID, answer)
	if err != nil {
		return Ticket{}, err
	}
	t.Answer, t.Act, t.Closed = answer, act, tx.Now
	if err := tx.exec("close a ticket", `UPDATE tickets SET answer=$1, act=$2, closed_at=$3, closed_by=$4 WHERE id=$5`,
		sealed, string(act), tx.Now.UnixMicro(), by.ID, t.ID); err != nil {
		return Ticket{}, err
	}
	if t.Worker != "" && (t.Kind == TicketErase || t.Kind == TicketWithdraw) {
		if err := tx.resume(t); err != nil {
			return Ticket{}, err
		}
	}
	if err := tx.tell(NoticeAnswer, t.ID, t.Person); err != nil {
		return Ticket{}, err
	}
	if err := tx.audit(by.ID, "ticket.close", t.ID, op); err != nil {
		return Ticket{}, err
	}
	return t, tx.whole(func() error { return tx.act(t, by, op) })
}

// Concerns says whether a ticket is somebody's own: he asks, or it is about him.
func (t Ticket) Concerns(p Person) bool { return t.Person == p.ID || t.About == p.ID }

// takeTicket is Ticket for a change, which may be one of its worker's, too: what it returns stays true until the
// transaction ends.
func (tx *Tx) takeTicket(id string, act TicketAct) (Ticket, error) {
	t, err := tx.Ticket(id)
	if err == nil && t.Worker != "" {
		_, err = tx.takeReach(t.Worker)
	}
	if err != nil {
		return Ticket{}, err
	}
	if act == ActErase {
		if err := tx.alone("people", ""); err != nil {
			return Ticket{}, err
		}
	}
	if err := tx.alone("ticket", ""); err != nil {
		return Ticket{}, err
	}
	return tx.Ticket(id)
}

// mustAnswer is ErrNoRight for who may not answer a ticket: nobody answers himself.
func (tx *Tx) mustAnswer(t Ticket, by Person) error {
	if t.Concerns(by) {
		return ErrNoRight
	}
	return tx.must(by.ID, program.AnswerRight, t.Place)
}

// act does with the record what the answer says.
func (tx *Tx) act(t Ticket, by Person, op string) error {
	switch {
	case t.Act == ActStop:
		return tx.stop(t.Worker, by.ID, "withdrawn", op)
	case t.Act == ActErase && t.Worker == "":
		return tx.eraseOfficer(t.About, by, op)
	case t.Act == ActErase:
		return tx.EraseWorker(t.Worker, by, op)
	}
	return nil
}

// moveTickets takes what is asked about a worker to the RT that he is of now; another kelurahan is alerted.
func (tx *Tx) moveTickets(w Worker, to program.RT) error {
	open, err := tx.TicketsOf(w.ID)
	if err != nil {
		return err
	}
	if err := tx.exec("take the tickets to another RT", `UPDATE tickets SET place=$1 WHERE worker=$2 AND closed_at=0`, to.String(), w.ID); err != nil {
		return err
	}
	for _, t := range open {
		if to.Kelurahan == w.RT.Kelurahan {
			break
		}
		if err := tx.Alert(Alert{Kind: AlertTicket, Kelurahan: to.Kelurahan, RT: to, Worker: w.ID, Reason: string(t.Kind)}); err != nil {
			return err
		}
	}
	return nil
}

const ticketColumns = `id, number, kind, worker, person, about, place, note, answer, at, due, closed_at, act`

func (tx *Tx) scanTicket(scan func(...any) error) (t Ticket, err error) {
	var at, due, closed int64
	if err := scan(&t.ID, &t.Number, &t.Kind, &t.Worker, &t.Person, &t.About, &t.Place, &t.Note, &t.Answer, &at, &due, &closed, &t.Act); err != nil {
		return Ticket{}, err
	}
	t.At, t.Due = time.UnixMicro(at).UTC(), time.UnixMicro(due).UTC()
	if closed > 0 {
		t.Closed = time.UnixMicro(closed).UTC()
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

// OpenTickets returns what waits for an answer in an area, but for what its reader asks himself: the most urgent first.
func (tx *Tx) OpenTickets(area string, reader Person) ([]Ticket, error) {
	return tx.tickets(fmt.Sprintf(`closed_at=0 AND substr(place, 1, %d)=$1 AND $2 NOT IN (person, about) ORDER BY due, id`, len(area)), area, reader.ID)
}

// TicketsOf returns what is asked about a worker and waits for an answer, the most urgent first.
func (tx *Tx) TicketsOf(worker string) ([]Ticket, error) {
	return tx.tickets(`worker=$1 AND closed_at=0 ORDER BY due, id`, worker)
}

func (tx *Tx) tickets(where string, args ...any) (tickets []Ticket, err error) {
	err = tx.each("list the tickets", func(rows Row) error {
		t, err := tx.scanTicket(rows.Scan)
		tickets = append(tickets, t)
		return err
	}, `SELECT `+ticketColumns+` FROM tickets WHERE `+where, args...)
	return tickets, err
}

// WaitsElsewhere says whether something else that who asked for this wants erased waits for its own kelurahan.
func (tx *Tx) WaitsElsewhere(t Ticket) (bool, error) {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM tickets WHERE person=$1 AND kind=$2 AND closed_at=0`, t.Person, string(TicketErase)).Scan(&n); err != nil {
		return false, fmt.Errorf("look what waits elsewhere: %w", err)
	}
	return n > 0, nil
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
