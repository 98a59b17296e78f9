package store

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"

	"sahabatrt/program"
)

// Chat is where a person can be reached.
type Chat struct{ Channel, ID string }

// Format hides the id: an address is personal.
func (c Chat) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%s chat", c.Channel) }

// chatKey is the index of a chat.
func (tx *Tx) chatKey(channel, id string) string { return tx.index("chat", chatName(channel, id)) }

// chatName is what the index is made of; the length keeps "a","bc" from "ab","c".
func chatName(channel, id string) string { return fmt.Sprintf("%d:%s%s", len(channel), channel, id) }

// PersonByChat returns who this chat is linked to, or ErrNotFound.
func (tx *Tx) PersonByChat(channel, id string) (Person, error) {
	return tx.person(`JOIN chats c ON c.person=p.id WHERE c.chat_key=$1 AND c.ended_at=0`, tx.chatKey(channel, id))
}

// LinkChat says that this chat is this person's and reachable; the same link twice changes nothing. how says what proved it ("invite", "phone").
func (tx *Tx) LinkChat(channel, id, person, how string) error {
	key := tx.chatKey(channel, id)
	if err := tx.alone("chat", key); err != nil {
		return err
	}
	var linked, before string
	err := tx.QueryRow(`SELECT person, how FROM chats WHERE chat_key=$1 AND ended_at=0`, key).Scan(&linked, &before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("look up a chat: %w", err)
	}
	if linked == person && (before == how || how != byInvite) { // a code proves more than what linked it before
		return tx.ChatBack(channel, id)
	}
	address, err := tx.seal("chats", "address", key, id)
	if err != nil {
		return err
	}
	if err := tx.exec("link a chat", `INSERT INTO chats(chat_key, channel, address, person, how, linked_at, seen_at) VALUES($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT(chat_key) DO UPDATE SET person=excluded.person, how=excluded.how, linked_at=excluded.linked_at, seen_at=excluded.seen_at,
		address=excluded.address, gone_at=0, ended_at=0`,
		key, channel, address, person, how, tx.Now.UnixMicro(), tx.today().Time().UnixMicro()); err != nil {
		return err
	}
	return errors.Join(tx.audit(person, "chat.link", person, ""), tx.tellWaiting(person))
}

// LinkByPhone links a chat to the person who has the number that its channel vouches for, and returns him. A worker is
// proved as ProvePhone does. ErrNotFound: nobody. ErrNotProved: this number alone proves nothing.
func (tx *Tx) LinkByPhone(channel, id string, vouched program.Phone) (Person, error) {
	p, err := tx.PersonByPhone(vouched)
	if err != nil {
		return Person{}, err
	}
	if len(p.Offices) > 0 && !officer(p) {
		if _, err := tx.ProvePhone(channel, id, vouched); err != nil {
			return Person{}, err
		}
		return tx.PersonByChat(channel, id)
	}
	if locked, err := tx.locked(p.ID); err != nil || locked {
		return Person{}, cmp.Or(err, ErrNotProved)
	}
	return p, tx.LinkChat(channel, id, p.ID, byPhone)
}

// Unlink ends the links of all chats of a person, each of which is told so, and returns how many. His number alone links
// none any more: a code does. It is for operators; officials have Rebind.
func (tx *Tx) Unlink(person string) (chats int, err error) {
	if err := tx.alone("people", ""); err != nil {
		return 0, err
	}
	if _, err := tx.Person(person); err != nil {
		return 0, err
	}
	return tx.unlink(person, "", "")
}

// unlink ends the links of a person's chats, or of those that how linked.
func (tx *Tx) unlink(person, how, by string) (chats int, err error) {
	n, err := tx.Exec(`UPDATE chats SET ended_at=$1 WHERE person=$2 AND ended_at=0 AND (how=$3 OR $3='')`, tx.Now.UnixMicro(), person, how)
	if err != nil {
		return 0, fmt.Errorf("unlink the chats of a person: %w", err)
	}
	if err := tx.lock(person); err != nil {
		return 0, err
	}
	if err := tx.exec("void the codes of who lost his phone", `UPDATE invites SET until=$1 WHERE made_by=$2 AND used_by='' AND until>$1`,
		tx.Now.UnixMicro(), person); err != nil {
		return 0, err
	}
	if n > 0 {
		if _, err := tx.AddNotice(Notice{Name: fmt.Sprintf("%s:%s:%d", NoticeUnlinked, person, tx.Now.UnixMicro()), Kind: NoticeUnlinked, Subject: person,
			Person: person, Due: program.Awake(tx.Now), Until: tx.Now.Add(noticeTime)}); err != nil {
			return 0, err
		}
	}
	return int(n), tx.audit(by, "chat.unlink", person, "")
}

// lock has only a code link a chat to a person from now on.
func (tx *Tx) lock(person string) error {
	return tx.exec("lock a number", `UPDATE people SET locked_at=$1 WHERE id=$2`, tx.Now.UnixMicro(), person)
}

// locked says whether a person's number alone links no chat to him.
func (tx *Tx) locked(person string) (bool, error) {
	var at int64
	if err := tx.QueryRow(`SELECT locked_at FROM people WHERE id=$1`, person).Scan(&at); err != nil {
		return false, fmt.Errorf("look whether a number is locked: %w", err)
	}
	return at > 0, nil
}

// Chats returns where a person can be reached, the newest link first; chats that are gone are left out.
func (tx *Tx) Chats(person string) ([]Chat, error) {
	return tx.chats(`person=$1 AND gone_at=0 AND ended_at=0`, person)
}

// EndedChats returns the chats whose link to a person was ended and that were not told yet.
func (tx *Tx) EndedChats(person string) ([]Chat, error) {
	return tx.chats(`person=$1 AND gone_at=0 AND ended_at>0 AND how<>$2`, person, bySleep)
}

func (tx *Tx) chats(where string, args ...any) (chats []Chat, err error) {
	err = tx.each("list the chats of a person", func(rows Row) error {
		var c Chat
		var key string
		if err := rows.Scan(&key, &c.Channel, &c.ID); err != nil {
			return err
		}
		err := tx.open("chats", "address", key, &c.ID)
		chats = append(chats, c)
		return err
	}, `SELECT chat_key, channel, address FROM chats WHERE `+where+` ORDER BY linked_at DESC, chat_key`, args...)
	return chats, err
}

// reachable says whether a person has a chat that is not gone, and wants to be told things of this kind.
func (tx *Tx) reachable(person string, kind NoticeKind) (bool, error) {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM chats c JOIN people p ON p.id=c.person WHERE c.person=$1 AND c.gone_at=0 AND c.ended_at=0
		AND (p.quiet_at=0 OR CAST($2 AS BIGINT)=0)`, person, flag(kind.Courtesy())).Scan(&n); err != nil {
		return false, fmt.Errorf("count the chats of a person: %w", err)
	}
	return n > 0, nil
}

// Listen looks at a chat in which somebody writes: lang is his language, "" when he never chose one or is nobody. note:
// something is to be noted of it, by Heard.
func (tx *Tx) Listen(channel, id string) (lang string, note bool, err error) {
	var how, person, text string
	var seen, gone, ended int64
	err = tx.QueryRow(`SELECT c.how, c.seen_at, c.gone_at, c.ended_at, p.id, p.personal FROM chats c JOIN people p ON p.id=c.person WHERE c.chat_key=$1`,
		tx.chatKey(channel, id)).Scan(&how, &seen, &gone, &ended, &person, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look at a chat: %w", err)
	}
	var personal personPersonal
	if err := tx.openJSON("people", person, text, &personal); err != nil {
		return "", false, err
	}
	return personal.Lang, how == bySleep || ended == 0 && (gone > 0 || seen < tx.today().Time().UnixMicro()), nil
}

// Heard notes the day on which somebody wrote in a chat, and that he reads it again. slept: a number or a NIK had linked
// it, and it was silent for so long that it may have another owner (rule 37): the link is over, and only a code makes one.
func (tx *Tx) Heard(channel, id string) (slept bool, err error) {
	key := tx.chatKey(channel, id)
	if err := tx.alone("chat", key); err != nil {
		return false, err
	}
	if err := tx.sleep(`chat_key=$3`, key); err != nil {
		return false, err
	}
	n, err := tx.Exec(`DELETE FROM chats WHERE chat_key=$1 AND how=$2`, key, bySleep)
	if err != nil || n > 0 {
		return n > 0, err
	}
	if err := tx.exec("note the day of a chat", `UPDATE chats SET seen_at=$1 WHERE chat_key=$2 AND seen_at<$1`, tx.today().Time().UnixMicro(), key); err != nil {
		return false, err
	}
	return false, tx.ChatBack(channel, id)
}

// sleep ends the links that a number or a NIK proved and that were silent for too long, among some chats, whose condition
// counts its parameters from $3.
func (tx *Tx) sleep(which string, args ...any) error {
	var people []string
	if err := tx.each("end links that were silent for too long", func(row Row) error {
		var person string
		err := row.Scan(&person)
		people = append(people, person)
		return err
	}, `UPDATE chats SET how='`+bySleep+`', ended_at=$1 WHERE how IN ('`+byPhone+`', '`+byNIK+`') AND ended_at=0 AND seen_at<=$2 AND `+which+` RETURNING person`,
		append([]any{tx.Now.UnixMicro(), tx.today().AddDays(-tx.Settings().SleepDays).Time().UnixMicro()}, args...)...); err != nil {
		return err
	}
	for _, person := range people {
		if err := tx.lock(person); err != nil {
			return err
		}
		if err := tx.audit("", "chat.slept", person, ""); err != nil {
			return err
		}
	}
	return nil
}

// ChatGone notes that nobody reads this chat any more: nothing is sent there unprompted until ChatBack.
func (tx *Tx) ChatGone(channel, id string) error {
	_, err := tx.markChat("chat.gone", `UPDATE chats SET gone_at=$1 WHERE chat_key=$2 AND gone_at=0 RETURNING person`,
		tx.Now.UnixMicro(), tx.chatKey(channel, id))
	return err
}

// ChatBack notes that somebody reads this chat again: he wrote.
func (tx *Tx) ChatBack(channel, id string) error {
	person, err := tx.markChat("chat.back", `UPDATE chats SET gone_at=0 WHERE chat_key=$1 AND gone_at<>0 RETURNING person`, tx.chatKey(channel, id))
	if err != nil || person == "" {
		return err
	}
	return tx.tellWaiting(person)
}

// markChat runs a change of one chat and returns its person, "" when there was nothing to change.
func (tx *Tx) markChat(what, query string, args ...any) (person string, err error) {
	err = tx.QueryRow(query, args...).Scan(&person)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return person, tx.audit(person, what, person, "")
}

// ChatMoved gives a chat the address that the channel has given it; whoever is linked there already stays. One that is
// not linked is no error.
func (tx *Tx) ChatMoved(channel, from, to string) error {
	var person, how string
	var linked, seen, ended int64
	err := tx.QueryRow(`DELETE FROM chats WHERE chat_key=$1 RETURNING person, how, linked_at, seen_at, ended_at`, tx.chatKey(channel, from)).
		Scan(&person, &how, &linked, &seen, &ended)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("move a chat: %w", err)
	}
	key := tx.chatKey(channel, to)
	address, err := tx.seal("chats", "address", key, to)
	if err != nil {
		return err
	}
	if err := tx.exec("move a chat", `INSERT INTO chats(chat_key, channel, address, person, how, linked_at, seen_at, ended_at)
		VALUES($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT(chat_key) DO NOTHING`, key, channel, address, person, how, linked, seen, ended); err != nil {
		return err
	}
	return tx.audit(person, "chat.move", person, "")
}
