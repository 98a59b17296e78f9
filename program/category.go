package program

import "errors"

// ErrCategory: the word names no category.
var ErrCategory = errors.New("not a category of work")

// Category is the kind of work a worker is registered with (rule 20).
type Category string

// The categories; their values are stored.
const (
	BecakDriver  Category = "becak_driver"
	OjekDriver   Category = "ojek_driver"
	SmallTrader  Category = "small_trader"
	DayLabourer  Category = "day_labourer"
	HomeBusiness Category = "home_business"
	OtherWork    Category = "other"
)

// Categories are all categories in the order in which they are offered.
var Categories = []Category{BecakDriver, OjekDriver, SmallTrader, DayLabourer, HomeBusiness, OtherWork}

// ParseCategory reads a stored value; anything else is ErrCategory.
func ParseCategory(s string) (Category, error) {
	for _, c := range Categories {
		if s == string(c) {
			return c, nil
		}
	}
	return "", ErrCategory
}

// Sector is the sector that decides the discount: ojek riders are transport
// [S2][S3]; whether becak drivers are is unconfirmed and a setting (rule 7).
func (c Category) Sector(s Settings) Sector {
	if c == OjekDriver || c == BecakDriver && s.BecakIsTransport {
		return Transport
	}
	return Other
}
