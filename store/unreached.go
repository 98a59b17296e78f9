package store

import (
	"fmt"
	"math"
	"strings"
	"time"

	"sahabatrt/program"
)

// TellEndingHeads tells who heads an RT, or stands in for him, that paid months of workers whom nobody else can tell end
// within 14 days: once for an RT and a month. It begins with the heads who can be told and were not, and looks at each one's
// workers by an index: it is asked every minute.
func (tx *Tx) TellEndingHeads() error {
	month := tx.today().MonthOf()
	if tx.today().AddDays(endingSoon).Before(month.Last()) {
		return nil
	}
	var heads []program.Office
	var people []string
	if err := tx.each("list the heads whose workers' cover ends", func(row Row) error {
		var person string
		var o program.Office
		err := row.Scan(&person, &o.Place)
		heads, people = append(heads, o), append(people, person)
		return err
	}, `SELECT DISTINCT o.person, o.place FROM offices o WHERE o.role IN ($1, $2) AND (o.until=0 OR o.until>$3)
		AND (SELECT COUNT(*) FROM notices n WHERE n.name=$4 || o.place || $5 || o.person)=0
		AND (SELECT COUNT(*) FROM chats c WHERE c.person=o.person AND c.ended_at=0 AND c.gone_at=0)>0
		AND (SELECT COUNT(*) FROM workers w WHERE w.rt=o.place AND w.paid_until=$6 AND w.active=1 AND w.paused_at=0 AND NOT `+reached+`)>0
		ORDER BY 2, 1 LIMIT $7`, string(program.Ketua), string(program.Wakil), tx.Now.UnixMicro(),
		string(NoticeEndingHead)+":", "/"+month.String()+":", int64(month), toldAtOnce); err != nil {
		return err
	}
	for i, o := range heads {
		if err := tx.tell(NoticeEndingHead, o.Place+"/"+month.String(), people[i]); err != nil {
			return err
		}
	}
	return nil
}

// unreached is the condition that a worker w of an RT is paid for until a month, which was noted in a time, and has no chat
// where he can be told so. unreachedOf are its parameters.
const unreached = `w.rt=$1 AND w.paid_until=$2 AND w.paid_at>=$3 AND w.paid_at<$4 AND w.active=1 AND w.paused_at=0 AND NOT ` + reached

func unreachedOf(rt program.RT, until program.Month, noted program.Date) []any {
	from, to := int64(0), int64(math.MaxInt64)
	if noted != (program.Date{}) {
		from, to = noted.Time().UnixMicro(), noted.AddDays(1).Time().UnixMicro()
	}
	return []any{rt.String(), int64(until), from, to}
}

// Unreached returns the workers of an RT who are paid for until a month, and have no chat where they can be told so. noted is
// the day on which it was noted that they are; the zero Date: any.
func (tx *Tx) Unreached(rt program.RT, until program.Month, noted program.Date) ([]Worker, error) {
	return tx.list(`SELECT `+workerColumns+` FROM workers w WHERE `+unreached+` ORDER BY w.registered_at, w.id`, unreachedOf(rt, until, noted)...)
}

// paymentsToTell are the days on which it was noted for workers of an RT until when they are paid for. A day that goes on is
// not told yet: whoever is paid for in its evening would be told to nobody once somebody has heard of its morning.
func (tx *Tx) paymentsToTell(rt string, since int64) (list []waits, err error) {
	err = tx.each("list the payments that RTs are to be told", func(row Row) error {
		w := waits{kind: NoticeCoveredHead}
		var until program.Month
		var day int64
		err := row.Scan(&w.rt, &until, &day)
		w.subject = fmt.Sprintf("%s/%s/%s", w.rt, until, program.DateOf(time.UnixMicro(day*dayLong)))
		list = append(list, w)
		return err
	}, `SELECT DISTINCT rt, paid_until, (paid_at+CAST($1 AS BIGINT))/CAST($2 AS BIGINT) FROM workers WHERE paid_at>0 AND paid_at>$3 AND paid_at<$4
		AND (rt=$5 OR $5='') ORDER BY 1, 3, 2`, jambiAhead, dayLong, since, tx.today().Time().UnixMicro(), rt)
	return list, err
}

// A day, and how much earlier it begins in Jambi than in UTC, as moments are kept.
const (
	dayLong    = 24 * int64(time.Hour/time.Microsecond)
	jambiAhead = 7 * int64(time.Hour/time.Microsecond)
)

// ParsePaid reads the subject of a notice to the head of an RT about whom nobody else can tell. noted is the zero Date where
// it names no day.
func ParsePaid(subject string) (rt program.RT, until program.Month, noted program.Date, err error) {
	place, rest, _ := strings.Cut(subject, "/")
	month, day, dated := strings.Cut(rest, "/")
	if rt, err = program.ParseRTCode(place); err == nil {
		until, err = program.ParseMonth(month)
	}
	if err == nil && dated {
		noted, err = program.ParseDate(day)
	}
	return rt, until, noted, err
}

// anyUnreached says whether there is still somebody whom only the head of his RT can tell what a notice is about.
func (tx *Tx) anyUnreached(subject string) (bool, error) {
	rt, until, noted, err := ParsePaid(subject)
	if err != nil {
		return false, err
	}
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM workers w WHERE `+unreached, unreachedOf(rt, until, noted)...).Scan(&n); err != nil {
		return false, fmt.Errorf("count whom nobody else can tell: %w", err)
	}
	return n > 0, nil
}
