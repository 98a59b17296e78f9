package main

import (
	"database/sql"
	"os"
	"strings"
	"testing"

	"sahabatrt/store/session/redistest"
	"sahabatrt/store/storetest"
)

// keysAt are the lines of keys list, each split into its columns.
func keysAt(t *testing.T) (keys [][]string) {
	t.Helper()
	out, _ := ok(t, "", "keys", "list")
	for line := range strings.Lines(out) {
		keys = append(keys, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return keys
}

// refused runs what has to fail with words of its own.
func refused(t *testing.T, want string, args ...string) {
	t.Helper()
	if code, out, errs := run(t, "", args...); code != 1 || !strings.Contains(errs, want) {
		t.Errorf("sahabatrt %s: exit %d, want %q in\n%s%s", strings.Join(args, " "), code, want, out, errs)
	}
}

func checkOK(t *testing.T) {
	t.Helper()
	if out, _ := ok(t, "", "check"); strings.TrimSpace(out) != "ok" {
		t.Errorf("check: %s", out)
	}
}

// TestKeysRotate: an operator makes a new key, brings everything under it, and drops the old one when its time is over.
func TestKeysRotate(t *testing.T) {
	inEmptyFolder(t)
	refused(t, "no records", "keys", "list")
	if _, err := os.Stat("data"); err == nil {
		t.Error("a look at the keys made something")
	}
	ok(t, "daftar pekerja\n1\nSulaiman Contoh\n", "chat")
	keys := keysAt(t)
	if len(keys) != 1 || keys[0][1] != "primary" || !strings.HasPrefix(keys[0][2], "2026-11-23 09:0") || !strings.Contains(keys[0][4], "workers ") {
		t.Fatalf("keys %q", keys)
	}
	old := keys[0][0]
	refused(t, "seals what is new", "keys", "drop", old)
	refused(t, "there is no key 7", "keys", "drop", "7")

	out, _ := ok(t, "", "keys", "rotate")
	if keys = keysAt(t); len(keys) != 2 || keys[0][1] != "old" || keys[1][1] != "primary" || !strings.HasPrefix(out, keys[1][0]+" seals from now on") {
		t.Fatalf("%s\nkeys %q", out, keys)
	}
	refused(t, "keys reseal", "keys", "drop", old)
	if out, _ := ok(t, "", "keys", "reseal"); !strings.HasPrefix(out, keys[0][3]+" sealed anew\n") || strings.Contains(out, "meanwhile") {
		t.Errorf("%s, want the %s of the old key", out, keys[0][3])
	}
	refused(t, "31 days", "keys", "drop", old)
	checkOK(t)
	if out, _ := ok(t, "sisa anggaran berapa\n", "chat"); !strings.Contains(out, "Sulaiman Contoh") {
		t.Errorf("the form was forgotten:\n%s", out)
	}
	ok(t, "", "keys", "drop", old, "--sahabat-now", "2026-12-25T09:00:00+07:00")
	if keys = keysAt(t); len(keys) != 1 || keys[0][1] != "primary" {
		t.Errorf("keys %q", keys)
	}
	checkOK(t)
}

// TestKeysInRedis: what lies in Redis counts, too.
func TestKeysInRedis(t *testing.T) {
	inEmptyFolder(t)
	t.Setenv("TEST_REDIS_URL", "") // a private one: the program knows no prefix
	t.Setenv("REDIS_URL", redistest.URL(t))
	ok(t, "daftar pekerja\n1\n", "chat")
	ok(t, "", "keys", "rotate")
	ok(t, "", "keys", "reseal")
	keys := keysAt(t)
	if len(keys) != 2 || !strings.HasPrefix(keys[0][4], "Redis ") || strings.Contains(keys[1][4], "Redis") {
		t.Fatalf("keys %q", keys)
	}
	refused(t, "in Redis", "keys", "drop", keys[0][0], "--sahabat-now", "2027-01-01T09:00:00+07:00")
	ok(t, "", "keys", "reindex", "--yes")
	if out, _ := ok(t, "Sulaiman Contoh\n", "chat"); !strings.Contains(out, "NIK") {
		t.Errorf("the form was forgotten:\n%s", out)
	}
}

// TestKeysRewrap: SAHABAT_KEY changes, from a file to a file and to a value.
func TestKeysRewrap(t *testing.T) {
	inEmptyFolder(t)
	ok(t, "menu\n", "chat")
	out, _ := ok(t, "", "keys", "rewrap")
	if !strings.Contains(out, "move data/sahabat.key.new to data/sahabat.key") || !strings.Contains(out, "keep the former key") {
		t.Errorf("%s", out)
	}
	made, err := os.ReadFile("data/sahabat.key.new")
	if err != nil || strings.Contains(out, strings.TrimSpace(string(made))) {
		t.Errorf("the key is shown, or not there: %v", err)
	}
	refused(t, "another key", "check")
	if err := os.Rename("data/sahabat.key.new", "data/sahabat.key"); err != nil {
		t.Fatal(err)
	}
	checkOK(t)

	t.Setenv("SAHABAT_NEW_KEY", strings.TrimSpace(string(made)))
	refused(t, "already", "keys", "rewrap")
	t.Setenv("SAHABAT_NEW_KEY", "short")
	refused(t, "32 bytes", "keys", "rewrap")
	checkOK(t)
	key := "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	t.Setenv("SAHABAT_NEW_KEY", key)
	if out, _ := ok(t, "", "keys", "rewrap"); !strings.Contains(out, "SAHABAT_NEW_KEY into SAHABAT_KEY") || strings.Contains(out, key) {
		t.Errorf("%s", out)
	}
	t.Setenv("SAHABAT_KEY", key)
	checkOK(t)
}

// TestKeysRewrapKeepsAFile: a file of an earlier attempt is neither used nor lost without a word.
func TestKeysRewrapKeepsAFile(t *testing.T) {
	inEmptyFolder(t)
	ok(t, "menu\n", "chat")
	if err := os.WriteFile("data/sahabat.key.new", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "there already", "keys", "rewrap")
	checkOK(t)
}

// TestKeysExportAndRestore on both engines: what was exported brings back a database that has lost its keys.
func TestKeysExportAndRestore(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			address := "sqlite:data/sahabat.db"
			if engine == "PostgreSQL" {
				address = storetest.Postgres(t)
			}
			inEmptyFolder(t)
			t.Setenv("DATABASE_URL", address)
			ok(t, "", "migrate")
			ok(t, "", "invite", "--role", "city", "--place", "1571", "--phone", "081200000001", "--name", "Contoh Kota")
			ok(t, "", "keys", "export", "keys.json")
			refused(t, "make the export", "keys", "export", "keys.json")
			info, err := os.Stat("keys.json")
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info, err)
			}
			key, err := os.ReadFile("data/sahabat.key")
			export, err2 := os.ReadFile("keys.json")
			if err != nil || err2 != nil || strings.Contains(string(export), strings.TrimSpace(string(key))) {
				t.Errorf("the export holds the key: %v %v", err, err2)
			}
			refused(t, "has its keys", "keys", "restore", "keys.json")
			loseKeys(t, address)
			refused(t, "keys restore FILE", "check")
			refused(t, "does not open this export", "keys", "restore", "keys.json", "--key", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
			ok(t, "", "keys", "restore", "keys.json")
			checkOK(t)
		})
	}
}

// loseKeys is an accident.
func loseKeys(t *testing.T, address string) {
	t.Helper()
	driver := "pgx"
	if path, isFile := strings.CutPrefix(address, "sqlite:"); isFile {
		driver, address = "sqlite", path
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DELETE FROM keysets"); err != nil {
		t.Fatal(err)
	}
}

// TestKeysReindex: what would be lost is said, with the list to import again; everybody else is found afterwards.
func TestKeysReindex(t *testing.T) {
	inEmptyFolder(t)
	ok(t, "menu\n", "chat", "--as", "ketua14")
	ok(t, "", "invite", "--role", "city", "--place", "1571", "--phone", "081200000001", "--name", "Contoh Kota")
	list := "nik,dibayar_oleh,sumber\n1571071209800003,pemkot,Daftar Contoh 2026\n"
	if err := os.WriteFile("tercakup.csv", []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, "", "import", "tercakup.csv")
	refused(t, "--yes", "keys", "reindex")
	out, _ := ok(t, "", "keys", "reindex", "--yes")
	if !strings.Contains(out, "Daftar Contoh 2026\t1 people") || !strings.Contains(out, "invitations not used yet\t1") {
		t.Errorf("%s", out)
	}
	checkOK(t)
	if out, _ := ok(t, "sisa anggaran berapa\n", "chat", "--as", "ketua14"); !strings.Contains(out, "Rp38.800.000") {
		t.Errorf("the ketua is not known:\n%s", out)
	}
	if out, _ := ok(t, "", "import", "tercakup.csv"); !strings.Contains(out, "1 changed") {
		t.Errorf("%s", out)
	}
	ok(t, "", "keys", "reindex", "--yes")
}
