package bot

import (
	"context"
	"errors"
)

// ErrClaimLost means that another lane plays this chat now: drop the claim, change nothing.
var ErrClaimLost = errors.New("claim lost")

// ErrReplaced means that a newer process has this process's name: stop.
var ErrReplaced = errors.New("a newer process has this name")

// MaxSession is the largest session in bytes before it is sealed; a larger one is our fault.
const MaxSession = 16 << 10

// MaxInbox is how many unplayed updates a chat may hold; what comes beyond is dropped and answered once.
const MaxInbox = 100

// Claim is the right to play one chat. Deliver Replies first, then play Inbox in order.
type Claim struct {
	Addr    Address
	Session []byte
	Replies []Message
	Inbox   []Update
	Tries   int // how often Inbox[0] was handed out before and nothing came back
	Lease   any // the store's own: key, token, turn
}

// Outcome is what one played update leaves behind. Aside keeps the update for an operator instead of dropping it.
// Draft says that the session holds answers of a form, or relays: it is kept for 7 days instead of 24 hours.
type Outcome struct {
	Session []byte
	Draft   bool
	Replies []Message
	Aside   bool
}

// Sessions keeps every chat's inbox, session and undelivered replies, and says who plays it.
// All values are sealed inside. bottest.Sessions is the suite that every implementation passes.
type Sessions interface {
	// Accept keeps the updates and claims the chats that nobody plays. When it returns an error nothing may be
	// acknowledged; the claims beside the error are good and are played.
	Accept(ctx context.Context, in []Update) ([]*Claim, error)
	// Put consumes Inbox[0] and keeps the outcome; the same outcome put twice is a success. ErrClaimLost otherwise.
	Put(ctx context.Context, c *Claim, o Outcome) error
	// Done forgets the first sent replies. more: go on with what is in c now; else the chat is free.
	Done(ctx context.Context, c *Claim, sent int) (more bool, err error)
	// Due writes the heartbeat and claims up to n chats that nobody alive plays. n = 0 is the heartbeat alone.
	Due(ctx context.Context, n int) ([]*Claim, error)
	// Close gives all claims back.
	Close(ctx context.Context) error
}
