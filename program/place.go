package program

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
)

// The mistakes in a typed place.
var (
	// ErrKelurahan: the code names no kelurahan of Kota Jambi.
	ErrKelurahan = errors.New("not a kelurahan of Kota Jambi")
	// ErrRT: the text is no RT number from 1 to 999, or no code of an RT.
	ErrRT = errors.New("not an RT")
)

// cityCode begins every code of Kota Jambi.
const cityCode = "1571"

// Kecamatan is a district of Kota Jambi; Code is that of the ministry without
// dots, "157107".
type Kecamatan struct{ Code, Name string }

// Kelurahan is a ward; Code is "1571071012", Kecamatan the code of its district.
type Kelurahan struct{ Code, Name, Kecamatan string }

// RT is a neighbourhood unit. Its number is unique only within its kelurahan,
// so both together are its key.
type RT struct {
	Kelurahan string // code, 10 digits
	Number    int    // 1 to 999
}

// places are the 11 kecamatan and 68 kelurahan of Kepmendagri
// 300.2.2-2138/2025 [S65]; each ward begins with the last four digits of its
// code.
var places = []struct {
	code, name string
	wards      []string
}{
	{"157101", "Telanaipura", []string{
		"1001 Simpang IV Sipin", "1002 Buluran Kenali", "1003 Teluk Kenali",
		"1004 Telanaipura", "1010 Penyengat Rendah", "1011 Pematang Sulur",
		"1012 Aur Kenali",
	}},
	{"157102", "Jambi Selatan", []string{
		"1002 Pasir Putih", "1003 Tambak Sari", "1004 Thehok",
		"1005 Wijaya Pura", "1006 Pakuan Baru",
	}},
	{"157103", "Jambi Timur", []string{
		"1001 Sijenjang", "1002 Kasang Jaya", "1003 Talang Banjar",
		"1004 Budiman", "1005 Sulanjana", "1006 Kasang",
		"1007 Tanjung Sari", "1008 Rajawali", "1010 Tanjung Pinang",
	}},
	{"157104", "Pasar Jambi", []string{
		"1001 Beringin", "1002 Orang Kayo Hitam", "1003 Pasar Jambi",
		"1004 Sungai Asam",
	}},
	{"157105", "Pelayangan", []string{
		"1001 Arab Melayu", "1002 Mudung Laut", "1003 Jelmu",
		"1004 Tengah", "1005 Tahtul Yaman", "1006 Tanjung Johor",
	}},
	{"157106", "Danau Teluk", []string{
		"1001 Pasir Panjang", "1002 Tanjung Raden", "1003 Olak Kemang",
		"1004 Tanjung Pasir", "1005 Ulu Gedong",
	}},
	{"157107", "Kota Baru", []string{
		"1001 Suka Karya", "1002 Simpang III Sipin", "1004 Paal Lima",
		"1005 Kenali Asam Bawah", "1006 Kenali Asam Atas", "1011 Talang Gulo",
		"1012 Kenali Asam",
	}},
	{"157108", "Jelutung", []string{
		"1001 Talang Jauh", "1002 Cempaka Putih", "1003 Kebun Handil",
		"1004 Lebak Bandung", "1005 Payo Lebar", "1006 Jelutung",
		"1007 Handil Jaya",
	}},
	{"157109", "Alam Barajo", []string{
		"1001 Kenali Besar", "1002 Rawa Sari", "1003 Mayang Mangurai",
		"1004 Bagan Pete", "1005 Beliung", "1006 Simpang Rimbo",
		"1007 Pinang Merah",
	}},
	{"157110", "Danau Sipin", []string{
		"1001 Sungai Putri", "1002 Murni", "1003 Legok",
		"1004 Selamat", "1005 Solok Sipin",
	}},
	{"157111", "Paal Merah", []string{
		"1001 Talang Bakung", "1002 Payo Selincah", "1003 Eka Jaya",
		"1004 Lingkar Selatan", "1005 Paal Merah", "1006 Bakung Jaya",
	}},
}

var kecamatans, kelurahans = listPlaces()

var (
	kecamatanByCode = byCode(kecamatans, func(k Kecamatan) string { return k.Code })
	kelurahanByCode = byCode(kelurahans, func(k Kelurahan) string { return k.Code })
)

func listPlaces() (districts []Kecamatan, wards []Kelurahan) {
	for _, p := range places {
		districts = append(districts, Kecamatan{p.code, p.name})
		for _, w := range p.wards {
			number, name, _ := strings.Cut(w, " ")
			wards = append(wards, Kelurahan{p.code + number, name, p.code})
		}
	}
	return districts, wards
}

func byCode[P any](places []P, code func(P) string) map[string]P {
	index := make(map[string]P, len(places))
	for _, p := range places {
		index[code(p)] = p
	}
	return index
}

// Kecamatans are all districts in the order of their codes.
func Kecamatans() []Kecamatan { return slices.Clone(kecamatans) }

// Kelurahans are all wards in the order of their codes.
func Kelurahans() []Kelurahan { return slices.Clone(kelurahans) }

// KelurahanByCode finds a ward by its code of ten digits.
func KelurahanByCode(code string) (Kelurahan, bool) {
	k, ok := kelurahanByCode[code]
	return k, ok
}

// KecamatanByCode finds a district by its code of six digits.
func KecamatanByCode(code string) (Kecamatan, bool) {
	k, ok := kecamatanByCode[code]
	return k, ok
}

// FindKelurahan finds wards by what people type: a code, a name in any
// spelling ("simpang tiga sipin", "tehok", "KAB"), or a part of it. A name
// that is whole wins over the longer names that it begins; otherwise all that
// fit are returned, none when nothing does.
func FindKelurahan(s string) []Kelurahan {
	return findPlaces(s, kelurahans, func(k Kelurahan) (code, name string) { return k.Code, k.Name })
}

// FindKecamatan finds districts as [FindKelurahan] finds wards; "seberang" is
// Danau Teluk and Pelayangan.
func FindKecamatan(s string) []Kecamatan {
	if placeKey(s) == "seberang" {
		return []Kecamatan{kecamatanByCode["157105"], kecamatanByCode["157106"]}
	}
	return findPlaces(s, kecamatans, func(k Kecamatan) (code, name string) { return k.Code, k.Name })
}

// maxPlaceText bounds the work that one message can cause.
const maxPlaceText = 60

// findPlaces returns the places of the first kind of likeness that finds any.
func findPlaces[P any](s string, all []P, describe func(P) (code, name string)) []P {
	typed := placeKey(s)
	if typed == "" || len(s) > maxPlaceText {
		return nil
	}
	likenesses := []func(code, name string) bool{
		func(code, _ string) bool { return strings.ReplaceAll(strings.TrimSpace(s), ".", "") == code },
		func(_, name string) bool { return squeeze(name) == squeeze(typed) },
		func(_, name string) bool { return isPart(name, typed) },
		func(_, name string) bool { return nearly(squeeze(name), squeeze(typed)) },
	}
	for _, alike := range likenesses {
		var found []P
		for _, p := range all {
			if code, name := describe(p); alike(code, placeKey(name)) {
				found = append(found, p)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// placeWords are the spellings of one word that people mix; an empty one says
// nothing.
var placeWords = map[string]string{
	"kelurahan": "", "kel": "", "kecamatan": "", "kec": "",
	"iii": "3", "tiga": "3", "tigo": "3", "iv": "4", "empat": "4", "v": "5", "lima": "5", "limo": "5",
	"sp": "simpang", "sp3": "simpang 3", "sp4": "simpang 4", "spg": "simpang", "simp": "simpang",
	"pal": "paal", "pall": "paal", "pal5": "paal 5", "paal5": "paal 5", "palmerah": "paal merah", "pallmerah": "paal merah",
	"kab": "kenali asam bawah", "kaa": "kenali asam atas",
}

// placeKey is a name with its spelling evened out.
func placeKey(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	var kept []string
	for _, w := range words {
		if same, ok := placeWords[w]; ok {
			w = same
		}
		if w != "" {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

func squeeze(key string) string { return strings.ReplaceAll(key, " ", "") }

// isPart says whether typed begins the name or is whole words within it.
func isPart(name, typed string) bool {
	return len(typed) > 2 && strings.HasPrefix(squeeze(name), squeeze(typed)) || strings.Contains(" "+name+" ", " "+typed+" ")
}

// nearly allows one slip of the finger from five letters on, two from ten.
func nearly(name, typed string) bool {
	slips := min(len(typed)/5, 2)
	return slips > 0 && levenshtein.ComputeDistance(name, typed) <= slips
}

var (
	rtText = regexp.MustCompile(`^(?i:rt)?[ .:]*([0-9]{1,3})$`)
	rtCode = regexp.MustCompile(`^([0-9]{10})-RT([0-9]{3})$`)
)

// ParseRT reads an RT number as people type it, "RT 014", "014" or "14", of a
// known kelurahan. The errors are ErrKelurahan and ErrRT.
func ParseRT(kelurahanCode, s string) (RT, error) {
	if _, ok := kelurahanByCode[kelurahanCode]; !ok {
		return RT{}, ErrKelurahan
	}
	match := rtText.FindStringSubmatch(strings.TrimSpace(s))
	if match == nil {
		return RT{}, ErrRT
	}
	number, err := strconv.Atoi(match[1])
	if err != nil || number == 0 {
		return RT{}, ErrRT
	}
	return RT{kelurahanCode, number}, nil
}

// ParseRTCode reads the form of String, "1571071012-RT014".
func ParseRTCode(s string) (RT, error) {
	match := rtCode.FindStringSubmatch(s)
	if match == nil {
		return RT{}, ErrRT
	}
	return ParseRT(match[1], match[2])
}

// IsZero says whether no RT is set.
func (r RT) IsZero() bool { return r == RT{} }

// String is the key of the RT, "1571071012-RT014", and "" for none.
func (r RT) String() string {
	if r.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s-RT%03d", r.Kelurahan, r.Number)
}

// MarshalText writes the form of String.
func (r RT) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the form of String.
func (r *RT) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = RT{}
		return nil
	}
	parsed, err := ParseRTCode(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}
