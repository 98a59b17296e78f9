package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestExportAffected: a list for who tells people of a breach; no cell is a formula to a spreadsheet, nobody else reads the
// file, and it is never written over another.
func TestExportAffected(t *testing.T) {
	inEmptyFolder(t)
	ok(t, "daftar pekerja\nbecak\n=HYPERLINK Contoh\n1571071209800003\nya\n081200009999\nsendiri\n+Jalan Contoh nomor 5\ntidak\n2 bulan\nsimpan\n", "chat", "--as", "ketua14")
	out, _ := ok(t, "", "export", "affected", "--place", "1571071012-RT014", "list.csv")
	if strings.Contains(out, "Contoh") || strings.Contains(out, "9999") {
		t.Errorf("told on the terminal: %s", out)
	}
	info, err := os.Stat("list.csv")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	file, err := os.Open("list.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) < 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	at := slices.IndexFunc(rows, func(row []string) bool { return strings.Contains(row[0], "HYPERLINK") })
	if got := strings.Join(rows[max(at, 0)], "|"); got != "'=HYPERLINK Contoh|'+6281200009999|Pekerja|RT 14 Kenali Asam|nama, NIK, tanggal lahir dan jenis kelamin, pekerjaan, nomor HP, alamat" {
		t.Error(got)
	}
	for _, row := range rows {
		for _, c := range row {
			if c != "" && strings.ContainsAny(c[:1], "=+-@\t\r") {
				t.Errorf("a formula: %q", c)
			}
		}
	}
	for what, args := range map[string][]string{
		"over another file": {"--place", "1571071012-RT014", "list.csv"}, "no such place": {"--place", "1571999", "other.csv"}, "no such day": {"--place", "1571", "--since", "kemarin", "other.csv"},
		"no such folder": {"--place", "1571", filepath.Join("none", "other.csv")},
	} {
		if code, _, _ := run(t, "", append([]string{"export", "affected"}, args...)...); code == 0 {
			t.Errorf("%s: it went through", what)
		}
	}
	if _, err := os.Stat("other.csv"); err == nil {
		t.Error("a refused list was written")
	}
	if traces, _ := ok(t, "", "audit", "--subject", "1571071012-RT014"); !strings.Contains(traces, "export.affected") {
		t.Error(traces)
	}
}
