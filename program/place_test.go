package program

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// Section 5.5 [S65].
func TestTheCityIsWhole(t *testing.T) {
	wards := map[string]int{}
	for _, k := range Kelurahans() {
		wards[k.Kecamatan]++
		if len(k.Code) != 10 || !strings.HasPrefix(k.Code, k.Kecamatan) || strings.TrimSpace(k.Name) == "" {
			t.Errorf("odd kelurahan %+v", k)
		}
		if found, ok := KelurahanByCode(k.Code); !ok || found != k {
			t.Errorf("%s is not found by its code", k.Code)
		}
		if found := FindKelurahan(k.Name); !slices.Equal(found, []Kelurahan{k}) {
			t.Errorf("%q finds %v", k.Name, found)
		}
	}
	want := map[string]int{
		"157101": 7, "157102": 5, "157103": 9, "157104": 4, "157105": 6, "157106": 5,
		"157107": 7, "157108": 7, "157109": 7, "157110": 5, "157111": 6,
	}
	for _, k := range Kecamatans() {
		if found, ok := KecamatanByCode(k.Code); !ok || found != k {
			t.Errorf("%s is not found by its code", k.Code)
		}
		if wards[k.Code] != want[k.Code] {
			t.Errorf("%s has %d kelurahan, want %d", k.Name, wards[k.Code], want[k.Code])
		}
	}
	if len(Kelurahans()) != 68 || len(Kecamatans()) != 11 || len(kelurahanByCode) != 68 {
		t.Errorf("%d kelurahan in %d kecamatan, want 68 in 11", len(Kelurahans()), len(Kecamatans()))
	}
}

func TestFindKelurahan(t *testing.T) {
	for typed, want := range map[string]string{
		"1571071012": "Kenali Asam", "15.71.07.1012": "Kenali Asam", "kenali asam": "Kenali Asam", "Kel. Kenali Asam": "Kenali Asam",
		"KAB": "Kenali Asam Bawah", "kenali asam bwah": "Kenali Asam Bawah", "simpang tiga": "Simpang III Sipin",
		"sp 3": "Simpang III Sipin", "Sp3 sipin": "Simpang III Sipin", "simpang empat sipin": "Simpang IV Sipin",
		"tehok": "Thehok", "the hok": "Thehok", "ekajaya": "Eka Jaya", "Pall Merah": "Paal Merah", "palmerah": "Paal Merah",
		"paal 5": "Paal Lima", "mayang": "Mayang Mangurai", "tahtul": "Tahtul Yaman",
		"kenali": "Buluran Kenali,Teluk Kenali,Aur Kenali,Kenali Asam Bawah,Kenali Asam Atas,Kenali Asam,Kenali Besar",
		"sipin":  "Simpang IV Sipin,Simpang III Sipin,Solok Sipin",
		"zzz":    "", "": "", "kelurahan": "", "157199": "",
	} {
		var names []string
		for _, k := range FindKelurahan(typed) {
			names = append(names, k.Name)
		}
		if got := strings.Join(names, ","); got != want {
			t.Errorf("FindKelurahan(%q) = %s, want %s", typed, got, want)
		}
	}
}

func TestFindKecamatan(t *testing.T) {
	for typed, want := range map[string]string{
		"kotabaru": "Kota Baru", "Kota Baru": "Kota Baru", "157107": "Kota Baru", "palmerah": "Paal Merah", "barajo": "Alam Barajo",
		"sipin": "Danau Sipin", "telanai": "Telanaipura", "telanaipuro": "Telanaipura",
		"seberang": "Pelayangan,Danau Teluk", "jambi": "Jambi Selatan,Jambi Timur,Pasar Jambi", "bekasi": "",
	} {
		var names []string
		for _, k := range FindKecamatan(typed) {
			names = append(names, k.Name)
		}
		if got := strings.Join(names, ","); got != want {
			t.Errorf("FindKecamatan(%q) = %s, want %s", typed, got, want)
		}
	}
}

func TestParseRT(t *testing.T) {
	for _, typed := range []string{"RT 014", "014", "14", "rt14", "RT.14", " rt: 14 "} {
		if r, err := ParseRT("1571071012", typed); err != nil || r.String() != "1571071012-RT014" {
			t.Errorf("ParseRT(%q) = %s, %v", typed, r, err)
		}
	}
	for _, typed := range []string{"", "RT", "0", "000", "1000", "-1", "14a", "rt 14 rw 2", "empat"} {
		if r, err := ParseRT("1571071012", typed); !errors.Is(err, ErrRT) {
			t.Errorf("ParseRT(%q) = %s, %v; want ErrRT", typed, r, err)
		}
	}
	if _, err := ParseRT("3276011001", "14"); !errors.Is(err, ErrKelurahan) {
		t.Errorf("a kelurahan elsewhere: %v", err)
	}
	for _, code := range []string{"", "1571071012", "1571071012-RT14", "1571071012-RT000", "1571071012-rt014"} {
		if _, err := ParseRTCode(code); !errors.Is(err, ErrRT) {
			t.Errorf("ParseRTCode(%q) = %v, want ErrRT", code, err)
		}
	}
}

func TestRTTextReadsBack(t *testing.T) {
	for _, want := range []RT{{}, {"1571071012", 14}, {"1571011001", 999}} {
		text, err := want.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		got := RT{"1571071012", 1}
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%q reads back as %s, %v", text, got, err)
		}
	}
}

func FuzzParseRT(f *testing.F) {
	for _, seed := range []string{"RT 014", "14", "rt. 7", "999", "000", "RT 014 RW 03"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRT("1571071012", s)
		if err != nil {
			return
		}
		if again, err := ParseRTCode(r.String()); err != nil || again != r || r.Number < 1 || r.Number > 999 {
			t.Errorf("%q is %s, which reads back as %s, %v", s, r, again, err)
		}
	})
}
