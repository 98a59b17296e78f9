package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"sahabatrt/program"
	"sahabatrt/store"
)

type auditCmd struct {
	Person  string `help:"What this person did, and what was done to him: an id." xor:"who"`
	Phone   string `help:"The same for whoever has this number." xor:"who"`
	RT      string `name:"rt" help:"What concerns an RT, such as 1571071012-RT014."`
	Subject string `help:"What was done to one record: an id or the code of a place."`
	Since   string `help:"From this day on, such as 2026-11-23."`
	Until   string `help:"Up to this day."`
}

// Run prints the audit in the order of time: when, who, what, which record, which operation. It knows ids only.
func (a auditCmd) Run(ctx context.Context, m Main, c *Config) error {
	q, err := a.query()
	if err != nil {
		return err
	}
	return c.records(ctx, m, func(db *store.DB) error {
		n := 0
		err := db.View(ctx, func(tx *store.Tx) error {
			return tx.Traces(q, func(t store.Trace) error {
				n++
				_, err := fmt.Fprintf(m.Stdout, "%s\t%s\t%s\t%s\t%s\n", t.At.In(program.WIB).Format(time.DateTime),
					cmp.Or(t.By, "-"), t.What, cmp.Or(t.Subject, "-"), cmp.Or(t.Op, "-"))
				return err
			})
		})
		if errors.Is(err, store.ErrNotFound) {
			err = errors.New("nobody in the records has this number")
		}
		if err == nil {
			fmt.Fprintf(m.Stdout, "%d rows, times in WIB\n", n)
		}
		return err
	})
}

func (a auditCmd) query() (q store.TraceQuery, err error) {
	q.Person, q.Subject = a.Person, a.Subject
	if q.Phone, err = phoneFlag(a.Phone); err != nil {
		return q, err
	}
	if a.RT != "" {
		if q.RT, err = program.ParseRTCode(a.RT); err != nil {
			return q, fmt.Errorf("--rt: %w", err)
		}
	}
	if q.Since, err = dayFlag("since", a.Since, 0); err != nil {
		return q, err
	}
	q.Until, err = dayFlag("until", a.Until, 1)
	return q, err
}

// phoneFlag reads a number; none is given as "".
func phoneFlag(number string) (program.Phone, error) {
	if number == "" {
		return program.Phone{}, nil
	}
	phone, err := program.ParsePhone(number)
	if err != nil {
		return program.Phone{}, fmt.Errorf("--phone: %w", err)
	}
	return phone, nil
}

// dayFlag is the beginning of a day in Jambi, or of one so many days later; zero for none.
func dayFlag(name, day string, later int) (time.Time, error) {
	if day == "" {
		return time.Time{}, nil
	}
	date, err := program.ParseDate(day)
	if err != nil {
		return time.Time{}, fmt.Errorf("--%s: %w", name, err)
	}
	return date.AddDays(later).Time(), nil
}

// records opens records that must be there, for one piece of work.
func (c *Config) records(ctx context.Context, m Main, work func(*store.DB) error) error {
	if err := c.mustExist(); err != nil {
		return err
	}
	db, err := c.open(ctx, m, true)
	if err != nil {
		return err
	}
	return errors.Join(work(db), db.Close())
}

type unlinkCmd struct {
	Person string `help:"Whose phone was lost: an id." xor:"who" required:""`
	Phone  string `help:"The same by the number that is recorded." xor:"who" required:""`
}

// Run ends the links of a person's chats. He is told by the bot, and linked anew by a code.
func (u unlinkCmd) Run(ctx context.Context, m Main, c *Config) error {
	phone, err := phoneFlag(u.Phone)
	if err != nil {
		return err
	}
	return c.records(ctx, m, func(db *store.DB) error {
		chats, id := 0, u.Person
		err := db.Update(ctx, func(tx *store.Tx) error {
			if !phone.IsZero() {
				p, err := tx.PersonByPhone(phone)
				if err != nil {
					return err
				}
				id = p.ID
			}
			var err error
			chats, err = tx.Unlink(id)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return errors.New("there is no such person in the records")
		}
		if err == nil {
			fmt.Fprintf(m.Stdout, "%d chats of person %s are unlinked; only a code links one now: sahabatrt invite, or an official in the chat\n", chats, id)
		}
		return err
	})
}
