package session

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"sahabatrt/bot"
	"sahabatrt/store"
)

// SQL keeps conversations in the tables session_* of a store, on the store's clock. A lane whose Put or Done failed
// (ErrTooLarge excepted) has lost its claim and says no more: Due hands the chat out again.
type SQL struct {
	db       *store.DB
	seal     *store.Sealer
	log      *slog.Logger
	process  string
	boot     string
	due      string // the query, with a place for each channel
	channels []any
	held     held
}

var _ bot.Sessions = (*SQL)(nil)

// Options says who plays. Due is called before the first Accept, and then every second.
type Options struct {
	Process  string   // frees its own former claims when it starts again; "" takes a name that nobody has
	Channels []string // whose chats Due claims
	Log      *slog.Logger

	// Redis alone has these; both may be left out.
	Prefix string               // of all keys, without braces: several bots may share a Redis
	Ahead  func() time.Duration // how far the bot's clock is ahead of Redis, for tests that let days pass
}

// NewSQL returns the sessions of one process. The store stays open when they are closed.
func NewSQL(db *store.DB, o Options) *SQL {
	s := &SQL{db: db, seal: db.Sealer(), log: o.Log, process: o.Process, boot: uuid.Must(uuid.NewV7()).String()}
	if s.process == "" {
		s.process = s.boot
	}
	places := make([]string, len(o.Channels))
	for i, c := range o.Channels {
		places[i] = "$" + strconv.Itoa(i+5)
		s.channels = append(s.channels, c)
	}
	s.due = strings.Replace(sqlDue, "$channels", strings.Join(places, ","), 1)
	return s
}

// stored is a claimed chat as it lies in the tables, still sealed.
type stored struct {
	lease
	address, session, replies string
	tries                     int
	inbox                     []entry
}

// entry is one update in the inbox, its body sealed.
type entry struct{ id, body string }

// arrival is what came for one chat, and the claim on it when there is one.
type arrival struct {
	from    bot.Address
	lease   lease
	address string
	entries []entry
	claim   *stored
}

// Accept keeps the updates, all or none, and claims the chats that nobody plays.
func (s *SQL) Accept(ctx context.Context, in []bot.Update) ([]*bot.Claim, error) {
	var arrivals []*arrival
	for _, updates := range byChat(in) {
		a, err := s.arrive(updates)
		if err != nil {
			return nil, err
		}
		arrivals = append(arrivals, a)
	}
	for _, a := range arrivals {
		s.held.add(a.lease)
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		for _, a := range arrivals {
			if err := s.admit(tx, a); err != nil {
				return err
			}
		}
		return nil
	})
	var claims []*stored
	for _, a := range arrivals {
		if err != nil || a.claim == nil {
			s.held.drop(a.lease.token)
			continue
		}
		claims = append(claims, a.claim)
	}
	if err != nil {
		return nil, fmt.Errorf("accept updates: %w", err)
	}
	return s.openAll(claims), nil
}

// arrive seals the updates of one chat and makes the token that may claim it.
func (s *SQL) arrive(updates []bot.Update) (*arrival, error) {
	from := updates[0].From
	chat := s.seal.Index("session_chats.chat", from.Channel+"\x00"+from.ID)
	a := &arrival{from: from, lease: lease{chat: chat, token: rand.Text()}}
	var err error
	if a.address, err = sealJSON(s.seal, place("address", chat), from); err != nil {
		return nil, err
	}
	for _, u := range updates {
		body, err := sealJSON(s.seal, bodyPlace(chat, u.ID), u)
		if err != nil {
			return nil, err
		}
		a.entries = append(a.entries, entry{u.ID, body})
	}
	return a, nil
}

const (
	// The row is written first: its lock orders what follows against every other process. It counts all entries as new
	// and claims a free chat; admit takes back what was too much.
	sqlArrive = `INSERT INTO session_chats AS c (chat, channel, address, process, boot, token, waiting, seq, touched_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)
ON CONFLICT (chat) DO UPDATE SET
 waiting = c.waiting + excluded.waiting,
 seq = c.seq + excluded.seq,
 session = CASE WHEN c.token = '' AND c.waiting = 0 AND c.replies = '' AND c.expires_us <= excluded.touched_us THEN '' ELSE c.session END,
 process = CASE WHEN c.token = '' THEN excluded.process ELSE c.process END,
 boot = CASE WHEN c.token = '' THEN excluded.boot ELSE c.boot END,
 touched_us = CASE WHEN c.token = '' THEN excluded.touched_us ELSE c.touched_us END,
 token = CASE WHEN c.token = '' THEN excluded.token ELSE c.token END
RETURNING address, session, replies, token, turn, tries, waiting, flooded, seq`
	sqlAppend = `INSERT INTO session_inbox (chat, id, seq, state, body, at_us) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (chat, id) DO NOTHING`
	sqlAdjust = `UPDATE session_chats SET waiting = waiting - $2, flooded = $3 WHERE chat = $1`
	sqlLeave  = `UPDATE session_chats SET process = '', boot = '', token = '' WHERE chat = $1 AND token = $2`
)

// admit appends to one chat's inbox what it has not seen, and claims the chat when something is new and nobody plays it.
func (s *SQL) admit(tx *store.Tx, a *arrival) error {
	a.claim = nil
	now, n := tx.Now.UnixMicro(), int64(len(a.entries))
	c := stored{lease: a.lease}
	var token string
	var waiting, flooded, seq int64
	err := tx.QueryRow(sqlArrive, a.lease.chat, a.from.Channel, a.address, s.process, s.boot, a.lease.token, n, now).
		Scan(&c.address, &c.session, &c.replies, &token, &c.turn, &c.tries, &waiting, &flooded, &seq)
	if err != nil {
		return fmt.Errorf("enter a chat: %w", err)
	}
	in := inbox{s: s, tx: tx, arrival: a, waiting: waiting - n, flooded: flooded == 1}
	for i, e := range a.entries {
		if err := in.add(e, seq-n+int64(i)+1); err != nil {
			return fmt.Errorf("append to an inbox: %w", err)
		}
	}
	fresh := int64(len(in.fresh))
	if fresh != n || in.flooded != (flooded == 1) {
		if _, err := tx.Exec(sqlAdjust, a.lease.chat, n-fresh, bit(in.flooded)); err != nil {
			return fmt.Errorf("count an inbox: %w", err)
		}
	}
	if token != a.lease.token {
		return nil
	}
	if fresh == 0 {
		_, err := tx.Exec(sqlLeave, a.lease.chat, token)
		return err
	}
	c.inbox = in.fresh
	if in.waiting > 0 {
		if c.inbox, err = readInbox(tx, a.lease.chat); err != nil {
			return err
		}
	}
	a.claim = &c
	return nil
}

// inbox is one chat's inbox while updates are appended. What comes beyond bot.MaxInbox is remembered by its id and
// dropped, and one marker stands for all of it until it is played.
type inbox struct {
	s       *SQL
	tx      *store.Tx
	arrival *arrival
	waiting int64 // before
	flooded bool
	fresh   []entry
}

func (in *inbox) add(e entry, seq int64) error {
	if in.waiting+int64(len(in.fresh)) < bot.MaxInbox {
		added, err := in.insert(e, seq, "new")
		if added {
			in.fresh = append(in.fresh, e)
		}
		return err
	}
	added, err := in.insert(entry{id: e.id}, seq, "seen")
	if err != nil || !added || in.flooded {
		return err
	}
	in.flooded = true
	u := bot.Update{ID: "flood:" + strconv.FormatInt(seq, 10), From: in.arrival.from, Flood: true, At: in.tx.Now}
	body, err := sealJSON(in.s.seal, bodyPlace(in.arrival.lease.chat, u.ID), u)
	if err != nil {
		return err
	}
	marker := entry{u.ID, body}
	in.fresh = append(in.fresh, marker)
	_, err = in.insert(marker, seq, "new")
	return err
}

func (in *inbox) insert(e entry, seq int64, state string) (added bool, err error) {
	n, err := in.tx.Exec(sqlAppend, in.arrival.lease.chat, e.id, seq, state, e.body, in.tx.Now.UnixMicro())
	return n > 0, err
}

const sqlInbox = `SELECT id, body FROM session_inbox WHERE chat = $1 AND state = 'new' ORDER BY seq`

func readInbox(tx *store.Tx, chat string) ([]entry, error) {
	rows, err := tx.Query(sqlInbox, chat)
	if err != nil {
		return nil, fmt.Errorf("read an inbox: %w", err)
	}
	defer rows.Close()
	var out []entry
	for rows.Next() {
		var e entry
		if err := rows.Scan(&e.id, &e.body); err != nil {
			return nil, fmt.Errorf("read an inbox: %w", err)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

const (
	sqlPut = `UPDATE session_chats SET session = $4, draft = $5, replies = $6, turn = turn + 1, tries = 0, waiting = waiting - 1,
 flooded = CASE WHEN $7 = 1 THEN 0 ELSE flooded END
WHERE chat = $1 AND token = $2 AND turn = $3`
	sqlWasPut = `SELECT COUNT(*) FROM session_chats WHERE chat = $1 AND token = $2 AND turn = $3`
	sqlPlayed = `UPDATE session_inbox SET state = $3, body = CASE WHEN $3 = 'aside' THEN body ELSE '' END WHERE chat = $1 AND id = $2`
)

// Put keeps what the first update of the inbox led to. ErrTooLarge: nothing was kept, the claim holds.
func (s *SQL) Put(ctx context.Context, c *bot.Claim, o bot.Outcome) error {
	if len(o.Session) > bot.MaxSession {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(o.Session))
	}
	l := c.Lease.(lease)
	if err := s.put(ctx, l, c.Inbox[0], o); err != nil {
		s.held.drop(l.token)
		return fmt.Errorf("keep an outcome: %w", err)
	}
	l.turn++
	c.Session, c.Replies, c.Inbox, c.Tries, c.Lease = o.Session, o.Replies, c.Inbox[1:], 0, l
	return nil
}

func (s *SQL) put(ctx context.Context, l lease, u bot.Update, o bot.Outcome) error {
	session, err := s.seal.Seal(place("session", l.chat), o.Session)
	if err != nil {
		return err
	}
	replies, err := sealReplies(s.seal, place("replies", l.chat), o.Replies)
	if err != nil {
		return err
	}
	state := "seen"
	if o.Aside {
		state = "aside"
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(sqlPut, l.chat, l.token, l.turn, session, bit(o.Draft), replies, bit(u.Flood))
		if err != nil {
			return err
		}
		if n == 0 {
			return wasPut(tx, l)
		}
		_, err = tx.Exec(sqlPlayed, l.chat, u.ID, state)
		return err
	})
}

// wasPut tells a repeated Put, whose turn is the last one played under the same token, from a lost claim.
func wasPut(tx *store.Tx, l lease) error {
	var n int
	if err := tx.QueryRow(sqlWasPut, l.chat, l.token, l.turn+1).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return bot.ErrClaimLost
	}
	return nil
}

const (
	sqlSent = `UPDATE session_chats SET replies = $3 WHERE chat = $1 AND token = $2`
	// What waits is judged by the row itself: a look into the inbox could miss what another process appends at this moment.
	sqlFree = `UPDATE session_chats SET replies = '', process = '', boot = '', token = '', touched_us = $3,
 expires_us = CASE WHEN draft = 1 THEN CAST($4 AS BIGINT) ELSE CAST($5 AS BIGINT) END
WHERE chat = $1 AND token = $2 AND waiting = 0`
)

// Done forgets the first replies. When none remain and the inbox is empty it frees the chat, or takes in what came meanwhile.
func (s *SQL) Done(ctx context.Context, c *bot.Claim, sent int) (more bool, err error) {
	if len(c.Replies) == 0 && len(c.Inbox) > 0 {
		return true, nil // nothing to forget, and more to play
	}
	l, rest := c.Lease.(lease), c.Replies[sent:]
	free := false
	if len(rest) == 0 && len(c.Inbox) == 0 {
		c.Inbox, free, err = s.freeOrGoOn(ctx, l)
	} else {
		err = s.sent(ctx, l, rest)
	}
	if err != nil || free {
		s.held.drop(l.token)
	}
	if err != nil {
		return false, fmt.Errorf("forget delivered replies: %w", err)
	}
	c.Replies = rest
	return !free, nil
}

func (s *SQL) sent(ctx context.Context, l lease, rest []bot.Message) error {
	replies, err := sealReplies(s.seal, place("replies", l.chat), rest)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error { return keepReplies(tx, l, replies) })
}

func keepReplies(tx *store.Tx, l lease, replies string) error {
	n, err := tx.Exec(sqlSent, l.chat, l.token, replies)
	if err == nil && n == 0 {
		err = bot.ErrClaimLost
	}
	return err
}

// freeOrGoOn frees a chat whose replies are all delivered, or returns what came in since the claim last looked.
func (s *SQL) freeOrGoOn(ctx context.Context, l lease) (came []bot.Update, free bool, err error) {
	var entries []entry
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(sqlFree, l.chat, l.token, tx.Now.UnixMicro(), tx.Now.Add(keepDraft).UnixMicro(), tx.Now.Add(keepPlain).UnixMicro())
		free, entries = n > 0, nil
		if err != nil || free {
			return err
		}
		if err := keepReplies(tx, l, ""); err != nil {
			return err
		}
		entries, err = readInbox(tx, l.chat)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	came, err = s.openInbox(l.chat, entries)
	return came, free, err
}

const (
	sqlBeat = `INSERT INTO session_processes AS p (name, boot, until_us) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET boot = excluded.boot, until_us = excluded.until_us WHERE p.boot <= excluded.boot`
	// All that is not at rest and not played by another living process. This process's own are looked at one by one.
	sqlDue = `SELECT c.chat, c.token FROM session_chats c
LEFT JOIN session_processes p ON p.name = c.process AND p.boot = c.boot AND p.until_us > $1
WHERE (c.token <> '' OR c.waiting > 0 OR c.replies <> '') AND c.channel IN ($channels) AND (p.name IS NULL OR (p.name = $2 AND p.boot = $3))
ORDER BY c.touched_us LIMIT $4`
	// A chat that was given back is not a try: only what disappeared with its claim counts.
	sqlTake = `UPDATE session_chats SET process = $3, boot = $4, token = $5, touched_us = $6,
 tries = tries + CASE WHEN token <> '' AND waiting > 0 AND replies = '' THEN 1 ELSE 0 END
WHERE chat = $1 AND token = $2 RETURNING address, session, replies, turn, tries`
)

// Due says that this process lives, and claims up to n chats of its channels that nobody alive plays, the longest
// waiting first. bot.ErrReplaced: this process must stop.
func (s *SQL) Due(ctx context.Context, n int) ([]*bot.Claim, error) {
	var taken []*stored
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		s.dropAll(taken)
		taken = nil
		beaten, err := tx.Exec(sqlBeat, s.process, s.boot, tx.Now.Add(alive).UnixMicro())
		if err != nil {
			return err
		}
		if beaten == 0 {
			return bot.ErrReplaced
		}
		if n == 0 {
			return nil
		}
		if err := tidy(tx); err != nil {
			return err
		}
		free, err := s.unplayed(tx, n)
		if err != nil {
			return err
		}
		for _, l := range free {
			c, ok, err := s.take(tx, l)
			if err != nil {
				return err
			}
			if ok {
				taken = append(taken, c)
			}
		}
		return nil
	})
	if err != nil {
		s.dropAll(taken)
		return nil, fmt.Errorf("look for chats that are due: %w", err)
	}
	return s.openAll(taken), nil
}

func (s *SQL) dropAll(claims []*stored) {
	for _, c := range claims {
		s.held.drop(c.token)
	}
}

// unplayed lists up to n chats that nobody alive plays, each with the token that it carries.
func (s *SQL) unplayed(tx *store.Tx, n int) ([]lease, error) {
	if len(s.channels) == 0 {
		return nil, nil
	}
	args := append([]any{tx.Now.UnixMicro(), s.process, s.boot, n + s.held.count()}, s.channels...)
	rows, err := tx.Query(s.due, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []lease
	for rows.Next() && len(out) < n {
		var l lease
		if err := rows.Scan(&l.chat, &l.token); err != nil {
			return nil, err
		}
		if !s.held.has(l.token) {
			out = append(out, l)
		}
	}
	return out, rows.Err()
}

// take claims a chat for this process, unless another was quicker.
func (s *SQL) take(tx *store.Tx, l lease) (c *stored, ok bool, err error) {
	c = &stored{lease: lease{chat: l.chat, token: rand.Text()}}
	s.held.add(c.lease)
	err = tx.QueryRow(sqlTake, l.chat, l.token, s.process, s.boot, c.token, tx.Now.UnixMicro()).
		Scan(&c.address, &c.session, &c.replies, &c.turn, &c.tries)
	if err == nil {
		c.inbox, err = readInbox(tx, l.chat)
	}
	if err == nil {
		return c, true, nil
	}
	s.held.drop(c.token)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return nil, false, err
}

const (
	sqlTidyChats = `DELETE FROM session_chats WHERE chat IN
(SELECT chat FROM session_chats WHERE token = '' AND waiting = 0 AND replies = '' AND expires_us <= $1 LIMIT 500)`
	sqlTidyInbox = `DELETE FROM session_inbox WHERE (chat, id) IN
(SELECT chat, id FROM session_inbox WHERE state <> 'new' AND state = $1 AND at_us <= $2 LIMIT 500)`
	sqlTidyProcesses = `DELETE FROM session_processes WHERE until_us <= $1`
)

// tidy deletes what has had its time, a little at every call.
func tidy(tx *store.Tx) error {
	_, err := tx.Exec(sqlTidyChats, tx.Now.UnixMicro())
	if err == nil {
		_, err = tx.Exec(sqlTidyInbox, "seen", tx.Now.Add(-keepSeen).UnixMicro())
	}
	if err == nil {
		_, err = tx.Exec(sqlTidyInbox, "aside", tx.Now.Add(-keepAside).UnixMicro())
	}
	if err == nil {
		_, err = tx.Exec(sqlTidyProcesses, tx.Now.Add(-keepSilent).UnixMicro())
	}
	return err
}

const (
	sqlGiveBack = `UPDATE session_chats SET process = '', boot = '', token = '', touched_us = $3,
 expires_us = CASE WHEN draft = 1 THEN CAST($4 AS BIGINT) ELSE CAST($5 AS BIGINT) END
WHERE process = $1 AND boot = $2 AND (token <> '' OR waiting > 0 OR replies <> '')`
	sqlLeaveProcess = `DELETE FROM session_processes WHERE name = $1 AND boot = $2`
)

// Close gives all claims back, for others to take at once. Lanes must have ended: what they still do is refused.
func (s *SQL) Close(ctx context.Context) error {
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(sqlGiveBack, s.process, s.boot, tx.Now.UnixMicro(), tx.Now.Add(keepDraft).UnixMicro(), tx.Now.Add(keepPlain).UnixMicro())
		if err != nil {
			return err
		}
		_, err = tx.Exec(sqlLeaveProcess, s.process, s.boot)
		return err
	})
	if err != nil {
		return fmt.Errorf("give claims back: %w", err)
	}
	return nil
}

// openAll opens claimed chats. One that does not open is left to the next Due: the others must not wait for it.
func (s *SQL) openAll(in []*stored) []*bot.Claim {
	var out []*bot.Claim
	for _, c := range in {
		claim, err := s.open(c)
		if err != nil {
			s.held.drop(c.token)
			s.log.Error("a chat does not open", "chat", c.chat, "error", err)
			continue
		}
		out = append(out, claim)
	}
	return out
}

func (s *SQL) open(c *stored) (*bot.Claim, error) {
	claim := &bot.Claim{Tries: c.tries, Lease: c.lease}
	if err := openJSON(s.seal, place("address", c.chat), c.address, &claim.Addr); err != nil {
		return nil, err
	}
	var err error
	if c.session != "" {
		if claim.Session, err = s.seal.Open(place("session", c.chat), c.session); err != nil {
			return nil, fmt.Errorf("session: %w", err)
		}
	}
	if c.replies != "" {
		if err := openJSON(s.seal, place("replies", c.chat), c.replies, &claim.Replies); err != nil {
			return nil, err
		}
	}
	claim.Inbox, err = s.openInbox(c.chat, c.inbox)
	return claim, err
}

func (s *SQL) openInbox(chat string, in []entry) ([]bot.Update, error) {
	var out []bot.Update
	for _, e := range in {
		var u bot.Update
		if err := openJSON(s.seal, bodyPlace(chat, e.id), e.body, &u); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

// place names the one column of one chat where a sealed value belongs.
func place(column, chat string) string { return "session_chats." + column + "." + chat }

func bodyPlace(chat, id string) string { return "session_inbox.body." + chat + "." + id }

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
