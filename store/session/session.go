// Package session keeps the conversations under way: what people sent and nobody has played yet, each chat's session,
// the replies that are not delivered yet, and who plays which chat. It implements bot.Sessions.
//
// A chat is played by one lane at a time, named by a token. The token is noted as held before it is written, so that a
// claim of this process which nobody holds can only be one whose answer was lost: Due hands it out again, as it does with
// the claims of processes that stopped saying that they live. There is no other recovery.
package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"sahabatrt/bot"
	"sahabatrt/store"
)

// ErrTooLarge means that a session exceeds bot.MaxSession. Nothing was kept and the claim still holds.
var ErrTooLarge = errors.New("session is too large")

const (
	alive      = 3 * time.Second     // how long a process counts as alive after its last Due
	keepPlain  = 24 * time.Hour      // a session at rest
	keepDraft  = 7 * 24 * time.Hour  // a session at rest that holds answers of a form
	keepSeen   = 7 * 24 * time.Hour  // the id of an update that was played or dropped
	keepAside  = 30 * 24 * time.Hour // an update that was set aside
	keepSilent = 24 * time.Hour      // the name of a process that stopped without a word
)

// lease is what a claim carries for the store: a value, so that a copy of a claim is that claim at that moment.
type lease struct {
	chat  string // keyed hash of the address
	token string
	turn  int64  // updates played before
	due   string // on Redis, the index that the chat stands in
}

// held are the tokens that lanes of this process have, or are about to have.
type held struct {
	mu     sync.Mutex
	tokens map[string]lease
}

func (h *held) add(l lease) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tokens == nil {
		h.tokens = map[string]lease{}
	}
	h.tokens[l.token] = l
}

func (h *held) drop(token string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.tokens, token)
}

func (h *held) has(token string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.tokens[token]
	return ok
}

func (h *held) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.tokens)
}

func (h *held) all() []lease {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Values(h.tokens))
}

// byChat splits updates by chat and keeps the order inside each.
func byChat(in []bot.Update) [][]bot.Update {
	var chats [][]bot.Update
	place := make(map[bot.Address]int, len(in))
	for _, u := range in {
		i, ok := place[u.From]
		if !ok {
			i = len(chats)
			place[u.From] = i
			chats = append(chats, nil)
		}
		chats[i] = append(chats[i], u)
	}
	return chats
}

func sealJSON(seal *store.Sealer, place string, v any) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("write down a %T: %w", v, err)
	}
	return seal.Seal(place, plain)
}

// openJSON tells the type of what does not open, never its content.
func openJSON(seal *store.Sealer, place, sealed string, v any) error {
	plain, err := seal.Open(place, sealed)
	if err != nil {
		return fmt.Errorf("open a %T: %w", v, err)
	}
	if json.Unmarshal(plain, v) != nil {
		return fmt.Errorf("read a %T: not what was written", v)
	}
	return nil
}

// sealReplies returns "" for no replies.
func sealReplies(seal *store.Sealer, place string, replies []bot.Message) (string, error) {
	if len(replies) == 0 {
		return "", nil
	}
	return sealJSON(seal, place, replies)
}
