package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/session/redistest"
	"sahabatrt/store/storetest"
)

// TestMain is also the program itself, or the echo beside it, when a test started this binary as one.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("TEST_AS_PROGRAM") != "":
		main()
		return
	case os.Getenv("TEST_AS_ECHO") != "":
		fmt.Fprintln(os.Stderr, echo())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// run starts the program as a person does in an empty folder, at nine in the morning of the 23rd of November 2026.
func run(t testing.TB, input string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	start, begun := time.Date(2026, 11, 23, 9, 0, 0, 0, program.WIB), time.Now()
	m := Main{Stdin: strings.NewReader(input), Stdout: &stdout, Stderr: &stderr, Now: func() time.Time { return start.Add(time.Since(begun)) }, channels: (*Config).channels}
	code = m.Run(t.Context(), args)
	return code, stdout.String(), stderr.String()
}

// ok is run for what has to succeed.
func ok(t testing.TB, input string, args ...string) (out, errs string) {
	t.Helper()
	code, out, errs := run(t, input, args...)
	if code != 0 {
		t.Fatalf("sahabatrt %s: exit %d\n%s\n%s", strings.Join(args, " "), code, out, errs)
	}
	return out, errs
}

// inEmptyFolder makes every setting the default one.
func inEmptyFolder(t testing.TB) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range []string{"DATABASE_URL", "REDIS_URL", "SAHABAT_KEY", "SAHABAT_NEW_KEY", "SAHABAT_NOW", "LOG_FORMAT", "LOG_LEVEL", "SAHABAT_PROCESS", "OPS_LISTEN", "SAHABAT_KILL",
		"TELEGRAM_TOKEN", "TELEGRAM_API_ENDPOINT", "TELEGRAM_RATE", "TELEGRAM_WEBHOOK_URL", "TELEGRAM_WEBHOOK_SECRET", "LISTEN"} {
		t.Setenv(name, "") // put back afterwards
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestQuote(t *testing.T) {
	inEmptyFolder(t)
	year := `"2026-01","2026-02","2026-03","2026-04","2026-05","2026-06","2026-07","2026-08","2026-09","2026-10","2026-11","2026-12"`
	for _, row := range []struct {
		rule, question string
		total          int64
	}{
		{"rule 1: 20 workers for 12 months", `{"sector":"other","funding":"apbd","workers":20,"months":[` + year + `]}`, 4_032_000},
		{"rule 3: ojek, APBD", `{"sector":"transport","funding":"apbd","workers":1,"months":["2026-11"]}`, 16_800},
		{"rule 4: ojek, mandiri", `{"sector":"transport","funding":"mandiri","workers":1,"months":["2026-11"]}`, 8_400},
		{"rule 5: trader, mandiri, after the discount", `{"sector":"other","funding":"mandiri","workers":1,"months":["2027-01"]}`, 16_800},
		{"rule 34: a project of 150 juta", `{"project_value":150000000}`, 335_000},
	} {
		out, _ := ok(t, row.question+"\n", "quote")
		var got quote
		if err := json.Unmarshal([]byte(out), &got); err != nil || int64(got.Total) != row.total {
			t.Errorf("%s: %s, want %d (%v)", row.rule, strings.TrimSpace(out), row.total, err)
		}
		if !strings.Contains(out, `"rule"`) || !strings.Contains(out, `"source"`) {
			t.Errorf("%s: names no rule or source: %s", row.rule, out)
		}
	}
}

func TestQuoteAnswersEveryLine(t *testing.T) {
	inEmptyFolder(t)
	code, out, _ := run(t, "{\n\n{\"sector\":\"sea\",\"funding\":\"apbd\",\"months\":[\"2026-11\"],\"workers\":1}\n{\"project_value\":-1}\n{\"project_value\":60000000}\n", "quote")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code == 0 || len(lines) != 4 {
		t.Fatalf("exit %d, %d answers to 4 questions:\n%s", code, len(lines), out)
	}
	for i, line := range lines {
		if isError := strings.Contains(line, `"error"`); isError != (i < 3) || !json.Valid([]byte(line)) {
			t.Errorf("answer %d: %s", i+1, line)
		}
	}
}

func TestFirstConversation(t *testing.T) {
	inEmptyFolder(t)
	script := "daftar pekerja\n1\nSulaiman Contoh\nsisa anggaran berapa\n1571071209800003\nya\ntidak punya\ndi rt ini\ntidak\n2 bulan\nsimpan\nmenu\nsisa anggaran berapa\n"
	out, errs := ok(t, script, "chat", "--as", "ketua14", "--save", "talk.txt")
	for _, want := range []string{"Rp38.800.000", "Tersimpan", "Rp38.766.400"} { // 2 × 16.800 less
		if !strings.Contains(out, want) {
			t.Errorf("the conversation does not say %s:\n%s", want, out)
		}
	}
	if strings.Count(errs, "\n") != 1 {
		t.Errorf("the first start says one thing, that the city is a sample: %q", errs)
	}
	if _, errs := ok(t, "menu\n", "chat"); errs != "" {
		t.Errorf("the second start has nothing to say: %q", errs)
	}
	if out, _ := ok(t, "", "check"); strings.TrimSpace(out) != "ok" {
		t.Errorf("check: %s", out)
	}
	testSaved(t, "talk.txt")
	testModes(t)
	testClosed(t)
}

// TestKilled: the program dies when the registration is committed and nobody was told; the next start tells it.
func TestKilled(t *testing.T) {
	inEmptyFolder(t)
	killed := exec.Command(os.Args[0], "chat", "--now", "2026-11-23T09:00:00+07:00")
	killed.Env = append(os.Environ(), "TEST_AS_PROGRAM=1", "SAHABAT_KILL=committed:1")
	killed.Stdin = strings.NewReader("daftar pekerja\n1\nSulaiman Contoh\n1571071209800003\nya\ntidak punya\ndi rt ini\ntidak\n2 bulan\nsimpan\n")
	said, err := killed.Output()
	if err == nil || killed.ProcessState.ExitCode() != -1 || strings.Contains(string(said), "Tersimpan") {
		t.Fatalf("not killed there: %v\n%s", err, said)
	}
	out, _ := ok(t, "sisa anggaran berapa\n", "chat")
	if strings.Count(out, "Tersimpan") != 1 || !strings.Contains(out, "Rp38.766.400") {
		t.Errorf("after the next start: %s", out)
	}
	if out, _ := ok(t, "", "check"); strings.TrimSpace(out) != "ok" {
		t.Errorf("check: %s", out)
	}
	if code, _, _ := run(t, "", "chat", "--sahabat-kill", "nowhere:1"); code != 1 {
		t.Errorf("a point that does not exist: exit %d", code)
	}
}

// testSaved looks whether the saved conversation has the lines of a transcript.
func testSaved(t *testing.T, file string) {
	t.Helper()
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"@ 2026-11-23T09:00:0", "\n= ketua14\n", "\n> daftar pekerja\n< ", "\n  [Tukang becak] [Ojek pangkalan]"} {
		if !strings.Contains(string(saved), want) {
			t.Errorf("the transcript lacks %q:\n%s", want, saved)
		}
	}
}

// testClosed looks whether the records were closed in good order: one file, its lock and its key, no log beside it.
func testClosed(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("data/*")
	if err != nil || len(files) != 3 {
		t.Errorf("left behind: %v (%v)", files, err)
	}
}

// testModes looks whether others on the machine can read what is kept.
func testModes(t *testing.T) {
	t.Helper()
	err := filepath.Walk(".", func(path string, info os.FileInfo, err error) error {
		if err == nil && path != "." && info.Mode()&0o077 != 0 && filepath.Ext(path) != ".lock" {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEverybodyGetsAnAnswer(t *testing.T) {
	inEmptyFolder(t)
	for _, row := range []struct{ as, says, want string }{
		{"tamu", "sisa anggaran berapa", "belum terhubung"},
		{"ketua3", "sisa anggaran berapa", "Rp0"},
		{"+62 812-0000-0015", "sisa anggaran berapa", "Rp15.600.000"},
		{"bpjs", "halo", "Sahabat RT"},
		{"ketua14", "/foto KTP", ""},
		{"ketua14", "/suara", "suara"},
		{"ketua14", "/stiker", "tiker"},
	} {
		out, _ := ok(t, row.says+"\n", "chat", "--as", row.as)
		_, answer, _ := strings.Cut(out, "> "+row.says+"\n")
		if !strings.Contains(answer, row.want) || strings.TrimSpace(answer) == "" {
			t.Errorf("%s says %q and is told:\n%s", row.as, row.says, answer)
		}
	}
}

func TestChatOfNobody(t *testing.T) {
	inEmptyFolder(t)
	if code, _, errs := run(t, "", "chat", "--as", "raja"); code == 0 || !strings.Contains(errs, "sekretaris14") {
		t.Errorf("exit %d; who can be played is not told: %s", code, errs)
	}
}

func TestImport(t *testing.T) {
	inEmptyFolder(t)
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("rt.csv", "kelurahan;rt;nama;sapaan;hp\nLegok;RT 003;Ali Contoh;Pak;0812-0000-0003\n")
	write("bad.csv", "kelurahan;rt;tahun;pagu;sumber;per_tanggal\nLegok;3;2026;banyak;daftar;2026-11-02\n")
	if code, _, errs := run(t, "", "import", "rt.csv", "bad.csv"); code != 1 || !strings.Contains(errs, "bad.csv, row 2, column pagu") {
		t.Errorf("exit %d: %s", code, errs)
	}
	for _, row := range []struct{ args, want string }{
		{"--dry-run", "1 changed"},
		{"", "1 changed"},
		{"", "0 changed"},
	} {
		out, _ := ok(t, "", strings.Fields("import rt.csv "+row.args)...)
		if !strings.Contains(out, row.want) {
			t.Errorf("import %s: %s, want %s", row.args, out, row.want)
		}
	}
}

func TestInviteAndBackup(t *testing.T) {
	inEmptyFolder(t)
	ok(t, "halo\n", "chat")
	out, _ := ok(t, "", "invite", "--role", "ketua", "--place", "1571071012-RT014", "--phone", "+62 812-0000-0099", "--name", "Baru Contoh")
	if code, _, _ := strings.Cut(out, "\t"); len(code) != 8 {
		t.Errorf("no code of 8 letters: %s", out)
	}
	for name, args := range map[string][]string{
		"no phone":         {"--role", "ketua", "--place", "1571071012-RT014", "--name", "Baru Contoh"},
		"no such role":     {"--role", "raja", "--place", "1571", "--phone", "+6281200000099", "--name", "Baru Contoh"},
		"no such place":    {"--role", "ketua", "--place", "Legok", "--phone", "+6281200000099", "--name", "Baru Contoh"},
		"RT is not listed": {"--role", "ketua", "--place", "1571071012-RT099", "--phone", "+6281200000099", "--name", "Baru Contoh"},
	} {
		if code, out, _ := run(t, "", append([]string{"invite"}, args...)...); code == 0 {
			t.Errorf("%s: a code was made: %s", name, out)
		}
	}
	ok(t, "", "backup", "copy.db")
	if code, _, _ := run(t, "", "backup", "copy.db"); code != 1 {
		t.Error("a backup was overwritten")
	}
	if out, _ := ok(t, "", "check", "--database-url", "sqlite:copy.db", "--key", readKey(t)); strings.TrimSpace(out) != "ok" {
		t.Errorf("the backup: %s", out)
	}
}

func readKey(t *testing.T) string {
	t.Helper()
	key, err := os.ReadFile("data/sahabat.key")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(key))
}

func TestMigrate(t *testing.T) {
	inEmptyFolder(t)
	for i, nothing := range []bool{false, true} {
		out, _ := ok(t, "", "migrate")
		if !strings.HasSuffix(out, " migrations applied\n") || strings.HasPrefix(out, "0 ") != nothing {
			t.Errorf("start %d: %s", i+1, out)
		}
	}
}

// TestJobs: a job that failed is listed on one line without what is personal, and can be done again.
func TestJobs(t *testing.T) {
	inEmptyFolder(t)
	if code, _, errs := run(t, "", "jobs"); code != 1 || !strings.Contains(errs, "no records") {
		t.Errorf("without records: exit %d, %s", code, errs)
	}
	ok(t, "", "migrate")
	fail(t, "notice", "contoh", errors.New("broken\nat +6281200000014"))
	out, _ := ok(t, "", "jobs")
	if want := "1\tnotice\tcontoh\tdiscarded\t1\tbroken at [removed]\n1 failed, 0 wait\n"; out != want {
		t.Errorf("listed %q, want %q", out, want)
	}
	if code, out, _ := run(t, "", "check"); code != 1 || !strings.Contains(out, "discarded") {
		t.Errorf("check: exit %d, %s", code, out)
	}
	ok(t, "", "jobs", "retry", "1")
	if out, _ := ok(t, "", "jobs", "list"); out != "0 failed, 1 wait\n" {
		t.Errorf("listed %q", out)
	}
	if code, _, errs := run(t, "", "jobs", "retry", "99"); code != 1 || !strings.Contains(errs, "no job that failed") {
		t.Errorf("another job: exit %d, %s", code, errs)
	}
}

// fail has a job fail for good, and leaves no other.
func fail(t *testing.T, kind store.JobKind, id string, fault error) {
	t.Helper()
	db, err := (&Config{DatabaseURL: ownStore, Key: readKey(t)}).open(t.Context(), Main{Stderr: io.Discard, Now: time.Now}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		if err := tx.Enqueue(kind, id); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE river_job SET max_attempts=1`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	err = db.Work(ctx, map[store.JobKind]store.Duty{kind: {Do: func(context.Context, string) error {
		stop()
		return fault
	}}})
	if err == nil {
		err = db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`DELETE FROM river_job WHERE kind<>$1`, string(kind))
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestWrongKey(t *testing.T) {
	inEmptyFolder(t)
	ok(t, "halo\n", "chat")
	t.Setenv("SAHABAT_KEY", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")
	if code, _, errs := run(t, "", "check"); code != 1 || !strings.Contains(errs, "another key") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

// TestPostgres: the same commands with the records in PostgreSQL; nobody is invented there, and the key lies in data.
func TestPostgres(t *testing.T) {
	address := storetest.Postgres(t)
	inEmptyFolder(t)
	t.Setenv("DATABASE_URL", address)
	if out, _ := ok(t, "", "migrate"); !strings.HasSuffix(out, " migrations applied\n") || strings.HasPrefix(out, "0") {
		t.Errorf("migrate: %s", out)
	}
	if err := os.WriteFile("rt.csv", []byte("kelurahan,rt\nKenali Asam,14\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _ := ok(t, "", "import", "rt.csv"); !strings.Contains(out, "1 rows\t1 changed") {
		t.Errorf("import: %s", out)
	}
	if out, _ := ok(t, "", "import", "rt.csv"); !strings.Contains(out, "1 rows\t0 changed") {
		t.Errorf("import again: %s", out)
	}
	if out, _ := ok(t, "", "check"); strings.TrimSpace(out) != "ok" {
		t.Errorf("check: %s", out)
	}
	if _, _, errs := run(t, "", "chat", "--as", "ketua14"); strings.Contains(errs, "sample city was put in") {
		t.Errorf("somebody invented stands in PostgreSQL: %s", errs)
	}
	if code, _, errs := run(t, "", "backup", "copy"); code == 0 || !strings.Contains(errs, "pg_dump") {
		t.Errorf("backup: exit %d, %s", code, errs)
	}
	if code, _, errs := run(t, "", "check", "--key", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="); code == 0 || !strings.Contains(errs, "another key") {
		t.Errorf("another key: exit %d, %s", code, errs)
	}
	if _, err := os.Stat("data/sahabat.key"); err != nil {
		t.Error(err)
	}
}

// A conversation goes on in Redis where the one before it stopped; a Redis that is not there is said before anything is.
func TestChatOnRedis(t *testing.T) {
	inEmptyFolder(t)
	t.Setenv("TEST_REDIS_URL", "") // a private one: the program knows no prefix
	t.Setenv("REDIS_URL", redistest.URL(t))
	ok(t, "daftar pekerja\n1\n", "chat")
	out, _ := ok(t, "Sulaiman Contoh\n", "chat")
	if !strings.Contains(out, "NIK") {
		t.Errorf("the form was forgotten:\n%s", out)
	}
	t.Setenv("REDIS_URL", "redis://127.0.0.1:1")
	code, out, errs := run(t, "daftar pekerja\n", "chat")
	if code != 1 || strings.Contains(out, "Pekerjaannya") || !strings.Contains(errs, "REDIS_URL") {
		t.Errorf("exit %d\n%s\n%s", code, out, errs)
	}
}

// TestAlertInTheTerminal: what one persona's doing means for another is said to that one when he sits down.
func TestAlertInTheTerminal(t *testing.T) {
	inEmptyFolder(t)
	at := func(clock string) []string {
		return []string{"chat", "--now", "2026-11-24T" + clock + "+07:00", "--as"}
	}
	ok(t, "halo\n", append(at("08:00:00"), "lurah")...)
	ok(t, "daftar pekerja\nojek\nUdin Contoh\n1571070101800099\nya\ntidak punya\ndi rt ini\nya\noleh provinsi\n1 bulan\nsimpan\n", append(at("09:00:00"), "ketua14")...)
	out, _ := ok(t, "", append(at("09:02:00"), "lurah")...)
	if !strings.Contains(out, "Satu pendaftaran ditahan") {
		t.Errorf("the lurah hears: %s", out)
	}
	if out, _ := ok(t, "", append(at("09:04:00"), "lurah")...); strings.Contains(out, "ditahan") {
		t.Errorf("he hears it twice: %s", out)
	}
	ok(t, "", "check")
}
