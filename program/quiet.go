package program

import "time"

// The hours of the night in Jambi, in which nothing is said unprompted (rule 25).
const (
	quietFrom  = 20
	quietUntil = 7
)

// Awake is the first moment from t on at which something may be said unprompted: t itself by day, 07.00 after the night (rule 25).
func Awake(t time.Time) time.Time {
	hour := t.In(WIB).Hour()
	if hour >= quietUntil && hour < quietFrom {
		return t
	}
	day := DateOf(t)
	if hour >= quietFrom {
		day = day.AddDays(1)
	}
	return day.Time().Add(quietUntil * time.Hour)
}
