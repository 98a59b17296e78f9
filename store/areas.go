package store

import (
	"fmt"

	"sahabatrt/program"
)

// Overview is what an official sees of a place below his own: sums, and nobody's data.
type Overview struct {
	Place     string // code of a kecamatan, a kelurahan or an RT
	RTs       int
	Linked    int // RTs whose ketua has a chat
	Workers   int // registered and not over
	Remaining program.Rupiah
}

// linkedRTs are the RTs whose ketua can be reached: $2 is the present.
const linkedRTs = `SELECT o.place FROM offices o JOIN chats c ON c.person=o.person
	WHERE o.role='ketua' AND (o.until=0 OR o.until>$2) AND c.ended_at=0 GROUP BY o.place`

// Overviews returns the places right below an area, or the RTs of a kelurahan, each with its sums of a year, in the order of their codes.
func (tx *Tx) Overviews(area string, year int) (list []Overview, err error) {
	length := map[int]int{len(program.CityCode): 6, 6: 10, 10: 16}[len(area)]
	if length == 0 {
		return nil, nil
	}
	err = tx.each("sum up an area", func(rows Row) error {
		var o Overview
		err := rows.Scan(&o.Place, &o.RTs, &o.Linked, &o.Workers, &o.Remaining)
		list = append(list, o)
		return err
	}, fmt.Sprintf(`SELECT substr(r.rt, 1, %d), COUNT(*), COUNT(l.place), COALESCE(SUM(w.n), 0), COALESCE(SUM(b.ceiling-b.spent-b.committed), 0)
		FROM rts r
		LEFT JOIN (`+linkedRTs+`) l ON l.place=r.rt
		LEFT JOIN (SELECT rt, COUNT(*) AS n FROM workers WHERE active=1 GROUP BY rt) w ON w.rt=r.rt
		LEFT JOIN budgets b ON b.rt=r.rt AND b.year=$3
		WHERE substr(r.rt, 1, %d)=$1 GROUP BY 1 ORDER BY 1`, length, len(area)), area, tx.Now.UnixMicro(), year)
	return list, err
}

// Unlinked returns the RTs of an area whose ketua cannot be reached, and how many there are in all.
func (tx *Tx) Unlinked(area string, offset, limit int) (rts []program.RT, total int, err error) {
	query := fmt.Sprintf(` FROM rts r LEFT JOIN (`+linkedRTs+`) l ON l.place=r.rt WHERE l.place IS NULL AND substr(r.rt, 1, %d)=$1`, len(area))
	if err := tx.QueryRow(`SELECT COUNT(*)`+query, area, tx.Now.UnixMicro()).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count the RTs that are not linked: %w", err)
	}
	err = tx.each("list the RTs that are not linked", func(rows Row) error {
		var code string
		if err := rows.Scan(&code); err != nil {
			return err
		}
		rt, err := program.ParseRTCode(code)
		rts = append(rts, rt)
		return err
	}, `SELECT r.rt`+query+` ORDER BY r.rt LIMIT $3 OFFSET $4`, area, tx.Now.UnixMicro(), limit, offset)
	return rts, total, err
}
