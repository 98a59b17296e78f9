package conversations

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// The points that every notice passes, in order: see Notices.At.
const (
	AtSending = "sending" // marked as on its way, not sent
	AtTold    = "told"    // sent, not noted yet
)

// Points are all of them, for tests that stop the process at each.
var Points = []string{AtSending, AtTold}

// errNotSent: the channel knows that the message did not go out. Its own error is for the log, which scrubs it: what a
// job returns is kept.
var errNotSent = errors.New("the notice was not sent")

// Notices is what the bot says unprompted: each at most once. Its fields are set once; At may be nil.
type Notices struct {
	Store *store.DB
	Texts *locales.Catalogue
	Log   *slog.Logger
	Send  func(context.Context, bot.Message) error // a *bot.SendError says what became of it; any other error: nobody knows
	Tell  func(context.Context, bot.Update) error  // has an event played in a chat; an error: nothing is kept of it
	At    func(point string)                       // is called at each point, so that a test can stop the process there
}

// inTurn is how long a notice waits for the one that has to arrive before it.
const inTurn = time.Second

func (n *Notices) at(point string) {
	if n.At != nil {
		n.At(point)
	}
}

// Plan writes the notices that are due by the calendar and ends those that nobody came to in time. What follows from a
// change, as an alert does, writes its notices itself, except where the time that this takes would tell something.
func (n *Notices) Plan(ctx context.Context, _ time.Time) error {
	var errs []error
	for _, duty := range duties {
		errs = append(errs, n.Store.Update(ctx, duty))
	}
	return errors.Join(errs...)
}

// duties are what is planned, each by itself: one that fails, this minute and the next, must not undo the others.
var duties = []func(*store.Tx) error{
	(*store.Tx).ExpireNotices, (*store.Tx).TellEnding, (*store.Tx).TellEndingHeads, (*store.Tx).EndTalks, (*store.Tx).EndMoves,
	(*store.Tx).RemindTickets, (*store.Tx).TellProofs, (*store.Tx).TellUnheard,
}

// Work does one notice: looks whether it still holds, marks it, sends it, and notes what became of it. It may be called
// again with the same id, also by another process. store.Again: its time has not come.
func (n *Notices) Work(ctx context.Context, id string, now time.Time) error {
	l, err := n.take(ctx, id, now)
	if err != nil || len(l.chats) == 0 {
		return err
	}
	n.at(AtSending)
	return n.deliver(ctx, l, now)
}

// letter is a notice with its words, and where to.
type letter struct {
	notice store.Notice
	chats  []store.Chat // none: it is not to be sent
	all    bool         // to each of them, not to the first that takes it
	text   string
	event  *bot.Event // instead of a text
}

// take marks a notice that has to be sent now, and says where to and what. What is found on its way belongs to a process
// that died: it may have arrived.
func (n *Notices) take(ctx context.Context, id string, now time.Time) (l letter, err error) {
	wait := time.Duration(0)
	err = n.Store.Update(ctx, func(tx *store.Tx) error {
		l, wait = letter{}, 0
		notice, err := tx.TakeNotice(id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		switch awake := program.Awake(now); {
		case notice.State == store.NoticeSending:
			return tx.SetNotice(id, store.NoticeUnclear)
		case notice.State != store.NoticeDue:
			return nil
		case now.After(notice.Until):
			return tx.SetNotice(id, store.NoticeExpired)
		case now.Before(notice.Due):
			wait = notice.Due.Sub(now)
			return nil
		case awake.After(now) && !isTalk(notice.Kind):
			wait = awake.Sub(now)
			return tx.PostponeNotice(id, awake)
		}
		waits, err := tx.Waits(notice)
		if err == nil && !waits {
			l, err = n.write(tx, notice)
		}
		if waits {
			wait = inTurn
		}
		return err
	})
	if err != nil {
		return letter{}, wrap(err, "take a notice")
	}
	if wait > 0 {
		return letter{}, store.Again{After: wait}
	}
	return l, nil
}

// isTalk says whether a notice is part of a talk, which goes on by night as well: what must wait for the day is due by day.
func isTalk(kind store.NoticeKind) bool {
	return kind == store.NoticePassedOn || kind == store.NoticeTalkEnded
}

// write puts a notice into words for its person, if it still holds and there is where to send it.
func (n *Notices) write(tx *store.Tx, notice store.Notice) (letter, error) {
	person, err := tx.Person(notice.Person)
	if err != nil {
		return letter{}, err
	}
	text, holds, err := wording(tx, notice, person)
	if err != nil {
		return letter{}, err
	}
	if !holds || person.Quiet && notice.Kind.Courtesy() {
		return letter{}, tx.SetNotice(notice.ID, store.NoticeExpired)
	}
	l := letter{notice: notice, all: notice.Kind == store.NoticeUnlinked}
	where := tx.Chats
	if l.all {
		where = tx.EndedChats
	}
	if l.chats, err = where(person.ID); err != nil {
		return letter{}, err
	}
	if isTalk(notice.Kind) {
		if l.chats, l.event, err = inTalk(tx, notice, l.chats); err != nil {
			return letter{}, err
		}
	}
	if len(l.chats) == 0 {
		return letter{}, tx.SetNotice(notice.ID, store.NoticeDead)
	}
	l.text = n.Texts.Render(cmp.Or(person.Lang, locales.Default), text)
	return l, tx.SetNotice(notice.ID, store.NoticeSending)
}

// wording is what a notice says, and whether it still holds.
func wording(tx *store.Tx, notice store.Notice, person store.Person) (locales.Text, bool, error) {
	switch notice.Kind {
	case store.NoticeAlert:
		return alertWords(tx, notice, person)
	case store.NoticeMove, store.NoticeMoved, store.NoticeMovedSelf:
		return moveWords(tx, notice, person)
	case store.NoticeTicket, store.NoticeTicketDue, store.NoticeAnswer:
		return ticketWords(tx, notice, person)
	case store.NoticeInvited:
		return invitedWords(tx, notice, person)
	case store.NoticeProof, store.NoticeRegistered, store.NoticeCovered, store.NoticeEnding:
		return workerWords(tx, notice, person)
	case store.NoticeCoveredHead, store.NoticeEndingHead:
		return unreachedWords(tx, notice, person)
	case store.NoticeUnlinked:
		return locales.T("notice.unlinked"), true, nil
	case store.NoticeTalk, store.NoticePassedOn, store.NoticeTalkEnded:
		return talkWords(tx, notice, person)
	}
	return locales.Text{}, false, fmt.Errorf("no words for a notice of kind %q", notice.Kind)
}

// deliver sends a letter to the first chat that takes it, or to each.
func (n *Notices) deliver(ctx context.Context, l letter, now time.Time) error {
	if l.event != nil {
		return n.happen(ctx, l, now)
	}
	told := false
	for _, chat := range l.chats {
		err := n.send(ctx, l, chat)
		var said *bot.SendError
		switch {
		case err == nil && l.all:
			told = true
			continue
		case told: // to try it again would repeat what others have read
			n.failed(l, err)
			continue
		case err == nil:
			n.at(AtTold)
			return n.end(ctx, l, store.NoticeSent)
		case !errors.As(err, &said) || said.Unclear:
			n.failed(l, err)
			return n.end(ctx, l, store.NoticeUnclear)
		case said.Gone || said.MovedTo != nil:
			n.failed(l, err)
			continue
		case said.Refused:
			n.failed(l, err)
			return n.end(ctx, l, store.NoticeDead)
		}
		n.failed(l, err)
		return n.later(ctx, l, now, said.RetryAfter)
	}
	if told {
		n.at(AtTold)
		return n.end(ctx, l, store.NoticeSent)
	}
	return n.end(ctx, l, store.NoticeDead)
}

// happen has the event of a letter played in its chat: from there on it is kept like what people write.
func (n *Notices) happen(ctx context.Context, l letter, now time.Time) error {
	at := bot.Address{Channel: l.chats[0].Channel, ID: l.chats[0].ID}
	if err := n.Tell(ctx, bot.Update{ID: l.notice.ID, From: at, Event: l.event, At: now}); err != nil {
		n.failed(l, err)
		return n.later(ctx, l, now, 0)
	}
	n.at(AtTold)
	return n.end(ctx, l, store.NoticeSent)
}

// send tries one chat, and once more where it has moved to; a chat that nobody reads is noted as gone.
func (n *Notices) send(ctx context.Context, l letter, chat store.Chat) error {
	m := bot.Message{To: bot.Address{Channel: chat.Channel, ID: chat.ID}, Text: l.text, Unprompted: true}
	err := n.Send(ctx, m)
	var said *bot.SendError
	if errors.As(err, &said) && said.MovedTo != nil && said.MovedTo.Channel == chat.Channel {
		m.To = *said.MovedTo
		n.note(ctx, func(tx *store.Tx) error { return tx.ChatMoved(chat.Channel, chat.ID, m.To.ID) })
		err = n.Send(ctx, m)
	}
	if errors.As(err, &said) && said.Gone {
		n.note(ctx, func(tx *store.Tx) error { return tx.ChatGone(m.To.Channel, m.To.ID) })
	}
	return err
}

// note keeps what a channel told of a chat. If that fails it will be told again.
func (n *Notices) note(ctx context.Context, change func(*store.Tx) error) {
	if err := n.Store.Update(context.WithoutCancel(ctx), change); err != nil {
		n.Log.Error("what a channel told of a chat is not noted", "err", err)
	}
}

func (n *Notices) failed(l letter, err error) {
	n.Log.Warn("notice not delivered", "notice", l.notice.ID, "kind", l.notice.Kind, "letters", len(l.text), "err", err)
}

// end notes what became of a letter: who sent it knows better than whoever found it on its way.
func (n *Notices) end(ctx context.Context, l letter, state store.NoticeState) error {
	return n.conclude(ctx, l, func(tx *store.Tx) error { return tx.SetNotice(l.notice.ID, state) })
}

// later makes a letter that did not go out due again, after the pause that the channel asks for.
func (n *Notices) later(ctx context.Context, l letter, now time.Time, pause time.Duration) error {
	err := n.conclude(ctx, l, func(tx *store.Tx) error { return tx.PostponeNotice(l.notice.ID, now.Add(pause)) })
	switch {
	case err != nil:
		return err
	case pause > 0:
		return store.Again{After: pause}
	}
	return errNotSent
}

// conclude is done even when nobody waits for it any more: what was sent must not be found on its way.
func (n *Notices) conclude(ctx context.Context, l letter, change func(*store.Tx) error) error {
	err := n.Store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if _, err := tx.TakeNotice(l.notice.ID); err != nil {
			return err
		}
		return change(tx)
	})
	return wrap(err, "note what became of a notice")
}
