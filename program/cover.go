package program

import (
	"slices"
	"time"
)

// State is where a worker stands (rules 9, 19, 22, 23). The values are stored.
type State string

// The states. Only Active may be called protected; in arrears the protection
// is uncertain, and before the first payment there is none.
const (
	WaitingCeiling State = "menunggu_pagu" // no ceiling yet: nothing is committed
	Held           State = "ditahan"       // held for verification by the kelurahan
	Submitted      State = "diajukan"      // registered, not paid
	Active         State = "aktif"
	Arrears1       State = "menunggak_1"
	Arrears2       State = "menunggak_2"
	Arrears3       State = "menunggak_3"
	Ended          State = "berakhir" // more than three months unpaid
	Stopped        State = "berhenti"
	Dead           State = "meninggal"
	Cancelled      State = "dibatalkan"
)

// FirstMonth is the first contribution month of a registration on a day: the
// month of the registration, moved by the setting (rule 14b).
func FirstMonth(registered Date, s Settings) Month {
	return registered.MonthOf().Add(s.FirstMonthOffset)
}

// DueDate is the day until which the contribution of m is paid in time: the
// 15th (setting) of the following month, moved to the next day that is neither
// on a weekend nor a holiday [S34]. The date is unconfirmed for BPU (rule 25).
func DueDate(m Month, s Settings) Date {
	due := m.Add(1).First().AddDays(s.DueDay - 1)
	for !workingDay(due, s) {
		due = due.AddDays(1)
	}
	return due
}

func workingDay(d Date, s Settings) bool {
	weekday := d.Weekday()
	return weekday != time.Saturday && weekday != time.Sunday && !slices.Contains(s.Holidays, d)
}

// ReminderDates are the days on which the bill of m is announced, earliest
// first when the setting lists the largest number first (rule 25).
func ReminderDates(m Month, s Settings) []Date {
	due := DueDate(m, s)
	dates := make([]Date, 0, len(s.ReminderDays))
	for _, days := range s.ReminderDays {
		dates = append(dates, due.AddDays(-days))
	}
	return dates
}

// Unpaid is the number of consecutive months from the first unpaid one whose
// due date has passed; a month counts from the day after (rule 14b). A zero
// paidUntil means that nothing was ever paid.
func Unpaid(start, paidUntil Month, today Date, s Settings) int {
	first := max(start, paidUntil.Add(1))
	n := 0
	for today.After(DueDate(first.Add(n), s)) {
		n++
	}
	return n
}

// CoverState is the state of a registered worker by what was paid (rules 14b,
// 22, 23). Before the first payment he is Submitted, however late it is: a
// membership that never began cannot be in arrears, and [Unpaid] tells how
// many months are overdue. Then he is Active while nothing is overdue, in
// arrears with one to three months, and Ended with more.
func CoverState(start, paidUntil Month, today Date, s Settings) State {
	if paidUntil.IsZero() {
		return Submitted
	}
	switch Unpaid(start, paidUntil, today, s) {
	case 0:
		return Active
	case 1:
		return Arrears1
	case 2:
		return Arrears2
	case 3:
		return Arrears3
	}
	return Ended
}

// NeverBegan says whether a registration of which nothing was ever paid is over for good: the last month that was wanted is
// more than three months overdue. It stays what it was until then ([CoverState]); this is for how long its data are kept.
func NeverBegan(first Month, months int, paidUntil Month, today Date, s Settings) bool {
	return paidUntil.IsZero() && Unpaid(first.Add(months-1), 0, today, s) > 3
}

// jkmWait is the months that must be paid in a row, and must have passed,
// before the full death benefit [S20][S21][S22].
const jkmWait = 3

// FullJKM says whether a death on a day leaves the full benefit (rule 24): at
// least three months have passed since the start, and at least three
// consecutive contribution months since then, up to the month of the death,
// are paid. Prepaying does not shorten the wait. After a lapse to Ended the
// caller gives the new start; the order of paid does not matter.
func FullJKM(start Date, paid []Month, on Date) bool {
	if on.Before(start.monthsLater(jkmWait)) {
		return false
	}
	run := 0
	for m := start.MonthOf(); m <= on.MonthOf() && run < jkmWait; m++ {
		run++
		if !slices.Contains(paid, m) {
			run = 0
		}
	}
	return run >= jkmWait
}

// JKMWaitEnds is the first day on which [FullJKM] can hold for a membership
// that began on start, if every month is paid.
func JKMWaitEnds(start Date) Date { return start.monthsLater(jkmWait) }
