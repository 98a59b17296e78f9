package store

import "sahabatrt/program"

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

// tellPaid tells a worker until when he is paid for, or the head of his RT when nobody else can tell him: once for an RT and
// a month, however many its workers are.
func (tx *Tx) tellPaid(w Worker, until program.Month) error {
	told, err := tx.Reached(w.ID)
	switch {
	case err != nil || w.Paused:
		return err
	case told:
		return tx.tellWorker(NoticeCovered, w.ID, until)
	}
	return tx.tellHead(NoticeCoveredHead, w.RT.String()+"/"+until.String(), w.RT)
}

// Unreached returns the workers of an RT who are paid for until a month, and have no chat where they can be told so.
func (tx *Tx) Unreached(rt program.RT, until program.Month) ([]Worker, error) {
	return tx.list(`SELECT `+workerColumns+` FROM workers w WHERE w.rt=$1 AND w.paid_until=$2 AND w.active=1 AND w.paused_at=0 AND NOT `+reached+`
		ORDER BY w.registered_at, w.id`, rt.String(), int64(until))
}
