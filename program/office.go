package program

import "time"

// OfficeOpen is the first moment from t on in office hours: t itself when the office is open.
func OfficeOpen(t time.Time, s Settings) time.Time {
	day, hour := DateOf(t), t.In(WIB).Hour()
	if workingDay(day, s) && hour >= s.OfficeFrom && hour < s.OfficeUntil {
		return t
	}
	if hour >= s.OfficeFrom {
		day = day.AddDays(1)
	}
	for !workingDay(day, s) {
		day = day.AddDays(1)
	}
	return day.Time().Add(time.Duration(s.OfficeFrom) * time.Hour)
}

// WorkingDayLater is 24 hours after t, in which days off do not count: the
// office hours of a whole day lie between, also over a weekend.
func WorkingDayLater(t time.Time, s Settings) time.Time {
	day := DateOf(t)
	for !workingDay(day, s) {
		day = day.AddDays(1)
		t = day.Time()
	}
	later := t.Add(24 * time.Hour)
	for !workingDay(DateOf(later), s) {
		later = later.Add(24 * time.Hour)
	}
	return later
}
