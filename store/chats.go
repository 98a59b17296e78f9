package store

import (
	"database/sql"
	"errors"
	"fmt"
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
	return tx.person(`SELECT p.id, p.personal FROM people p JOIN chats c ON c.person=p.id WHERE c.chat_key=$1`, tx.chatKey(channel, id))
}

// LinkChat says that this chat is this person's and reachable; the same link twice changes nothing. how says what proved it ("invite", "contact").
func (tx *Tx) LinkChat(channel, id, person, how string) error {
	key := tx.chatKey(channel, id)
	if err := tx.alone("chat", key); err != nil {
		return err
	}
	var linked string
	err := tx.QueryRow(`SELECT person FROM chats WHERE chat_key=$1`, key).Scan(&linked)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("look up a chat: %w", err)
	}
	if linked == person {
		return tx.ChatBack(channel, id)
	}
	address, err := tx.seal("chats", "address", key, id)
	if err != nil {
		return err
	}
	if err := tx.exec("link a chat", `INSERT INTO chats(chat_key, channel, address, person, how, linked_at) VALUES($1, $2, $3, $4, $5, $6)
		ON CONFLICT(chat_key) DO UPDATE SET person=excluded.person, how=excluded.how, linked_at=excluded.linked_at, address=excluded.address, gone_at=0`,
		key, channel, address, person, how, tx.Now.UnixMicro()); err != nil {
		return err
	}
	return tx.audit(person, "chat.link", person, "")
}

// Unlink forgets whose chat this is; one that is not linked is no error.
func (tx *Tx) Unlink(channel, id string) error {
	var person string
	err := tx.QueryRow(`DELETE FROM chats WHERE chat_key=$1 RETURNING person`, tx.chatKey(channel, id)).Scan(&person)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("unlink a chat: %w", err)
	}
	return tx.audit(person, "chat.unlink", person, "")
}

// Chats returns where a person can be reached, the newest link first; chats that are gone are left out.
func (tx *Tx) Chats(person string) ([]Chat, error) {
	var chats []Chat
	err := tx.each("list the chats of a person", func(rows Row) error {
		var c Chat
		var key string
		if err := rows.Scan(&key, &c.Channel, &c.ID); err != nil {
			return err
		}
		err := tx.open("chats", "address", key, &c.ID)
		chats = append(chats, c)
		return err
	}, `SELECT chat_key, channel, address FROM chats WHERE person=$1 AND gone_at=0 ORDER BY linked_at DESC, chat_key`, person)
	return chats, err
}

// reachable says whether a person has a chat that is not gone.
func (tx *Tx) reachable(person string) (bool, error) {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM chats WHERE person=$1 AND gone_at=0`, person).Scan(&n); err != nil {
		return false, fmt.Errorf("count the chats of a person: %w", err)
	}
	return n > 0, nil
}

// ChatIsGone says whether nobody could be reached in this chat the last time; one that is not linked is not gone.
func (tx *Tx) ChatIsGone(channel, id string) (bool, error) {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM chats WHERE chat_key=$1 AND gone_at<>0`, tx.chatKey(channel, id)).Scan(&n); err != nil {
		return false, fmt.Errorf("look whether a chat is gone: %w", err)
	}
	return n > 0, nil
}

// ChatGone notes that nobody reads this chat any more: nothing is sent there unprompted until ChatBack.
func (tx *Tx) ChatGone(channel, id string) error {
	return tx.markChat("chat.gone", `UPDATE chats SET gone_at=$1 WHERE chat_key=$2 AND gone_at=0 RETURNING person`,
		tx.Now.UnixMicro(), tx.chatKey(channel, id))
}

// ChatBack notes that somebody reads this chat again: he wrote.
func (tx *Tx) ChatBack(channel, id string) error {
	return tx.markChat("chat.back", `UPDATE chats SET gone_at=0 WHERE chat_key=$1 AND gone_at<>0 RETURNING person`, tx.chatKey(channel, id))
}

// markChat runs a change of one chat that returns its person; that there was nothing to change is no error.
func (tx *Tx) markChat(what, query string, args ...any) error {
	var person string
	err := tx.QueryRow(query, args...).Scan(&person)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return tx.audit(person, what, person, "")
}

// ChatMoved gives a chat the address that the channel has given it; whoever is linked there already stays. One that is
// not linked is no error.
func (tx *Tx) ChatMoved(channel, from, to string) error {
	var person, how string
	var linked int64
	err := tx.QueryRow(`DELETE FROM chats WHERE chat_key=$1 RETURNING person, how, linked_at`, tx.chatKey(channel, from)).Scan(&person, &how, &linked)
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
	if err := tx.exec("move a chat", `INSERT INTO chats(chat_key, channel, address, person, how, linked_at) VALUES($1, $2, $3, $4, $5, $6)
		ON CONFLICT(chat_key) DO NOTHING`, key, channel, address, person, how, linked); err != nil {
		return err
	}
	return tx.audit(person, "chat.move", person, "")
}
