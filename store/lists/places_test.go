package lists

import (
	"testing"

	"sahabatrt/program"
)

// TestEveryPlaceHasItsName: each ward and district is found by its full name and by its code, and by no near miss.
func TestEveryPlaceHasItsName(t *testing.T) {
	read := func(column, text string) (code string, ok bool) {
		r := &row{in: &importer{}, cells: map[string]string{column: text}}
		if column == "kecamatan" {
			return r.kecamatan(), !r.wrong
		}
		return r.kelurahan(), !r.wrong
	}
	for _, k := range program.Kelurahans() {
		for _, text := range []string{k.Name, k.Code, "Kel. " + k.Name} {
			if code, ok := read("kelurahan", text); !ok || code != k.Code {
				t.Errorf("kelurahan %q is read as %q", text, code)
			}
		}
	}
	for _, k := range program.Kecamatans() {
		if code, ok := read("kecamatan", k.Name); !ok || code != k.Code {
			t.Errorf("kecamatan %q is read as %q", k.Name, code)
		}
	}
	for _, near := range []string{"Bandung", "Budimann", "Kenali", "Simpang"} {
		if code, ok := read("kelurahan", near); ok {
			t.Errorf("%q is read as %q, money would go to the wrong place", near, code)
		}
	}
	if code, ok := read("kelurahan", "simpang tiga sipin"); !ok || code == "" {
		t.Error("the spelling with a number word is not read")
	}
}
