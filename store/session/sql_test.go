package session

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/bot/bottest"
	"sahabatrt/store"
	"sahabatrt/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func openStore(t testing.TB, now func() time.Time) *store.DB {
	t.Helper()
	open := func(address string) (*store.DB, error) {
		return store.Open(t.Context(), store.Options{URL: address, Key: make([]byte, 32), Now: now, Log: slog.New(slog.DiscardHandler)})
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

func start(db *store.DB, process string) *SQL {
	return NewSQL(db, Options{Process: process, Channels: []string{"terminal"}, Log: slog.New(slog.DiscardHandler)})
}

func noon() time.Time { return time.Date(2026, 11, 2, 5, 0, 0, 0, time.UTC) }

func TestSQL(t *testing.T) {
	bottest.Sessions(t, func(t *testing.T, now func() time.Time) bottest.Start {
		db := openStore(t, now)
		return func(process string, channels ...string) bot.Sessions {
			return NewSQL(db, Options{Process: process, Channels: channels, Log: slog.New(slog.DiscardHandler)})
		}
	})
}

// An answer of Accept that got lost leaves a claim that no lane has.
func TestClaimThatNobodyHolds(t *testing.T) {
	s := start(openStore(t, noon), "a")
	claims, err := s.Accept(t.Context(), []bot.Update{{ID: "1", From: bot.Address{Channel: "terminal", ID: "1"}}})
	if err != nil || len(claims) != 1 {
		t.Fatalf("%d claims, %v", len(claims), err)
	}
	if due, err := s.Due(t.Context(), 8); err != nil || len(due) != 0 {
		t.Fatalf("while it is held: %d due, %v", len(due), err)
	}
	s.held.drop(claims[0].Lease.(lease).token)
	if due, err := s.Due(t.Context(), 8); err != nil || len(due) != 1 {
		t.Fatalf("when nobody holds it: %d due, %v", len(due), err)
	}
}

// Tokens that no lane has any more must not stay: Due asks for one more row for each.
func TestHeldTokensEndWithTheirClaims(t *testing.T) {
	s := start(openStore(t, noon), "a")
	from := bot.Address{Channel: "terminal", ID: "1"}
	claims, err := s.Accept(t.Context(), []bot.Update{{ID: "1", From: from}})
	if err != nil {
		t.Fatal(err)
	}
	s.Accept(t.Context(), []bot.Update{{ID: "1", From: from}})
	s.Accept(t.Context(), []bot.Update{{ID: "2", From: from}})
	c := claims[0]
	for more := true; more; {
		if err := s.Put(t.Context(), c, bot.Outcome{}); err != nil {
			t.Fatal(err)
		}
		if more, err = s.Done(t.Context(), c, 0); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.held.count(); n != 0 {
		t.Errorf("%d tokens are held, want none", n)
	}
}

// One chat that does not open must not stop the others.
func TestDamagedChatIsSkipped(t *testing.T) {
	db := openStore(t, noon)
	s := start(db, "a")
	var in []bot.Update
	for _, chat := range []string{"good", "bad"} {
		in = append(in, bot.Update{ID: "1", From: bot.Address{Channel: "terminal", ID: chat}})
	}
	claims, err := s.Accept(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE session_inbox SET body = 'x' WHERE chat = $1`, claims[1].Lease.(lease).chat)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	due, err := start(db, "a").Due(t.Context(), 8)
	if err != nil || len(due) != 1 || due[0].Addr.ID != "good" {
		t.Fatalf("%d due, %v", len(due), err)
	}
}

// Nothing that a person wrote, was told, or is reached by lies in the tables in clear.
func TestSealed(t *testing.T) {
	db := openStore(t, noon)
	s := start(db, "a")
	from := bot.Address{Channel: "terminal", ID: "SECRET-address"}
	claims, err := s.Accept(t.Context(), []bot.Update{{ID: "1", From: from, Text: "SECRET-played"}, {ID: "2", From: from, Text: "SECRET-aside"}, {ID: "3", From: from, Text: "SECRET-waiting"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, aside := range []bool{false, true} {
		o := bot.Outcome{Session: []byte("SECRET-session"), Replies: []bot.Message{{To: from, Text: "SECRET-reply"}}, Aside: aside}
		if err := s.Put(t.Context(), claims[0], o); err != nil {
			t.Fatal(err)
		}
	}
	if all := dump(t, db); strings.Contains(all, "SECRET") {
		t.Error("a value lies in clear")
	} else if !strings.Contains(all, "aside") {
		t.Error("the dump shows nothing")
	}
}

// What was played is remembered by its id alone; what was set aside keeps its content for the operator.
func TestOnlyAsideKeepsItsBody(t *testing.T) {
	db := openStore(t, noon)
	s := start(db, "a")
	from := bot.Address{Channel: "terminal", ID: "1"}
	claims, err := s.Accept(t.Context(), []bot.Update{{ID: "played", From: from}, {ID: "aside", From: from}})
	if err != nil {
		t.Fatal(err)
	}
	for _, aside := range []bool{false, true} {
		if err := s.Put(t.Context(), claims[0], bot.Outcome{Aside: aside}); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[string]bool{"played": false, "aside": true} {
		var body string
		if err := db.View(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT body FROM session_inbox WHERE id = $1`, id).Scan(&body)
		}); err != nil {
			t.Fatal(err)
		}
		if (body != "") != want {
			t.Errorf("%s keeps its body: %v, want %v", id, !want, want)
		}
	}
}

// A sealed value opens only where it was sealed: one chat's session moved to another's row is refused.
func TestSealedForItsChat(t *testing.T) {
	db := openStore(t, noon)
	s := start(db, "a")
	for _, chat := range []string{"1", "2"} {
		claims, err := s.Accept(t.Context(), []bot.Update{{ID: "1", From: bot.Address{Channel: "terminal", ID: chat}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Put(t.Context(), claims[0], bot.Outcome{Session: []byte(chat)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE session_chats SET session = (SELECT MIN(session) FROM session_chats)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	due, err := start(db, "a").Due(t.Context(), 8)
	if err != nil || len(due) != 1 {
		t.Fatalf("%d chats open, want the one whose session it is; %v", len(due), err)
	}
}

// What has had its time is deleted; what waits never is.
func TestTidy(t *testing.T) {
	now := noon()
	db := openStore(t, func() time.Time { return now })
	s := start(db, "a")
	play := func(id string, aside bool) {
		claims, err := s.Accept(t.Context(), []bot.Update{{ID: id, From: bot.Address{Channel: "terminal", ID: "1"}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Put(t.Context(), claims[0], bot.Outcome{Aside: aside}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Done(t.Context(), claims[0], 0); err != nil {
			t.Fatal(err)
		}
	}
	play("1", false)
	play("2", true)
	start(db, "gone").Due(t.Context(), 0)
	s.Accept(t.Context(), []bot.Update{{ID: "1", From: bot.Address{Channel: "terminal", ID: "waiting"}}})
	for _, row := range []struct {
		after                   time.Duration
		chats, inbox, processes int
	}{
		{0, 2, 3, 2},
		{24 * time.Hour, 1, 3, 2},
		{25 * time.Hour, 1, 3, 1},
		{7 * 24 * time.Hour, 1, 2, 1},
		{30 * 24 * time.Hour, 1, 1, 1},
	} {
		now = noon().Add(row.after)
		for range 2 { // the second finds the process's own heartbeat anew
			if _, err := s.Due(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		for table, want := range map[string]int{"session_chats": row.chats, "session_inbox": row.inbox, "session_processes": row.processes} {
			if got := count(t, db, table); got != want {
				t.Errorf("after %v: %d rows in %s, want %d", row.after, got, table, want)
			}
		}
	}
}

// Due runs every second beside everything else: it must not read chats that are at rest.
func TestDueReadsItsIndex(t *testing.T) {
	if storetest.OnPostgres() {
		t.Skip("PostgreSQL reads a small table whole")
	}
	db := openStore(t, noon)
	s := start(db, "a")
	for name, query := range map[string]string{
		"session_chats_due":  s.due,
		"session_chats_idle": sqlTidyChats,
		"session_inbox_old":  sqlTidyInbox,
		"session_inbox_new":  sqlInbox,
	} {
		var plan strings.Builder
		err := db.View(t.Context(), func(tx *store.Tx) error {
			args := []any{"a", "b", "c", "d", "e"}[:strings.Count(query, "$")]
			rows, err := tx.Query("EXPLAIN QUERY PLAN "+query, args...)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var id, parent, unused int
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					return err
				}
				plan.WriteString(detail + "\n")
			}
			return rows.Err()
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(plan.String(), name) {
			t.Errorf("%s is not used:\n%s", name, plan.String())
		}
	}
}

func count(t *testing.T, db *store.DB, table string) (n int) {
	t.Helper()
	if err := db.View(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func dump(t *testing.T, db *store.DB) string {
	t.Helper()
	var out strings.Builder
	err := db.View(t.Context(), func(tx *store.Tx) error {
		for _, query := range []string{
			`SELECT chat||channel||address||session||replies||process FROM session_chats`,
			`SELECT chat||id||state||body FROM session_inbox`,
		} {
			rows, err := tx.Query(query)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var line string
				if err := rows.Scan(&line); err != nil {
					return err
				}
				out.WriteString(line + "\n")
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}
