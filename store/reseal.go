package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// resealBatch is how many values are sealed anew in one transaction: few, so that nobody waits for it.
const resealBatch = 100

// Resealed is what came of Reseal.
type Resealed struct {
	Values  int // sealed anew
	Damaged int // do not open: see Check
}

// Reseal brings all sealed values under the newest key, in small steps, while others read and write: a value that they
// change meanwhile is left as they wrote it. Run again, it goes on where it was interrupted.
func (db *DB) Reseal(ctx context.Context) (sum Resealed, err error) {
	for _, s := range sealed {
		var from []any
		for more := true; more; {
			var step Resealed
			var next []any
			if err := db.Update(ctx, func(tx *Tx) (err error) {
				step, next, err = tx.resealStep(s, from)
				return err
			}); err != nil {
				return sum, err
			}
			sum.Values += step.Values
			sum.Damaged += step.Damaged
			more, from = next != nil, next
		}
	}
	return sum, nil
}

// resealStep seals some values anew, from behind the row that from names, and returns the last one, nil at the end.
func (tx *Tx) resealStep(s sealedColumn, from []any) (done Resealed, next []any, err error) {
	k, err := tx.db.ring.toSeal()
	if err != nil {
		return done, nil, err
	}
	rows, err := tx.otherwiseSealed(s, k.primary, from)
	if err != nil {
		return done, nil, err
	}
	for _, r := range rows {
		next = r.id
		changed, err := tx.reseal(s, r)
		if errors.Is(err, ErrSeal) {
			done.Damaged++
			continue
		}
		if err != nil {
			return done, nil, err
		}
		if changed {
			done.Values++
		}
	}
	return done, next, nil
}

// reseal changes the value that was read, unless somebody else did so meanwhile.
func (tx *Tx) reseal(s sealedColumn, r sealedRow) (changed bool, err error) {
	plain, err := tx.db.sealer.Open(place(s.table, s.column, r.name()), r.value)
	if err != nil {
		return false, err
	}
	value, err := tx.db.sealer.Seal(place(s.table, s.column, r.name()), plain)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(fmt.Sprintf(`UPDATE %s SET %s=$1 WHERE %s=$2 AND (%s)=(%s)`, s.table, s.column, s.column, s.id, numbered(3, len(r.id))),
		append([]any{value, r.value}, r.id...)...)
	if err != nil {
		return false, fmt.Errorf("seal a value of %s anew: %w", s.table, err)
	}
	return n > 0, nil
}

// sealedRow is a sealed value and what names its row.
type sealedRow struct {
	id    []any
	value string
}

// name is how the row is called in the place of a sealed value.
func (r sealedRow) name() string {
	parts := make([]string, len(r.id))
	for i, part := range r.id {
		parts[i] = part.(string)
	}
	return strings.Join(parts, ".")
}

// scan reads the columns of a row's id and its sealed value.
func (s sealedColumn) scan(rows Row) (r sealedRow, err error) {
	parts := make([]string, strings.Count(s.id, ",")+1)
	dest := make([]any, len(parts), len(parts)+1)
	for i := range parts {
		dest[i] = &parts[i]
	}
	err = rows.Scan(append(dest, &r.value)...)
	for _, part := range parts {
		r.id = append(r.id, part)
	}
	return r, err
}

// otherwiseSealed reads some values that are sealed with another key, behind the row that from names.
func (tx *Tx) otherwiseSealed(s sealedColumn, primary uint32, from []any) (out []sealedRow, err error) {
	args := beginnings(primary)
	where := fmt.Sprintf(`%s<>'' AND SUBSTR(%s, 1, %d) NOT IN (%s)`, s.column, s.column, sealLetters, numbered(1, len(args)))
	if from != nil {
		where += fmt.Sprintf(` AND (%s)>(%s)`, s.id, numbered(len(args)+1, len(from)))
	}
	err = tx.each("read what is sealed in "+s.table, func(rows Row) error {
		r, err := s.scan(rows)
		out = append(out, r)
		return err
	}, fmt.Sprintf(`SELECT %s, %s FROM %s WHERE %s ORDER BY %s LIMIT %d`, s.id, s.column, s.table, where, s.id, resealBatch), append(args, from...)...)
	return out, err
}

// numbered are n parameters from a number on.
func numbered(first, n int) string {
	places := make([]string, n)
	for i := range places {
		places[i] = "$" + strconv.Itoa(first+i)
	}
	return strings.Join(places, ", ")
}
