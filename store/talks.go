package store

import (
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"sahabatrt/program"
)

// TalkEnd says what ended a talk; the values are stored.
type TalkEnd string

// What ends a talk.
const (
	TalkByPerson   TalkEnd = "person"
	TalkByOfficial TalkEnd = "official"
	TalkByTime     TalkEnd = "time"   // nobody ended it in 24 hours
	TalkByOffice   TalkEnd = "office" // the official has the right no more
	TalkByErasure  TalkEnd = "erasure"
)

// Talk is a conversation of a person with an official through the bot.
type Talk struct {
	ID       string
	Person   string // id
	Place    string // where he belongs, a code: the official must have the right there
	Chat     Chat   // in which he talks; without an ID long after the end
	Official string // id of whom he talks with
	Office   program.Office
	Opened   time.Time
	Until    time.Time // the end, if nobody ends it before
	Joined   time.Time // when the official took it up; zero: he has not
	Closed   time.Time // zero: nobody has ended it
	End      TalkEnd   // "" while it is open
}

// Open says whether something can be said in it at a moment.
func (t Talk) Open(now time.Time) bool { return t.Closed.IsZero() && now.Before(t.Until) }

// TalkLine is something that was said in a talk. It never prints what.
type TalkLine struct {
	ID, Talk string
	Number   int    // they count in their talk
	To       string // id of the person who gets it
	Said     string
}

// Format hides what was said.
func (l TalkLine) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "line %d of talk %s", l.Number, l.Talk) }

// Counterpart is the official whom a person can talk with: the lurah of his kelurahan, or the city when that one
// cannot be reached: what is set of a talk is who and where. ErrNotFound: there is nobody.
func (tx *Tx) Counterpart(p Person) (Talk, error) {
	place, err := tx.belongs(p)
	if err != nil {
		return Talk{}, err
	}
	kelurahan := place
	if rt, err := program.ParseRTCode(place); err == nil {
		kelurahan = rt.Kelurahan
	}
	for _, office := range []program.Office{{Role: program.Lurah, Place: kelurahan}, {Role: program.City, Place: program.CityCode}} {
		if !program.May([]program.Office{office}, program.TakeOver, place) {
			continue
		}
		holders, err := tx.holders(office.Role, office.Place)
		if err != nil {
			return Talk{}, err
		}
		for _, id := range holders {
			can, err := tx.reachable(id, NoticeTalk)
			if err != nil {
				return Talk{}, err
			}
			if can && id != p.ID {
				return Talk{Person: p.ID, Place: place, Official: id, Office: office}, nil
			}
		}
	}
	return Talk{}, ErrNotFound
}

// belongs is the place where a person belongs: his RT, for a worker the one where he is registered, for an official his
// area; "" for who holds no office.
func (tx *Tx) belongs(p Person) (place string, err error) {
	for _, o := range p.Offices {
		if o.Role == program.Worker {
			w, err := tx.Worker(o.Place)
			if err != nil {
				return "", err
			}
			place = w.RT.String()
			continue
		}
		return o.Place, nil
	}
	return place, nil
}

// OpenTalk begins a talk of a person in a chat with the official whom he agreed to, who gets one notice, by day. The talk
// that is open in this chat already is returned as it is. ErrState: it would be another official now.
func (tx *Tx) OpenTalk(p Person, official string, chat Chat) (Talk, error) {
	if err := tx.alone("talk", p.ID); err != nil {
		return Talk{}, err
	}
	open, err := tx.TalkIn(p, chat)
	if !errors.Is(err, ErrNotFound) {
		return open, err
	}
	t, err := tx.Counterpart(p)
	if errors.Is(err, ErrNotFound) || err == nil && t.Official != official {
		return Talk{}, ErrState
	}
	if err != nil {
		return Talk{}, err
	}
	t.ID, t.Chat, t.Opened, t.Until = newID(), chat, tx.Now, program.WorkingDayLater(tx.Now, tx.Settings())
	address, err := tx.seal("talks", "address", t.ID, chat.ID)
	if err != nil {
		return Talk{}, err
	}
	if err := tx.exec("open a talk", `INSERT INTO talks(id, person, place, channel, address, official, role, area, opened_at, until)
		VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, t.ID, t.Person, t.Place, chat.Channel, address, t.Official,
		string(t.Office.Role), t.Office.Place, t.Opened.UnixMicro(), t.Until.UnixMicro()); err != nil {
		return Talk{}, err
	}
	return t, errors.Join(tx.tell(NoticeTalk, t.ID, t.Official), tx.audit(p.ID, "talk.open", t.ID, ""))
}

// JoinTalk has an official take a talk up: what was kept for the day goes out now. ErrState: it is over. ErrNoRight: it
// is not his, or not any more.
func (tx *Tx) JoinTalk(id string, by Person) (Talk, error) {
	t, err := tx.openTalk(id)
	if err != nil {
		return Talk{}, err
	}
	if t.Official != by.ID {
		return Talk{}, ErrNoRight
	}
	if err := tx.audit(by.ID, "talk.join", id, ""); err != nil || !t.Joined.IsZero() {
		return t, err
	}
	t.Joined = tx.Now
	if err := tx.exec("join a talk", `UPDATE talks SET joined_at=$1 WHERE id=$2`, tx.Now.UnixMicro(), id); err != nil {
		return Talk{}, err
	}
	if err := tx.exec("expire what he knows", `UPDATE notices SET state=$1, state_at=$2 WHERE kind=$3 AND subject=$4 AND state=$5`,
		string(NoticeExpired), tx.Now.UnixMicro(), string(NoticeTalk), id, string(NoticeDue)); err != nil {
		return Talk{}, err
	}
	var kept []string
	if err := tx.each("send what was kept for the day", func(row Row) error {
		var notice string
		err := row.Scan(&notice)
		kept = append(kept, notice)
		return err
	}, `UPDATE notices SET due=$1 WHERE due>$1 AND state=$2 AND subject IN (SELECT id FROM talk_lines WHERE talk=$3) RETURNING id`,
		tx.Now.UnixMicro(), string(NoticeDue), id); err != nil {
		return Talk{}, err
	}
	for _, notice := range kept {
		if err := tx.Enqueue(JobNotice, notice); err != nil {
			return Talk{}, err
		}
	}
	return t, nil
}

// PassOn keeps a line of a talk and a notice that brings it to the other one: at once, by night too, because it is an
// answer; only to an official who has not joined by day. by is the person or the official. ErrState: the talk is over.
// ErrNoRight: by is neither, or the official has the right no more.
func (tx *Tx) PassOn(id, said string, by Person) error {
	if err := tx.alone("talk", id); err != nil {
		return err
	}
	t, err := tx.openTalk(id)
	if err != nil {
		return err
	}
	l, due := TalkLine{ID: newID(), Talk: id, To: t.Official, Said: said}, tx.Now
	switch by.ID {
	case t.Official:
		l.To = t.Person
		if err := tx.audit(by.ID, "talk.answer", id, ""); err != nil {
			return err
		}
	case t.Person:
		if t.Joined.IsZero() {
			due = program.Awake(tx.Now)
		}
	default:
		return ErrNoRight
	}
	sealed, err := tx.seal("talk_lines", "said", l.ID, said)
	if err != nil {
		return err
	}
	if err := tx.exec("keep a line of a talk", `INSERT INTO talk_lines(id, talk, number, said_to, said, at)
		SELECT $1, $2, COALESCE(MAX(number), 0)+1, $3, $4, $5 FROM talk_lines WHERE talk=$2`,
		l.ID, id, l.To, sealed, tx.Now.UnixMicro()); err != nil {
		return err
	}
	_, err = tx.AddNotice(Notice{Name: string(NoticePassedOn) + ":" + l.ID, Kind: NoticePassedOn, Subject: l.ID, Person: l.To, Due: due, Until: t.Until})
	return err
}

// EndTalk ends a talk for the person or the official; the other one is told. ErrState: it is over. ErrNoRight: by is neither.
func (tx *Tx) EndTalk(id string, by Person) error {
	t, err := tx.Talk(id)
	if err != nil {
		return err
	}
	if !t.Open(tx.Now) {
		return ErrState
	}
	switch by.ID {
	case t.Person:
		return tx.closeTalk(t, TalkByPerson)
	case t.Official:
		return tx.closeTalk(t, TalkByOfficial)
	}
	return ErrNoRight
}

// EndTalks ends the talks whose time is up, and those whose official has the right no more. Of those that are long over it
// forgets the chat.
func (tx *Tx) EndTalks() error {
	open, err := tx.talks(`closed_at=0 ORDER BY id`)
	if err != nil {
		return err
	}
	for _, t := range open {
		end := TalkByTime
		if t.Open(tx.Now) {
			may, err := tx.May(t.Official, program.TakeOver, t.Place)
			if err != nil {
				return err
			}
			if may {
				continue
			}
			end = TalkByOffice
		}
		if err := tx.closeTalk(t, end); err != nil {
			return err
		}
	}
	return tx.exec("forget the chats of old talks", `UPDATE talks SET address='' WHERE closed_at>0 AND closed_at<$1 AND address<>''`,
		tx.Now.Add(-noticeTime).UnixMicro())
}

// EndTold notes that the person of a talk has just been told in his chat that it is over: he is not told again. One that
// nobody had ended is ended.
func (tx *Tx) EndTold(t Talk) error {
	if t.Closed.IsZero() {
		end := TalkByOffice
		if !t.Open(tx.Now) {
			end = TalkByTime
		}
		if err := tx.closeTalk(t, end); err != nil {
			return err
		}
	}
	return tx.exec("expire what he was told", `UPDATE notices SET state=$1, state_at=$2 WHERE kind=$3 AND subject=$4 AND person=$5 AND state=$6`,
		string(NoticeExpired), tx.Now.UnixMicro(), string(NoticeTalkEnded), t.ID, t.Person, string(NoticeDue))
}

// closeTalk ends a talk unless it is closed already. Who did not end it is told: after an answer at once, else by day; an
// official only of a talk that he had joined.
func (tx *Tx) closeTalk(t Talk, end TalkEnd) error {
	n, err := tx.Exec(`UPDATE talks SET closed_at=$1, ended=$2 WHERE id=$3 AND closed_at=0`, tx.Now.UnixMicro(), string(end), t.ID)
	if err != nil {
		return fmt.Errorf("close a talk: %w", err)
	}
	if n == 0 {
		return nil
	}
	by := map[TalkEnd]string{TalkByPerson: t.Person, TalkByOfficial: t.Official}[end]
	if err := tx.audit(by, "talk.close", t.ID, ""); err != nil {
		return err
	}
	if end != TalkByPerson {
		due := program.Awake(tx.Now)
		if end == TalkByOfficial {
			due = tx.Now
		}
		if _, err := tx.AddNotice(Notice{Name: string(NoticeTalkEnded) + ":" + t.ID + ":" + t.Person, Kind: NoticeTalkEnded, Subject: t.ID,
			Person: t.Person, Due: due, Until: tx.Now.Add(noticeTime)}); err != nil {
			return err
		}
	}
	if t.Joined.IsZero() || end == TalkByOfficial || end == TalkByOffice {
		return nil
	}
	return tx.tell(NoticeTalkEnded, t.ID, t.Official)
}

// eraseTalks overwrites what a person said in his talks and was told there, and ends them without a word.
func (tx *Tx) eraseTalks(person string) error {
	return errors.Join(
		tx.exec("expire what was said in talks", `UPDATE notices SET state=$1, state_at=$2 WHERE state=$3 AND (subject IN (SELECT id FROM talks WHERE person=$4)
			OR subject IN (SELECT l.id FROM talk_lines l JOIN talks t ON t.id=l.talk WHERE t.person=$4))`,
			string(NoticeExpired), tx.Now.UnixMicro(), string(NoticeDue), person),
		tx.exec("erase the lines of talks", `UPDATE talk_lines SET said='' WHERE talk IN (SELECT id FROM talks WHERE person=$1)`, person),
		tx.exec("end the talks of who is erased", `UPDATE talks SET closed_at=$1, ended=$2 WHERE person=$3 AND closed_at=0`,
			tx.Now.UnixMicro(), string(TalkByErasure), person),
		tx.exec("erase the chats of talks", `UPDATE talks SET address='' WHERE person=$1`, person))
}

// Waits says whether a notice must wait for another one: what is said in a talk arrives in its order.
func (tx *Tx) Waits(n Notice) (bool, error) {
	talk, before := n.Subject, math.MaxInt32
	switch n.Kind {
	case NoticeTalkEnded:
	case NoticePassedOn:
		l, err := tx.TalkLine(n.Subject)
		if err != nil {
			return false, err
		}
		talk, before = l.Talk, l.Number
	default:
		return false, nil
	}
	var older int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM notices WHERE person=$1 AND state IN ($2, $3) AND
		(kind=$4 AND subject=$5 OR subject IN (SELECT id FROM talk_lines WHERE talk=$5 AND number<$6))`,
		n.Person, string(NoticeDue), string(NoticeSending), string(NoticeTalk), talk, before).Scan(&older); err != nil {
		return false, fmt.Errorf("count what has to arrive before: %w", err)
	}
	return older > 0, nil
}

// openTalk is a talk in which something can be said at this moment. ErrState: it is over. ErrNoRight: its official has the
// right no more.
func (tx *Tx) openTalk(id string) (Talk, error) {
	t, err := tx.Talk(id)
	if err != nil {
		return Talk{}, err
	}
	if !t.Open(tx.Now) {
		return Talk{}, ErrState
	}
	return t, tx.must(t.Official, program.TakeOver, t.Place)
}

// Talk returns a talk, or ErrNotFound.
func (tx *Tx) Talk(id string) (Talk, error) { return first(tx.talks(`id=$1`, id)) }

// TalkIn returns the talk of a person that is open in a chat, or ErrNotFound.
func (tx *Tx) TalkIn(p Person, chat Chat) (Talk, error) {
	open, err := tx.talks(`person=$1 AND closed_at=0 AND until>$2 ORDER BY id`, p.ID, tx.Now.UnixMicro())
	for _, t := range open {
		if t.Chat == chat {
			return t, nil
		}
	}
	return first(nil, err)
}

// TalksWith returns the talks that are open with an official who has the right to them, the oldest first.
func (tx *Tx) TalksWith(official Person) (talks []Talk, err error) {
	open, err := tx.talks(`official=$1 AND closed_at=0 AND until>$2 ORDER BY id`, official.ID, tx.Now.UnixMicro())
	for _, t := range open {
		if program.May(official.Offices, program.TakeOver, t.Place) {
			talks = append(talks, t)
		}
	}
	return talks, err
}

func first(talks []Talk, err error) (Talk, error) {
	if err != nil {
		return Talk{}, err
	}
	if len(talks) == 0 {
		return Talk{}, ErrNotFound
	}
	return talks[0], nil
}

func (tx *Tx) talks(where string, args ...any) (talks []Talk, err error) {
	err = tx.each("read talks", func(row Row) error {
		var t Talk
		var opened, until, joined, closed int64
		if err := row.Scan(&t.ID, &t.Person, &t.Place, &t.Chat.Channel, &t.Chat.ID, &t.Official, &t.Office.Role, &t.Office.Place,
			&opened, &until, &joined, &closed, &t.End); err != nil {
			return err
		}
		t.Opened, t.Until, t.Joined, t.Closed = time.UnixMicro(opened).UTC(), time.UnixMicro(until).UTC(), happened(joined), happened(closed)
		err := tx.open("talks", "address", t.ID, &t.Chat.ID)
		talks = append(talks, t)
		return err
	}, `SELECT id, person, place, channel, address, official, role, area, opened_at, until, joined_at, closed_at, ended FROM talks WHERE `+where, args...)
	return talks, err
}

// happened is a moment that is kept as 0 until it comes.
func happened(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMicro(at).UTC()
}

// TalkLine returns a line of a talk, or ErrNotFound. Said is empty when it was erased.
func (tx *Tx) TalkLine(id string) (TalkLine, error) {
	l := TalkLine{ID: id}
	err := tx.QueryRow(`SELECT talk, number, said_to, said FROM talk_lines WHERE id=$1`, id).Scan(&l.Talk, &l.Number, &l.To, &l.Said)
	if errors.Is(err, sql.ErrNoRows) {
		return TalkLine{}, ErrNotFound
	}
	if err != nil {
		return TalkLine{}, fmt.Errorf("read a line of a talk: %w", err)
	}
	return l, tx.open("talk_lines", "said", l.ID, &l.Said)
}
