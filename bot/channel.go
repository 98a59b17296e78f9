package bot

import (
	"context"
	"fmt"
	"time"
)

// Address is one chat on one channel ("telegram", "12345"). It is a typed key, never a bare string.
type Address struct{ Channel, ID string }

// String hides the id: an address is personal data and may end up in a log.
func (a Address) String() string { return fmt.Sprintf("%s:%d chars", a.Channel, len(a.ID)) }

// Update is one thing that a person sent, in the words of no channel.
type Update struct {
	ID      string // unique within the chat: a repeat is the same update
	From    Address
	Text    string   `json:",omitempty"` // also the caption of a photo or document
	Press   *Press   `json:",omitempty"`
	Ack     string   `json:",omitempty"` // what the channel needs to answer a press
	Media   *Media   `json:",omitempty"`
	Contact *Contact `json:",omitempty"`
	Phone   string   `json:",omitempty"` // the sender's own number (+62…) when the channel vouches for it
	Start   string   `json:",omitempty"` // the parameter of a deep link
	Edited  bool     `json:",omitempty"` // a message that was already read was changed
	Lang    string   `json:",omitempty"`
	Flood   bool     `json:",omitempty"` // stands for all that came beyond MaxInbox and was dropped: beside it only ID, From and At are set
	Event   *Event   `json:",omitempty"` // nobody wrote this: beside it only ID, From and At are set
	At      time.Time
}

// Event is something that happened elsewhere and that a flow tells in this chat. A flow whose question relays gets it as
// an answer, in Turn.Args; else the flow begins with it, and what it interrupted goes on.
type Event struct {
	Flow string
	Args map[string]string `json:",omitempty"`
}

// Press is a button that was pressed: over the wire "prompt.choice", at most 64 bytes, never a record's id.
type Press struct {
	Prompt int64
	Choice string
}

// MediaKind says what came instead of text.
type MediaKind string

const (
	Photo    MediaKind = "photo"
	Voice    MediaKind = "voice"
	Sticker  MediaKind = "sticker"
	Video    MediaKind = "video"
	Document MediaKind = "document"
	Location MediaKind = "location"
	Unknown  MediaKind = "unknown"
)

// Media is something that is not text. Album is the same for all parts of one album.
type Media struct {
	Kind  MediaKind
	ID    string `json:",omitempty"`
	Album string `json:",omitempty"`
}

// Contact is a card that somebody shared: of himself or of another person.
type Contact struct{ Phone, Name string }

// Button is a choice as the person sees it. ID goes over the wire as "prompt.choice"; Key is what he may type for it,
// mostly its number: a channel that shows no buttons shows the keys.
type Button struct{ ID, Label, Key string }

// File is something to send beside the text: by reference, because replies are kept. The channel asks whoever it was
// given to for the bytes.
type File struct {
	Kind MediaKind // Photo or Document
	Name string    // as the person sees it, "tanda-daftar.pdf"
	Ref  string    // what the bytes are found by: ids, never personal data
}

// Message is what the bot says, in the person's language.
type Message struct {
	To           Address
	Text         string   // the caption when there is a File
	File         *File    `json:",omitempty"`
	Prompt       int64    `json:",omitempty"` // the serial that presses of Choices carry
	Choices      []Button `json:",omitempty"`
	ShareContact string   `json:",omitempty"` // the label of the channel's own button that shares one's number; "" for none
	ContactOver  bool     `json:",omitempty"` // such a button was offered before and is to go
	Unprompted   bool     `json:",omitempty"` // nobody asked at this moment: replies go first
	Ack          string   `json:",omitempty"` // of the press that it replies to: kept with it, so that a press is answered whoever dies
}

// Channel delivers messages. Send returns a *SendError when it knows what to do next.
type Channel interface {
	Send(ctx context.Context, m Message) error
}

// Attentive is a channel that can show that somebody listens. Both may fail silently, and take their time beside the turn.
type Attentive interface {
	// Answer tells the person that his press has come in, and takes away the buttons that it came from. Of the update only
	// From and Ack are set. One that was answered already is no harm.
	Answer(ctx context.Context, u Update)
	// Typing shows that an answer is on its way.
	Typing(ctx context.Context, to Address)
}

// SendError says what a failed send means. Gone: nobody reads this address any more. Refused: this message will never
// be taken. Unclear: it may have arrived.
type SendError struct {
	Err        error
	Gone       bool
	Refused    bool
	Unclear    bool
	RetryAfter time.Duration
	MovedTo    *Address
}

func (e *SendError) Error() string { return "send: " + e.Err.Error() }
func (e *SendError) Unwrap() error { return e.Err }
