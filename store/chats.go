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

// LinkChat says that this chat is this person's; the same link twice changes nothing. how says what proved it ("invite", "contact").
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
		return nil
	}
	address, err := tx.seal("chats", "address", key, id)
	if err != nil {
		return err
	}
	if err := tx.exec("link a chat", `INSERT INTO chats(chat_key, channel, address, person, how, linked_at) VALUES($1, $2, $3, $4, $5, $6)
		ON CONFLICT(chat_key) DO UPDATE SET person=excluded.person, how=excluded.how, linked_at=excluded.linked_at, address=excluded.address`,
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

// Chats returns where a person can be reached, the newest link first.
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
	}, `SELECT chat_key, channel, address FROM chats WHERE person=$1 ORDER BY linked_at DESC, chat_key`, person)
	return chats, err
}
