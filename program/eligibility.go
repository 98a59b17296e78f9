package program

// AgeVerdict says what a birth date means for a registration.
type AgeVerdict string

// The verdicts (rule 15).
const (
	AgeOK       AgeVerdict = "ok"
	AgeTooOld   AgeVerdict = "too_old"   // refused, with a human route
	AgeTooYoung AgeVerdict = "too_young" // handed to the kelurahan, no commitment
)

// oldAge is the birthday from which nobody can be registered [S20][S30].
const oldAge = 65

// minIncome is the least declared income, rupiah a month [S20].
const minIncome Rupiah = 1_000_000

// CheckAge judges the KTP's birth date on the day of registration (rule 15):
// one day before the 65th birthday is accepted. Turning 65 later does not end
// a membership, so it is asked only once. The lower bound is a setting.
func CheckAge(birth, on Date, s Settings) AgeVerdict {
	age := birth.Age(on)
	if age >= oldAge {
		return AgeTooOld
	}
	if age < s.MinAge {
		return AgeTooYoung
	}
	return AgeOK
}

// IncomeEnough says whether a declared monthly income allows membership (rule
// 16): at least Rp1.000.000 [S20].
func IncomeEnough(income Rupiah) bool { return income >= minIncome }
