package session

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"sahabatrt/bot"
	"sahabatrt/store"
)

// Redis keeps conversations in Redis, on its clock. All that belongs to one chat lies in one of 64 slots: the chat itself
// rt:{07}:c:<hmac>, the index rt:{07}:due:<channel> of what somebody must look at and when, the processes that live
// rt:{07}:alive, and the updates set aside rt:{07}:aside, each behind Options.Prefix. The slots are never renamed: records
// under way lie in them.
//
// A chat is a hash: c token of who plays it, v turn, t tries, s session, f whether it holds a draft, r replies, q inbox,
// n its length, x whether it holds the marker of a flood, i ids seen, a address, e when the session expires, d who freed it
// last. s, r, a and each update in q are sealed for this chat.
//
// A lane whose Put or Done failed (ErrTooLarge excepted) has lost its claim and says no more: Due hands the chat out again.
type Redis struct {
	pipe     pipe
	seal     *store.Sealer
	log      *slog.Logger
	process  string
	boot     string
	channels []string
	held     held
	scripts  scripts
	prefix   string
	ahead    func() time.Duration // nil: no script takes a time
}

var _ bot.Sessions = (*Redis)(nil)

const (
	slots    = 64
	seenIDs  = 200 // remembered of each chat: an inbox, and as many that were dropped
	idBytes  = 8   // of a seen id's keyed hash
	maxAside = 999 // updates set aside in each slot
)

// NewRedis returns the sessions of one process. The client stays open when they are closed.
func NewRedis(db redis.UniversalClient, seal *store.Sealer, o Options) *Redis {
	r := &Redis{
		pipe: pipe{db: db}, seal: seal, log: o.Log, channels: o.Channels, scripts: scriptsOn(luaNow),
		process: o.Process, boot: uuid.Must(uuid.NewV7()).String(), prefix: o.Prefix, ahead: o.Ahead,
	}
	if r.ahead != nil {
		r.scripts = scriptsOn(luaNow + luaAhead)
	}
	if r.process == "" {
		r.process = r.boot
	}
	return r
}

var (
	//go:embed lua/now.lua
	luaNow string
	//go:embed lua/rest.lua
	luaRest string
	//go:embed lua/accept.lua
	luaAccept string
	//go:embed lua/put.lua
	luaPut string
	//go:embed lua/done.lua
	luaDone string
	//go:embed lua/give.lua
	luaGive string
	//go:embed lua/beat.lua
	luaBeat string
	//go:embed lua/take.lua
	luaTake string
	//go:embed lua/leave.lua
	luaLeave string
)

// luaAhead is another clock: scripts take how far it is ahead of Redis as their last argument.
const luaAhead = "now = now + table.remove(ARGV)\n"

// scripts give the same answer to the same token and turn: the client repeats them when an answer got lost.
type scripts struct{ accept, put, done, give, beat, take, leave *redis.Script }

func scriptsOn(clock string) scripts {
	return scripts{
		accept: redis.NewScript(clock + luaAccept),
		put:    redis.NewScript(clock + luaPut),
		done:   redis.NewScript(clock + luaRest + luaDone),
		give:   redis.NewScript(clock + luaRest + luaGive),
		beat:   redis.NewScript(clock + luaBeat),
		take:   redis.NewScript(clock + luaTake),
		leave:  redis.NewScript(clock + luaLeave),
	}
}

func (r *Redis) call(s *redis.Script, keys []string, args ...any) *call {
	if r.ahead != nil {
		args = append(args, r.ahead().Microseconds())
	}
	return &call{script: s, keys: keys, args: args}
}

// slot begins the keys of one slot.
func (r *Redis) slot(n int) string { return fmt.Sprintf("%srt:{%02d}:", r.prefix, n) }

// beside is another key of the slot that a chat is in.
func (r *Redis) beside(chat, name string) string { return chat[:len(r.prefix)+len("rt:{00}:")] + name }

const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// chat is the key of an address and the index that it stands in; its slot is the first six bits of its keyed hash.
func (r *Redis) chat(a bot.Address) lease {
	hash := r.seal.Index("session.chat", a.Channel+"\x00"+a.ID)
	slot := r.slot(strings.IndexByte(base64URL, hash[0]))
	return lease{chat: slot + "c:" + hash, due: slot + "due:" + a.Channel, token: r.token()}
}

// token names a claim and who made it.
func (r *Redis) token() string { return r.boot + "|" + rand.Text() + "|" + r.process }

// letter is what came for one chat.
type letter struct {
	lease
	from    bot.Address
	updates []bot.Update
	call    *call
}

// Accept keeps the updates, chat by chat, and claims the chats that nobody plays. Beside an error some chats may be kept.
func (r *Redis) Accept(ctx context.Context, in []bot.Update) ([]*bot.Claim, error) {
	var letters []*letter
	var calls []*call
	for _, updates := range byChat(in) {
		l, err := r.letter(updates)
		if err != nil {
			return nil, fmt.Errorf("accept updates: %w", err)
		}
		letters, calls = append(letters, l), append(calls, l.call)
	}
	for _, l := range letters {
		r.held.add(l.lease)
	}
	if err := r.pipe.do(ctx, calls...); err != nil {
		for _, l := range letters {
			r.held.drop(l.token)
		}
		return nil, fmt.Errorf("accept updates: %w", err)
	}
	var claims []*bot.Claim
	var errs error
	for _, l := range letters {
		c, err := r.accepted(l)
		if c == nil {
			r.held.drop(l.token)
			errs = errors.Join(errs, err)
			continue
		}
		claims = append(claims, c)
	}
	if errs != nil {
		return claims, fmt.Errorf("accept updates: %w", errs)
	}
	return claims, nil
}

// letter seals the updates of one chat and makes the token that may claim it.
func (r *Redis) letter(updates []bot.Update) (*letter, error) {
	l := &letter{lease: r.chat(updates[0].From), from: updates[0].From, updates: updates}
	address, err := sealJSON(r.seal, r.place("address", l.chat), l.from)
	if err != nil {
		return nil, err
	}
	args := append(make([]any, 0, 5+2*len(updates)), l.token, address, bot.MaxInbox, seenIDs*(idBytes+1))
	for _, u := range updates {
		body, err := sealJSON(r.seal, r.place("update", l.chat), u)
		if err != nil {
			return nil, err
		}
		args = append(args, r.seal.Index("session.update", u.ID)[:idBytes], frame(body))
	}
	l.call = r.call(r.scripts.accept, []string{l.chat, l.due}, args...)
	return l, nil
}

// accepted reads the answer: no claim and no error for a chat that somebody plays, or that has seen it all. One that does
// not open is kept all the same and left to Due: the others must not wait for it.
func (r *Redis) accepted(l *letter) (*bot.Claim, error) {
	answer, err := l.call.result.Slice()
	if err != nil || number(answer[0]) == 0 {
		return nil, err
	}
	c, err := r.open(l.lease, l.from, answer)
	if err != nil {
		r.log.Error("a chat does not open", "chat", l.chat, "err", err)
		return nil, nil
	}
	for _, i := range answer[7:] {
		c.Inbox = append(c.Inbox, l.updates[number(i)])
	}
	if marker := text(answer[6]); marker != "" {
		c.Inbox = append(c.Inbox, flood(l.from, marker))
	}
	return c, nil
}

// open makes a claim of {1, session, replies, turn, tries, inbox, …}.
func (r *Redis) open(l lease, from bot.Address, answer []any) (*bot.Claim, error) {
	l.turn = number(answer[3])
	c := &bot.Claim{Addr: from, Tries: int(number(answer[4])), Lease: l}
	var err error
	if session := text(answer[1]); session != "" {
		if c.Session, err = r.seal.Open(r.place("session", l.chat), session); err != nil {
			return nil, fmt.Errorf("session: %w", err)
		}
	}
	if replies := text(answer[2]); replies != "" {
		if err := openJSON(r.seal, r.place("replies", l.chat), replies, &c.Replies); err != nil {
			return nil, err
		}
	}
	c.Inbox, err = r.openInbox(l, from, text(answer[5]))
	return c, err
}

// openInbox reads sealed updates, one behind the other, each behind its length.
func (r *Redis) openInbox(l lease, from bot.Address, inbox string) ([]bot.Update, error) {
	var out []bot.Update
	for len(inbox) > 0 {
		if len(inbox) < 4 {
			return nil, errors.New("an inbox is cut off")
		}
		end := 4 + int(binary.BigEndian.Uint32([]byte(inbox)))
		if len(inbox) < end {
			return nil, errors.New("an inbox is cut off")
		}
		body := inbox[4:end]
		inbox = inbox[end:]
		if strings.HasPrefix(body, "!") {
			out = append(out, flood(from, body))
			continue
		}
		var u bot.Update
		if err := openJSON(r.seal, r.place("update", l.chat), body, &u); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

// flood is what a marker ("!" and the microsecond when an inbox was full) stands for.
func flood(from bot.Address, marker string) bot.Update {
	return bot.Update{ID: "flood:" + marker[1:], From: from, Flood: true, At: time.UnixMicro(number(marker[1:])).UTC()}
}

func frame(body string) string {
	return string(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))) + body
}

// Put keeps what the first update of the inbox led to. ErrTooLarge: nothing was kept, the claim holds.
func (r *Redis) Put(ctx context.Context, c *bot.Claim, o bot.Outcome) error {
	if len(o.Session) > bot.MaxSession {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(o.Session))
	}
	l := c.Lease.(lease)
	if err := r.put(ctx, l, c.Tries, o); err != nil {
		r.held.drop(l.token)
		return fmt.Errorf("keep an outcome: %w", err)
	}
	l.turn++
	c.Session, c.Replies, c.Inbox, c.Tries, c.Lease = o.Session, o.Replies, c.Inbox[1:], 0, l
	return nil
}

func (r *Redis) put(ctx context.Context, l lease, tries int, o bot.Outcome) (err error) {
	session, reason := "", ""
	if len(o.Session) > 0 {
		if session, err = r.seal.Seal(r.place("session", l.chat), o.Session); err != nil {
			return err
		}
	}
	replies, err := sealReplies(r.seal, r.place("replies", l.chat), o.Replies)
	if err != nil {
		return err
	}
	if o.Aside {
		reason = fmt.Sprintf("not played; taken up %d times before by processes that died", tries)
	}
	call := r.call(r.scripts.put, []string{l.chat, r.beside(l.chat, "aside")},
		l.token, l.turn, session, replies, bit(o.Draft), reason, maxAside, keepAside.Milliseconds())
	if err := r.pipe.do(ctx, call); err != nil {
		return err
	}
	kept, err := call.result.Int64()
	if err == nil && kept < 0 {
		err = bot.ErrClaimLost
	}
	return err
}

// Done forgets the first replies. When none remain and the inbox is empty it frees the chat, or takes in what came meanwhile.
func (r *Redis) Done(ctx context.Context, c *bot.Claim, sent int) (more bool, err error) {
	if len(c.Replies) == 0 && len(c.Inbox) > 0 {
		return true, nil // nothing to forget, and more to play
	}
	l, rest := c.Lease.(lease), c.Replies[sent:]
	came, free, err := r.done(ctx, c, l, rest)
	if err != nil || free {
		r.held.drop(l.token)
	}
	if err != nil {
		return false, fmt.Errorf("forget delivered replies: %w", err)
	}
	c.Replies, c.Inbox = rest, append(c.Inbox, came...)
	return !free, nil
}

func (r *Redis) done(ctx context.Context, c *bot.Claim, l lease, rest []bot.Message) (came []bot.Update, free bool, err error) {
	replies, err := sealReplies(r.seal, r.place("replies", l.chat), rest)
	if err != nil {
		return nil, false, err
	}
	last := bit(len(rest) == 0 && len(c.Inbox) == 0)
	call := r.call(r.scripts.done, []string{l.chat, l.due}, append([]any{l.token, l.turn, replies, last}, resting...)...)
	if err := r.pipe.do(ctx, call); err != nil {
		return nil, false, err
	}
	answer, err := call.result.Slice()
	if err != nil {
		return nil, false, err
	}
	switch number(answer[0]) {
	case -1:
		return nil, false, bot.ErrClaimLost
	case 0:
		return nil, true, nil
	}
	came, err = r.openInbox(l, c.Addr, text(answer[1]))
	return came, false, err
}

// resting is how long a chat at rest is kept: its session in microseconds, without and with a draft; its seen ids in milliseconds.
var resting = []any{keepPlain.Microseconds(), keepDraft.Microseconds(), keepSeen.Milliseconds()}

// candidate is a chat that stands in an index of what is due.
type candidate struct {
	lease
	since  float64
	nobody string // a token of this process that is known to be held by no lane
}

// Due says that this process lives, and claims up to n chats of its channels that nobody alive plays, the longest
// waiting first. bot.ErrReplaced: this process must stop.
func (r *Redis) Due(ctx context.Context, n int) ([]*bot.Claim, error) {
	found, err := r.beat(ctx, n)
	if errors.Is(err, bot.ErrReplaced) {
		return nil, fmt.Errorf("look for chats that are due: %w", err)
	}
	var claims []*bot.Claim
	for len(found) > 0 && len(claims) < n {
		some := found[:min(n-len(claims), len(found))]
		found = found[len(some):]
		taken, takeErr := r.take(ctx, some)
		claims, err = append(claims, taken...), errors.Join(err, takeErr)
	}
	if err != nil && len(claims) == 0 {
		return nil, fmt.Errorf("look for chats that are due: %w", err)
	}
	if err != nil { // those that were claimed are played all the same
		r.log.Error("not all chats that are due were found", "err", err)
	}
	return claims, nil
}

// beat writes the heartbeat in every slot and lists what is due there, the longest waiting first. Of each slot it asks for
// more than its share: some are played by the living, and are moved to the end when they are looked at.
func (r *Redis) beat(ctx context.Context, n int) ([]candidate, error) {
	most := 0
	if n > 0 {
		most = 8 + 2*n/slots
	}
	calls := make([]*call, slots)
	for i := range calls {
		keys := []string{r.slot(i) + "alive"}
		for _, c := range r.channels {
			keys = append(keys, r.slot(i)+"due:"+c)
		}
		calls[i] = r.call(r.scripts.beat, keys, r.process, r.boot, alive.Microseconds(), most, keepSilent.Microseconds())
	}
	if err := r.pipe.do(ctx, calls...); err != nil {
		return nil, err
	}
	var found []candidate
	var errs error
	for _, call := range calls {
		answer, err := call.result.Slice()
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		if number(answer[0]) < 0 {
			return nil, bot.ErrReplaced
		}
		for i, index := range answer[1:] {
			for pair := range slices.Chunk(index.([]any), 2) {
				since, _ := strconv.ParseFloat(text(pair[1]), 64) // a score is a number
				found = append(found, candidate{lease: lease{chat: text(pair[0]), due: call.keys[i+1]}, since: since})
			}
		}
	}
	slices.SortFunc(found, func(a, b candidate) int { return cmp.Compare(a.since, b.since) })
	return found, errs
}

// take claims those that nobody alive plays. One that this process plays by a token that nobody holds is taken in a second
// round: the answer that said so was lost.
func (r *Redis) take(ctx context.Context, some []candidate) ([]*bot.Claim, error) {
	claims, orphans, err := r.takeOnce(ctx, some)
	if len(orphans) == 0 {
		return claims, err
	}
	more, _, again := r.takeOnce(ctx, orphans)
	return append(claims, more...), errors.Join(err, again)
}

func (r *Redis) takeOnce(ctx context.Context, some []candidate) (claims []*bot.Claim, orphans []candidate, errs error) {
	calls := make([]*call, len(some))
	for i := range some {
		c := &some[i]
		c.token = r.token()
		r.held.add(c.lease)
		calls[i] = r.call(r.scripts.take, []string{c.chat, c.due, r.beside(c.chat, "alive")}, c.token, c.nobody)
	}
	if err := r.pipe.do(ctx, calls...); err != nil {
		for _, c := range some {
			r.held.drop(c.token)
		}
		return nil, nil, err
	}
	for i, c := range some {
		claim, played, err := r.taken(c.lease, calls[i])
		if claim != nil {
			claims = append(claims, claim)
			continue
		}
		r.held.drop(c.token)
		errs = errors.Join(errs, err)
		if strings.HasPrefix(played, r.boot+"|") && !r.held.has(played) {
			c.nobody = played
			orphans = append(orphans, c)
		}
	}
	return claims, orphans, errs
}

// taken reads the answer: a claim, or the token of who plays the chat, or neither. One that does not open is left to the
// next Due: the others must not wait for it.
func (r *Redis) taken(l lease, call *call) (c *bot.Claim, played string, err error) {
	answer, err := call.result.Slice()
	if err != nil {
		return nil, "", err
	}
	if number(answer[0]) == 0 {
		if len(answer) > 1 {
			played = text(answer[1])
		}
		return nil, played, nil
	}
	var from bot.Address
	if err = openJSON(r.seal, r.place("address", l.chat), text(answer[6]), &from); err == nil {
		c, err = r.open(l, from, answer)
	}
	if err != nil {
		r.log.Error("a chat does not open", "chat", l.chat, "err", err)
		return nil, "", nil
	}
	return c, "", nil
}

// Close gives all claims back, for others to take at once. Lanes must have ended: what they still do is refused.
func (r *Redis) Close(ctx context.Context) error {
	var calls []*call
	for _, l := range r.held.all() {
		calls = append(calls, r.call(r.scripts.give, []string{l.chat, l.due}, append([]any{l.token}, resting...)...))
	}
	for i := range slots {
		calls = append(calls, r.call(r.scripts.leave, []string{r.slot(i) + "alive"}, r.process, r.boot))
	}
	err := r.pipe.do(ctx, calls...)
	for _, c := range calls {
		if err == nil {
			err = c.result.Err()
		}
	}
	if err != nil {
		return fmt.Errorf("give claims back: %w", err)
	}
	return nil
}

// place names the one value of one chat where a sealed value belongs.
func (r *Redis) place(kind, chat string) string { return "redis." + kind + "." + chat }

func text(v any) string {
	s, _ := v.(string)
	return s
}

// number is an integer of a script, which may come as text.
func number(v any) int64 {
	if n, ok := v.(int64); ok {
		return n
	}
	n, _ := strconv.ParseInt(text(v), 10, 64)
	return n
}
