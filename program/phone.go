package program

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unique"

	"github.com/nyaruka/phonenumbers"
)

// ErrPhone: the text is no telephone number that can exist.
var ErrPhone = errors.New("not a telephone number")

// Phone is a telephone number. Like NIK it is comparable and never shows
// itself: only E164 and JSON give it in clear.
type Phone struct{ e164 unique.Handle[string] }

// ParsePhone reads a number as people type it: "0812-3456-7890", "62 812…",
// "+62812…", "812…". Without a country code it is Indonesian. The error is
// ErrPhone and does not quote the text.
func ParsePhone(s string) (Phone, error) {
	s = strings.TrimSpace(s)
	if len(s) > 40 || strings.Trim(s, "0123456789+-()./ \u00a0") != "" || strings.LastIndex(s, "+") > 0 {
		return Phone{}, ErrPhone
	}
	number, err := phonenumbers.Parse(s, "ID")
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return Phone{}, ErrPhone
	}
	return Phone{unique.Make(phonenumbers.Format(number, phonenumbers.E164))}, nil
}

// IsZero says whether no number is set.
func (p Phone) IsZero() bool { return p == Phone{} }

// E164 is the number in clear, "+6281234567890", or "" for none.
func (p Phone) E164() string {
	if p.IsZero() {
		return ""
	}
	return p.e164.Value()
}

// String is the masked form with the last three digits: "+62*********890".
func (p Phone) String() string {
	s := p.E164()
	if s == "" {
		return ""
	}
	return s[:3] + strings.Repeat("*", len(s)-6) + s[len(s)-3:]
}

// Format writes the masked form for every verb.
func (p Phone) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// LogValue is the masked form; see [NIK.LogValue] for what it cannot do.
func (p Phone) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON writes the number in clear: what holds it is sealed as a whole.
func (p Phone) MarshalJSON() ([]byte, error) { return json.Marshal(p.E164()) }

// UnmarshalJSON reads a number; "" is none.
func (p *Phone) UnmarshalJSON(data []byte) error {
	if string(data) == `""` { // as most are: a draft that has none yet
		*p = Phone{}
		return nil
	}
	var s string
	if json.Unmarshal(data, &s) != nil {
		return errors.New("phone: not a JSON string") // the cause would quote the number
	}
	if s == "" {
		*p = Phone{}
		return nil
	}
	parsed, err := ParsePhone(s)
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}
