package program

import "time"

// Settings are the values that no good source confirms or that the programme
// may change. AsOf says from when they are believed to hold.
type Settings struct {
	AsOf             Date
	MinAge           int        // years on the day of registration; younger goes to the kelurahan (rule 15)
	BecakIsTransport bool       // rule 7
	DueDay           int        // day of the following month, before working days (rule 25)
	Holidays         []Date     // national holidays, on which nothing falls due (rule 25)
	ReminderDays     []int      // days before the due date, largest first (rule 25)
	FirstMonthOffset int        // months from the registration to the first contribution (rule 14b)
	ClosingMonth     time.Month // with ClosingDay, in the year after the budget year (rule 14a)
	ClosingDay       int
	ProofsAnHour     int // wrong tries by NIK in the whole city that close this way for everybody (rule 37)
	OfficeFrom       int // the hour at which the kelurahan opens, on working days; unconfirmed (rule 42)
	OfficeUntil      int // the hour at which it closes; unconfirmed
	SleepDays        int // without a word from a chat that a number or a NIK linked, until it must be proved by a code (rule 37)
	MoveDays         int // until a move between RTs that nobody decides lapses
	Keep             Retention
}

// Retention says how long things are kept (rule 39), in days: no law that was
// found gives a number, so each is as long as it is of use.
type Retention struct {
	Answers  int // what the bot said when it changed records, for a message that comes twice
	Tries    int // wrong codes, and wrong tries to prove who one is
	Invites  int // whom an invitation was for, after its end
	Tickets  int // what was asked about one's data and answered, after it was closed
	Talks    int // what was said to an official through the bot
	Notices  int // that somebody was told something, after its end
	Officers int // who a person was, after his last office ended: as long as somebody may ask who did what in it; unconfirmed
	Workers  int // years that a worker's data stay after his registration ended: claims may come for so long (rule 31)
}

// DefaultSettings are the values to begin with. No holiday is listed: they
// come from the yearly decree of the government.
func DefaultSettings() Settings {
	return Settings{
		AsOf:         Date{2026, time.November, 23},
		MinAge:       17,
		DueDay:       15,
		ReminderDays: []int{10, 3, 0},
		ClosingMonth: time.January,
		ClosingDay:   31,
		ProofsAnHour: 60,
		OfficeFrom:   8,
		OfficeUntil:  16,
		SleepDays:    180,
		MoveDays:     14,
		Keep:         Retention{Answers: 7, Tries: 7, Invites: 30, Tickets: 90, Talks: 90, Notices: 90, Officers: 365, Workers: 5},
	}
}
