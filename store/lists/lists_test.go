package lists_test

import (
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/lists"
	"sahabatrt/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var (
	now   = time.Date(2026, 11, 23, 9, 0, 0, 0, program.WIB)
	today = program.DateOf(now)
	rt14  = program.RT{Kelurahan: "1571071012", Number: 14}
)

func openStore(t *testing.T) *store.DB {
	t.Helper()
	open := func(address string) (*store.DB, error) {
		return store.Open(t.Context(), store.Options{URL: address, Key: make([]byte, 32),
			Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	}
	db, err := open(storetest.Migrated(t, func(address string) (io.Closer, error) { return open(address) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func csv(name, text string) lists.File { return lists.File{Name: name, Data: []byte(text)} }

func importAll(t *testing.T, db *store.DB, o lists.Options, files ...lists.File) []lists.Report {
	t.Helper()
	o.Today = today
	reports, err := lists.Import(t.Context(), db, files, o)
	if err != nil {
		t.Fatal(err)
	}
	return reports
}

// mistakes imports what must be refused and returns why.
func mistakes(t *testing.T, db *store.DB, files ...lists.File) lists.Errors {
	t.Helper()
	_, err := lists.Import(t.Context(), db, files, lists.Options{Today: today})
	var wrong lists.Errors
	if !errors.As(err, &wrong) {
		t.Fatalf("want the mistakes of the rows, got %v", err)
	}
	return wrong
}

func budgetOf(t *testing.T, db *store.DB, rt program.RT, year int) (b store.Budget) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		b, err = tx.Budget(rt, year)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func countWorkers(t *testing.T, db *store.DB) (total int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		_, total, err = tx.Workers(rt14, 0, 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

func sampleFiles(t *testing.T) []lists.File {
	t.Helper()
	files, err := lists.SampleFiles()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestSampleCity(t *testing.T) {
	db := openStore(t)
	for i, want := range []bool{true, false} {
		imported, err := lists.ImportSample(t.Context(), db, today)
		if err != nil || imported != want {
			t.Fatalf("time %d: imported %v, want %v: %v", i+1, imported, want, err)
		}
	}
	findings, err := db.Check(t.Context())
	if err != nil || len(findings) > 0 {
		t.Fatalf("check: %v %v", findings, err)
	}
	if n := countWorkers(t, db); n != 20 {
		t.Errorf("RT 14 has %d workers, want 20", n)
	}
	rt9 := program.RT{Kelurahan: "1571091005", Number: 9}
	rt15 := program.RT{Kelurahan: "1571071012", Number: 15}
	rt3 := program.RT{Kelurahan: "1571101003", Number: 3}
	rt7 := program.RT{Kelurahan: "1571031004", Number: 7}
	for _, row := range []struct {
		rt      program.RT
		ceiling bool
		rest    program.Rupiah
	}{
		{rt14, true, 38_800_000}, // 100.000.000 - 61.200.000, which holds what the workers cost so far
		{rt15, true, 15_600_000}, // 50.000.000 - 20.000.000 - 14.400.000 of honoraria
		{rt9, true, 16_800},      // one worker, one month
		{rt3, true, 0},           // a pilot RT (rule 9)
		{rt7, false, 0},          // no list names it (rule 9)
	} {
		if b := budgetOf(t, db, row.rt, 2026); b.HasCeiling != row.ceiling || b.Remaining() != row.rest {
			t.Errorf("%s: ceiling %v, rest %s; want %v, %s", row.rt, b.HasCeiling, b.Remaining(), row.ceiling, row.rest)
		}
	}
	testPersonas(t, db)
}

// testPersonas looks up everybody who can be played, and that all are marked as invented.
func testPersonas(t *testing.T, db *store.DB) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		for _, p := range lists.Personas {
			phone, err := program.ParsePhone(p.Phone)
			if err != nil {
				return err
			}
			workers, err := tx.WorkersByPhone(phone)
			if err != nil {
				return err
			}
			if len(workers) == 1 && strings.HasSuffix(workers[0].Name, " Contoh") {
				continue
			}
			person, err := tx.PersonByPhone(phone)
			if err != nil || len(person.Offices) != 1 || !strings.HasSuffix(person.Name, " Contoh") {
				t.Errorf("persona %s: %v, %d offices", p.Name, err, len(person.Offices))
			}
		}
		all, err := tx.RTs("")
		for _, rt := range all {
			if !rt.Sample {
				t.Errorf("%s is not marked as sample", rt.RT)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTwiceChangesNothing(t *testing.T) {
	db := openStore(t)
	for _, r := range importAll(t, db, lists.Options{}, sampleFiles(t)...) {
		if r.Changed != r.Rows {
			t.Errorf("%s: first time %d of %d rows changed something", r.Name, r.Changed, r.Rows)
		}
	}
	for _, r := range importAll(t, db, lists.Options{}, sampleFiles(t)...) {
		if r.Changed != 0 {
			t.Errorf("%s: second time %d rows changed something", r.Name, r.Changed)
		}
	}
}

func TestDryRunKeepsNothing(t *testing.T) {
	db := openStore(t)
	for _, r := range importAll(t, db, lists.Options{DryRun: true}, sampleFiles(t)...) {
		if r.Changed == 0 {
			t.Errorf("%s: a dry run must count what it would change", r.Name)
		}
	}
	if imported, err := lists.ImportSample(t.Context(), db, today); err != nil || !imported {
		t.Errorf("the store is not empty after a dry run: %v", err)
	}
}

func TestLaterPaymentIsTheOnlyChange(t *testing.T) {
	db := openStore(t)
	const head = "kelurahan;rt;nama;nik;kategori;bulan_mulai;lunas_sampai\n"
	rts := csv("rt.csv", "kelurahan;rt\nKenali Asam;14\n")
	importAll(t, db, lists.Options{}, rts, csv("p.csv", head+"Kenali Asam;14;Budi Contoh;1571070708800001;becak;Mei 2026;2026-08\n"))
	later := csv("p.csv", head+"Kenali Asam;14;Budi Contoh;1571070708800001;becak;05/2026;31-10-2026\n")
	if got := importAll(t, db, lists.Options{}, later)[0].Changed; got != 1 {
		t.Errorf("a later lunas_sampai changed %d rows, want 1", got)
	}
}

// TestForms reads what spreadsheets and people make of the same two rows.
func TestForms(t *testing.T) {
	plain := "kelurahan,rt,tahun,pagu,terpakai,sumber,per_tanggal\nKenali Asam,14,2026,100000000,1500000,Daftar café,2026-11-02\n"
	semicolon := "Kelurahan;No. RT;Tahun;Pagu;Terpakai;Sumber;Per Tanggal;Keterangan\nkenali asam;RT 014;2026;Rp 100.000.000,00;1,5jt;Daftar café;2 November 2026;x\n"
	latin, err := charmap.Windows1252.NewEncoder().String(semicolon)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"comma":         plain,
		"semicolon":     semicolon,
		"tab":           strings.ReplaceAll(plain, ",", "\t"),
		"BOM":           "\ufeff" + plain,
		"Windows-1252":  latin,
		"CRLF":          strings.ReplaceAll(semicolon, "\n", "\r\n"),
		"empty rows":    plain + ",,,,,,\n\n",
		"code":          strings.ReplaceAll(plain, "Kenali Asam,14", "1571071012,014"),
		"spaces around": strings.ReplaceAll(plain, ",", " , "),
	} {
		t.Run(name, func(t *testing.T) {
			db := openStore(t)
			importAll(t, db, lists.Options{}, csv("pagu.csv", text), csv("rt.csv", "kelurahan,rt\nKenali Asam,14\n"))
			b := budgetOf(t, db, rt14, 2026)
			if b.Ceiling != 100_000_000 || b.SpentBefore != 1_500_000 || b.Source != "Daftar café" || b.AsOf != (program.Date{Year: 2026, Month: 11, Day: 2}) {
				t.Errorf("read %s of %s, source %q, as of %s", b.SpentBefore, b.Ceiling, b.Source, b.AsOf)
			}
		})
	}
}

func TestBadRows(t *testing.T) {
	const (
		rt      = "kelurahan,rt,nama,sapaan,hp\n"
		office  = "jabatan,kelurahan,rt,nama,hp\n"
		ceiling = "kelurahan,rt,tahun,pagu,terpakai,sumber,per_tanggal,tetap_honor,tetap_honor_terpakai\n"
		worker  = "kelurahan,rt,nama,nik,kategori,bulan_mulai,lunas_sampai,status\n"
		covered = "nik,dibayar_oleh,sampai,sumber\n"
	)
	for _, row := range []struct {
		name, text, column, problem string
		row                         int
	}{
		{"kelurahan", rt + "Bandung,14,,,\n", "kelurahan", "does not name one", 2},
		{"RT number", rt + "Legok,XIV,,,\n", "rt", "not the number", 2},
		{"phone", rt + "Legok,3,Ali Contoh,Pak,12\n", "hp", "telephone", 2},
		{"no phone", rt + "Legok,3,Ali Contoh,Pak,\n", "hp", "is empty", 2},
		{"honorific", rt + "Legok,3,Ali Contoh,Tuan,+6281200000003\n", "sapaan", "neither", 2},
		{"RT twice", rt + "Legok,3,,,\nLegok,003,,,\n", "rt", "stands already in row 2", 3},
		{"one number, two people", rt + "Legok,3,Ali Contoh,,081200000003\nLegok,4,Adi Contoh,,081200000003\n", "hp", "another name", 3},
		{"office", office + "raja,Legok,3,Ali Contoh,081200000003\n", "jabatan", "no office", 2},
		{"office at an RT that is not listed", office + "bendahara,Legok,3,Ali Contoh,081200000003\n", "rt", "not in the list of RTs", 2},
		{"two treasurers", office + "bendahara,Legok,3,Ali Contoh,081200000003\nbendahara,Legok,3,Adi Contoh,081200000004\n", "", "stands already in row 2", 3},
		{"amount", ceiling + "Legok,3,2026,banyak,,daftar,2026-11-02,,\n", "pagu", "amount", 2},
		{"negative amount", ceiling + "Legok,3,2026,-5,,daftar,2026-11-02,,\n", "pagu", "amount", 2},
		{"absurd amount", ceiling + "Legok,3,2026,100000000000000,,daftar,2026-11-02,,\n", "pagu", "amount", 2},
		{"year", ceiling + "Legok,3,26,1000,,daftar,2026-11-02,,\n", "tahun", "year", 2},
		{"date", ceiling + "Legok,3,2026,1000,,daftar,31-02-2026,,\n", "per_tanggal", "date", 2},
		{"no source", ceiling + "Legok,3,2026,1000,,,2026-11-02,,\n", "sumber", "empty", 2},
		{"line overspent", ceiling + "Legok,3,2026,1000,,daftar,2026-11-02,10,11\n", "tetap_honor_terpakai", "more than", 2},
		{"NIK of 15 digits", worker + "Legok,3,Budi Contoh,157107070880001,becak,2026-05,2026-10,\n", "nik", "15 digits", 2},
		{"NIK from a spreadsheet", worker + "Legok,3,Budi Contoh,\"1,57107E+15\",becak,2026-05,2026-10,\n", "nik", "spreadsheet", 2},
		{"NIK with a letter", worker + "Legok,3,Budi Contoh,157107O708800001,becak,2026-05,2026-10,\n", "nik", "no digit", 2},
		{"NIK twice", worker + "Legok,3,Budi Contoh,1571070708800001,becak,2026-05,2026-10,\nLegok,3,Budi Contoh,1571070708800001,becak,2026-05,2026-10,\n", "nik", "stands already in row 2", 3},
		{"category", worker + "Legok,3,Budi Contoh,1571070708800001,pilot,2026-05,2026-10,\n", "kategori", "no category", 2},
		{"month", worker + "Legok,3,Budi Contoh,1571070708800001,becak,Mai,2026-10,\n", "bulan_mulai", "month", 2},
		{"paid before the start", worker + "Legok,3,Budi Contoh,1571070708800001,becak,2026-05,2026-04,\n", "lunas_sampai", "before", 2},
		{"a year mistyped", worker + "Legok,3,Budi Contoh,1571070708800001,becak,2026-05,2206-10,\n", "lunas_sampai", "ten years", 2},
		{"active and never paid", worker + "Legok,3,Budi Contoh,1571070708800001,becak,2026-05,,aktif\n", "lunas_sampai", "empty", 2},
		{"state", worker + "Legok,3,Budi Contoh,1571070708800001,becak,2026-05,2026-10,hilang\n", "status", "no state", 2},
		{"payer", covered + "1571070708800001,paman,,daftar\n", "dibayar_oleh", "no payer", 2},
		{"a year of two digits", covered + "1571070708800001,pemkot,Des-26,daftar\n", "sampai", "four digits", 2},
		{"a day with a year of two digits", covered + "1571070708800001,pemkot,31/12/26,daftar\n", "sampai", "four digits", 2},
		{"too many cells", rt + "Legok,3,,,,x\n", "", "more cells", 2},
		{"quotation marks", rt + "Legok,\"3,,,\n", "", "quotation", 2},
		{"heading lacks a column", "nik,kategori\n", "", "lacks the column", 1},
		{"heading not known", "kelurahan,rt,nmaa\nLegok,3,Ali\n", "", "column 3 is not known", 1},
		{"no known list", "a,b\n1,2\n", "", "no known list", 1},
		{"empty file", "", "", "no heading row", 0},
		{"a spreadsheet", "PK\x03\x04....", "", "save the sheet as CSV", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			wrong := mistakes(t, openStore(t), csv("list.csv", row.text))
			found := slices.ContainsFunc(wrong, func(e lists.RowError) bool {
				return e.File == "list.csv" && e.Row == row.row && e.Column == row.column && strings.Contains(e.Problem, row.problem)
			})
			if !found {
				t.Errorf("want row %d, column %q, %q; got\n%v", row.row, row.column, row.problem, wrong)
			}
		})
	}
}

func TestAllMistakesAtOnceAndNothingKept(t *testing.T) {
	db := openStore(t)
	wrong := mistakes(t, db,
		csv("rt.csv", "kelurahan,rt,nama,sapaan,hp\nKenali Asam,14,Ali Contoh,Pak,0812-0000-0014\nLegok,XIV,Ali Contoh,Tuan,12\n"),
		csv("pekerja.csv", "kelurahan,rt,nama,nik,kategori,bulan_mulai,lunas_sampai\nKenali Asam,14,Budi Contoh,1571070708800001,becak,2026-05,2026-10\nBudiman,7,Adi Contoh,1571070708800002,becak,2026-05,2026-10\n"))
	if len(wrong) != 4 { // rt, sapaan and hp of one row, and the RT that no list names
		t.Errorf("got %d mistakes, want 4:\n%v", len(wrong), wrong)
	}
	if n := countWorkers(t, db); n != 0 {
		t.Errorf("%d workers were kept beside the mistakes", n)
	}
}

func TestWorkerOfAnotherRT(t *testing.T) {
	db := openStore(t)
	importAll(t, db, lists.Options{}, sampleFiles(t)...)
	wrong := mistakes(t, db, csv("p.csv", "kelurahan,rt,nama,nik,kategori,bulan_mulai,lunas_sampai\nLegok,3,Abdul Karim Contoh,1571070101640001,becak,2026-05,2026-10\n"))
	if len(wrong) != 1 || wrong[0].Column != "nik" || !strings.Contains(wrong[0].Problem, "another RT") {
		t.Errorf("rule 18: got %v", wrong)
	}
}

// TestMistakesTellNobody: a mistake is shown and logged, so it must not quote what a cell says.
func TestMistakesTellNobody(t *testing.T) {
	wrong := mistakes(t, openStore(t),
		csv("a.csv", "kelurahan,rt,nama,nik,kategori,bulan_mulai,hp\nLegok,3,Budi Rahasia,157107070880000X,becak,2026-05,08129999\nLegok,3,,1571070708800001,becak,2026-05,081299998888\n"),
		csv("b.csv", "Budi Rahasia,1571070708800001,081299998888\n"))
	for _, secret := range []string{"Rahasia", "157107", "9999"} {
		if strings.Contains(wrong.Error(), secret) {
			t.Errorf("a mistake quotes %q:\n%v", secret, wrong)
		}
	}
}

// TestUnsaidStays: a list without a column does not take back what another list said in it.
func TestUnsaidStays(t *testing.T) {
	db := openStore(t)
	importAll(t, db, lists.Options{}, csv("rt.csv", "kelurahan,rt\nKenali Asam,14\n"),
		csv("pagu.csv", "kelurahan,rt,tahun,pagu,terpakai,diterima,sumber,per_tanggal,tetap_honor,tetap_honor_terpakai\nKenali Asam,14,2026,50jt,20jt,30jt,daftar,2026-11-02,14jt,12jt\n"))
	importAll(t, db, lists.Options{}, csv("pagu.csv", "kelurahan,rt,tahun,pagu,tanggal_cair,sumber,per_tanggal\nKenali Asam,14,2026,50jt,2026-03-16,daftar,2026-11-20\n"))
	if err := db.View(t.Context(), func(tx *store.Tx) error {
		b, err := tx.Budget(rt14, 2026)
		if b.SpentBefore != 20_000_000 || b.Received != 30_000_000 || len(b.Lines) != 1 || b.Remaining() != 16_000_000 || b.DisbursedOn.IsZero() {
			t.Errorf("spent %v, received %v, %d lines, left %v, on %v", b.SpentBefore, b.Received, len(b.Lines), b.Remaining(), b.DisbursedOn)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
