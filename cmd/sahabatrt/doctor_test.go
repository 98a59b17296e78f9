package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"sahabatrt/bot"
	"sahabatrt/store/session"
	"sahabatrt/store/session/redistest"
	"sahabatrt/store/storetest"
)

// doctor examines what the environment names, on a machine whose clock is so much ahead.
func doctor(t *testing.T, ahead time.Duration) (code int, out string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	m := Main{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Now: func() time.Time { return time.Now().Add(ahead) }, channels: (*Config).channels}
	code = m.Run(t.Context(), []string{"doctor"})
	return code, stdout.String()
}

// finds wants a line with this verdict and these words, and an exit code that tells whether anything fails.
func finds(t *testing.T, verdict, words string) {
	t.Helper()
	code, out := doctor(t, 0)
	found := false
	for line := range strings.Lines(out) {
		found = found || strings.HasPrefix(line, verdict+" ") && strings.Contains(line, words)
	}
	if !found || (code == 0) == strings.Contains(out, "fail  ") {
		t.Errorf("exit %d, no %s %q:\n%s", code, verdict, words, out)
	}
}

// well wants nothing to be mended.
func well(t *testing.T) {
	t.Helper()
	if code, out := doctor(t, 0); code != 0 || strings.Contains(out, "fail") {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDoctorOnSQLite(t *testing.T) {
	inEmptyFolder(t)
	finds(t, "warn", "no records at data/sahabat.db yet")
	finds(t, "warn", "the first start makes it")
	if files, err := os.ReadDir("."); err != nil || len(files) > 0 {
		t.Fatalf("it made something: %v %v", files, err)
	}
	s := serve(t, newPhone())
	well(t) // while the bot has the file
	s.end()
	well(t)
	testClosed(t)

	for _, row := range []struct {
		name        string
		break_, fix func() error
		words       string
	}{
		{"key for all", chmod("data/sahabat.key", 0o644), chmod("data/sahabat.key", 0o600), "chmod 600 data/sahabat.key"},
		{"records for all", chmod("data/sahabat.db", 0o644), chmod("data/sahabat.db", 0o600), "chmod 600 data/sahabat.db"},
		{"folder for all", chmod("data", 0o777), chmod("data", 0o700), "chmod 700 data"},
		{"no key any more", move("data/sahabat.key", "kept"), move("kept", "data/sahabat.key"), "no key that opens them"},
		{"journal", onFile("PRAGMA journal_mode=DELETE"), onFile("PRAGMA journal_mode=WAL"), "journal_mode is delete"},
		{"old schema", onFile("DELETE FROM goose_db_version WHERE version_id>1"), func() error { return nil }, "run sahabatrt migrate"},
	} {
		t.Run(row.name, func(t *testing.T) {
			must(t, row.break_())
			finds(t, "fail", row.words)
			must(t, row.fix())
		})
	}
	t.Setenv("SAHABAT_KEY", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")
	finds(t, "fail", "does not open this database")
	t.Setenv("SAHABAT_KEY", "short")
	finds(t, "fail", "openssl rand -base64 32")
}

func chmod(path string, mode os.FileMode) func() error {
	return func() error { return os.Chmod(path, mode) }
}

func move(from, to string) func() error { return func() error { return os.Rename(from, to) } }

func onFile(statement string) func() error {
	return func() error {
		db, err := sql.Open("sqlite", "data/sahabat.db")
		if err != nil {
			return err
		}
		_, err = db.Exec(statement)
		return errors.Join(err, db.Close())
	}
}

func TestDoctorOnPostgres(t *testing.T) {
	address, err := url.Parse(storetest.Postgres(t))
	must(t, err)
	inEmptyFolder(t)
	with := func(name, value string) {
		t.Helper()
		u := *address
		query := u.Query()
		query.Set(name, value)
		u.RawQuery = query.Encode()
		t.Setenv("DATABASE_URL", u.String())
	}
	with("application_name", "doctor")
	finds(t, "fail", "schema: version 0")
	finds(t, "warn", "the database has no keys yet")
	ok(t, "", "migrate")
	finds(t, "ok", "PostgreSQL") // synchronous_commit and the like are off for the tests: seen with the production's settings
	finds(t, "ok", "it opens the database")
	with("synchronous_commit", "off")
	finds(t, "fail", "synchronous_commit is off")
	with("default_transaction_read_only", "on")
	finds(t, "fail", "takes no changes")
	with("pool_max_conns", "5000")
	finds(t, "fail", "raise max_connections")
	with("statement_timeout", "10s")
	if _, out := doctor(t, -time.Minute); !strings.Contains(out, "fail  database: its clock is 1m0s off ours") {
		t.Errorf("a minute is not seen:\n%s", out)
	}
	t.Setenv("DATABASE_URL", "postgres://app:geheim@127.0.0.1:1/none")
	finds(t, "fail", "DATABASE_URL")
	if _, out := doctor(t, 0); strings.Contains(out, "geheim") {
		t.Errorf("the password is shown:\n%s", out)
	}
}

func TestDoctorOnRedis(t *testing.T) {
	inEmptyFolder(t)
	t.Setenv("TEST_REDIS_URL", "")
	address := redistest.URL(t)
	options, err := redis.ParseURL(address)
	must(t, err)
	client := redis.NewClient(options)
	defer client.Close()
	do := func(args ...any) {
		t.Helper()
		must(t, client.Do(context.Background(), args...).Err())
	}
	t.Setenv("REDIS_URL", address)
	finds(t, "fail", "appendonly is no")
	do("CONFIG", "SET", "appendonly", "yes")
	finds(t, "warn", "appendfsync everysec: a power cut can lose one second")
	do("CONFIG", "SET", "appendfsync", "always")
	finds(t, "ok", "appendfsync always")
	well(t)
	if _, out := doctor(t, time.Minute); !strings.Contains(out, "fail  redis: its clock is -1m0s off ours") {
		t.Errorf("a minute is not seen:\n%s", out)
	}
	do("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	finds(t, "fail", "maxmemory-policy is allkeys-lru")
	do("CONFIG", "SET", "maxmemory-policy", "noeviction")
	do("ACL", "SETUSER", "hosted", "on", ">geheim", "~*", "+@all", "-config")
	t.Setenv("REDIS_URL", strings.Replace(address, "redis://", "redis://hosted:geheim@", 1))
	finds(t, "warn", "appendfsync cannot be seen")
	well(t)
	t.Setenv("REDIS_URL", strings.Replace(address, "redis://", "redis://hosted:falsch@", 1))
	finds(t, "fail", "WRONGPASS")
	t.Setenv("REDIS_URL", "redis://hosted:geheim@127.0.0.1:1")
	finds(t, "fail", "REDIS_URL")
	if _, out := doctor(t, 0); strings.Contains(out, "geheim") {
		t.Errorf("the password is shown:\n%s", out)
	}
}

// What a single server on the loopback cannot be brought to show.
func TestDoctorOnNodes(t *testing.T) {
	good := session.Node{Version: "7.0.15", Policy: "noeviction", AppendOnly: true, AppendFsync: "always", MinReplicas: "0"}
	for name, row := range map[string]struct {
		change func(*session.Node)
		want   string
	}{
		"old":                {func(n *session.Node) { n.Version = "4.0.1" }, "fail  redis: version 4.0.1"},
		"replica":            {func(n *session.Node) { n.Replica = true }, "fail  redis: it is a replica"},
		"policy not told":    {func(n *session.Node) { n.Policy = "" }, "warn  redis: maxmemory-policy cannot be seen"},
		"fsync no":           {func(n *session.Node) { n.AppendFsync = "no" }, "fail  redis: appendonly is yes, appendfsync no"},
		"saving fails":       {func(n *session.Node) { n.Faults = []string{"rdb_last_bgsave_status is err"} }, "fail  redis: rdb_last_bgsave_status is err"},
		"failover may lose":  {func(n *session.Node) { n.Replicas = 2 }, "warn  redis: 2 replicas, min-replicas-to-write 0"},
		"failover not known": {func(n *session.Node) { n.Replicas, n.MinReplicas = 1, "" }, "warn  redis: 1 replicas; min-replicas-to-write cannot be seen"},
		"failover":           {func(n *session.Node) { n.Replicas, n.MinReplicas = 1, "1" }, "ok    redis: 1 replicas, min-replicas-to-write 1"},
	} {
		var out bytes.Buffer
		r := &report{out: &out}
		node := good
		row.change(&node)
		r.node(node)
		if !strings.Contains("\n"+out.String(), "\n"+row.want) || (r.failed > 0) != strings.HasPrefix(row.want, "fail") {
			t.Errorf("%s: %s is not said, %d failed:\n%s", name, row.want, r.failed, out.String())
		}
	}
}

// A channel looks at itself; it gets no records.
func TestDoctorAsksChannels(t *testing.T) {
	inEmptyFolder(t)
	var out bytes.Buffer
	m := Main{Stdout: &out, Stderr: &out, Now: time.Now, channels: func(_ *Config, s surroundings) ([]channel, error) {
		if s.db != nil || s.texts == nil || s.log == nil || s.metrics == nil || s.now == nil {
			t.Errorf("it gets %+v", s)
		}
		return []channel{{name: "pigeon", channel: bot.Channel(nil), doctor: func(_ context.Context, r *report) { r.fail("pigeon: it is asleep") }}}, nil
	}}
	if code := m.Run(t.Context(), []string{"doctor"}); code != 1 || !strings.Contains(out.String(), "fail  pigeon: it is asleep\n") {
		t.Errorf("exit %d:\n%s", code, out.String())
	}
}

// healthy tells a container's engine what /readyz says.
func TestHealthy(t *testing.T) {
	inEmptyFolder(t)
	s := serve(t, newPhone())
	t.Setenv("OPS_LISTEN", strings.TrimPrefix(s.page, "http://"))
	if out, _ := ok(t, "", "healthy"); out != "ready\n" {
		t.Errorf("it says %q", out)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(s.page, "http://"), ":")
	t.Setenv("OPS_LISTEN", ":"+port)
	ok(t, "", "healthy")
	s.end()
	if code, _, errs := run(t, "", "healthy"); code != 1 || !strings.Contains(errs, "no answer") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
