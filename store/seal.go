package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrSeal means that a value is not what was sealed here, or was moved from another place.
var ErrSeal = errors.New("a sealed value does not open")

// Sealer seals values and makes keyed indexes of them. A sealed value opens only in the context it was sealed for. It is
// safe for concurrent use, and goes on when the keys are rotated.
type Sealer struct {
	ring *ring
	name keyName // of the key that its indexes are made with
}

// Seal returns plain sealed, as text. context names the one place where it belongs: table, column and row.
func (s *Sealer) Seal(context string, plain []byte) (string, error) {
	k, err := s.ring.toSeal()
	if err != nil {
		return "", fmt.Errorf("seal a value: %w", err)
	}
	b, err := k.values.Encrypt(plain, []byte(context))
	if err != nil {
		return "", fmt.Errorf("seal a value: %w", err)
	}
	return base64.RawStdEncoding.EncodeToString(b), nil
}

// Open returns what was sealed for this context, or ErrSeal. Another error means that the keys could not be read again.
func (s *Sealer) Open(context, sealed string) ([]byte, error) {
	id, ok := KeyOf(sealed)
	if !ok {
		return nil, ErrSeal
	}
	k, err := s.ring.toOpen(id)
	if err != nil {
		return nil, err
	}
	b, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, ErrSeal
	}
	plain, err := k.values.Decrypt(b, []byte(context))
	if err != nil {
		return nil, ErrSeal
	}
	return plain, nil
}

// What a sealed value begins with: one byte for the kind, four for the id of its key. In base64 that is seven letters,
// the last of which also holds two bits of what follows.
const (
	sealKind    = 1
	sealPrefix  = 5
	sealLetters = 7
)

// KeyOf returns the id of the key that a value was sealed with; the first seven letters of it are enough.
func KeyOf(sealed string) (id uint32, ok bool) {
	if len(sealed) < sealLetters {
		return 0, false
	}
	b, err := base64.RawStdEncoding.DecodeString(sealed[:sealLetters])
	if err != nil || len(b) != sealPrefix || b[0] != sealKind {
		return 0, false
	}
	return binary.BigEndian.Uint32(b[1:]), true
}

// beginnings are the first seven letters that values sealed with a key can have.
func beginnings(id uint32) (all []any) {
	b := binary.BigEndian.AppendUint32([]byte{sealKind}, id)
	for _, next := range []byte{0x00, 0x40, 0x80, 0xc0} {
		all = append(all, base64.RawStdEncoding.EncodeToString(append(b, next))[:sealLetters])
	}
	return all
}

// Index returns the keyed hash of a value: the same for the same kind and value, and of no use without the key.
func (s *Sealer) Index(kind, value string) string {
	return keyedHash(s.ring.keys.Load().index[s.name], kind, value)
}

func keyedHash(key []byte, kind, value string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(kind))
	h.Write([]byte{0})
	h.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// seal seals one column of one row; an empty value stays empty.
func (tx *Tx) seal(table, column, id, plain string) (string, error) {
	if plain == "" {
		return "", nil
	}
	return tx.db.sealer.Seal(place(table, column, id), []byte(plain))
}

// open opens one column of one row in place; an empty value stays empty.
func (tx *Tx) open(table, column, id string, value *string) error {
	if *value == "" {
		return nil
	}
	plain, err := tx.db.sealer.Open(place(table, column, id), *value)
	if err != nil {
		return fmt.Errorf("%s.%s of %s: %w", table, column, id, err)
	}
	*value = string(plain)
	return nil
}

// place names the one column of one row where a sealed value belongs; store/session names its places alike.
func place(table, column, id string) string { return table + "." + column + "." + id }

// index returns the keyed hash of a value, "" for none.
func (tx *Tx) index(kind, value string) string {
	if value == "" {
		return ""
	}
	return tx.db.sealer.Index(kind, value)
}
