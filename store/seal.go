package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrWrongKey means that the records were sealed with another key than the one given.
var ErrWrongKey = errors.New("the key does not open this database")

// ErrSeal means that a value is not what was sealed here, or was moved from another place.
var ErrSeal = errors.New("a sealed value does not open")

// Sealer seals values and makes keyed indexes of them. A sealed value opens only in the context it was sealed for.
type Sealer struct {
	aead  tink.AEAD
	index []byte
}

// Seal returns plain sealed, as text. context names the one place where it belongs: table, column and row.
func (s *Sealer) Seal(context string, plain []byte) (string, error) {
	b, err := s.aead.Encrypt(plain, []byte(context))
	if err != nil {
		return "", fmt.Errorf("seal a value: %w", err)
	}
	return base64.RawStdEncoding.EncodeToString(b), nil
}

// Open returns what was sealed for this context, or ErrSeal.
func (s *Sealer) Open(context, sealed string) ([]byte, error) {
	b, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, ErrSeal
	}
	plain, err := s.aead.Decrypt(b, []byte(context))
	if err != nil {
		return nil, ErrSeal
	}
	return plain, nil
}

// Index returns the keyed hash of a value: the same for the same kind and value, and of no use without the key.
func (s *Sealer) Index(kind, value string) string {
	h := hmac.New(sha256.New, s.index)
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
	return tx.db.sealer.Seal(table+"."+column+"."+id, []byte(plain))
}

// open opens one column of one row in place; an empty value stays empty.
func (tx *Tx) open(table, column, id string, value *string) error {
	if *value == "" {
		return nil
	}
	plain, err := tx.db.sealer.Open(table+"."+column+"."+id, *value)
	if err != nil {
		return fmt.Errorf("%s.%s of %s: %w", table, column, id, err)
	}
	*value = string(plain)
	return nil
}

// index returns the keyed hash of a value, "" for none.
func (tx *Tx) index(kind, value string) string {
	if value == "" {
		return ""
	}
	return tx.db.sealer.Index(kind, value)
}

// loadKeys unwraps the keys in the database, or makes them in a new one. Without a schema there are none yet.
func (db *DB) loadKeys(ctx context.Context) error {
	master, err := subtle.NewAESGCM(db.opt.Key)
	if err != nil || len(db.opt.Key) != keySize {
		return fmt.Errorf("open store: the key has %d bytes, not %d", len(db.opt.Key), keySize)
	}
	made, err := db.engine.hasTable(ctx, "keysets")
	if err != nil {
		return fmt.Errorf("look for keys: %w", err)
	}
	if !made {
		return nil
	}
	return db.Update(ctx, func(tx *Tx) error {
		if err := tx.alone("keys", ""); err != nil {
			return err
		}
		values, err := tx.wrapped("values", master, newKeyset)
		if err != nil {
			return err
		}
		index, err := tx.wrapped("index", master, newIndexKey)
		if err != nil {
			return err
		}
		db.sealer, err = unwrap(master, values, index)
		return err
	})
}

// wrapped reads a wrapped key, or makes and keeps a new one.
func (tx *Tx) wrapped(name string, master tink.AEAD, make func(tink.AEAD) ([]byte, error)) ([]byte, error) {
	var text string
	err := tx.QueryRow(`SELECT wrapped FROM keysets WHERE name=$1`, name).Scan(&text)
	if err == nil {
		b, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			return nil, ErrWrongKey
		}
		return b, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	b, err := make(master)
	if err != nil {
		return nil, fmt.Errorf("make the keys: %w", err)
	}
	return b, tx.exec("keep the keys", `INSERT INTO keysets(name, wrapped, made_at) VALUES($1, $2, $3)`,
		name, base64.RawStdEncoding.EncodeToString(b), tx.Now.UnixMicro())
}

func newKeyset(master tink.AEAD) ([]byte, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = h.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), master, []byte("keysets.values"))
	return b.Bytes(), err
}

func newIndexKey(master tink.AEAD) ([]byte, error) {
	key := make([]byte, keySize)
	rand.Read(key) // never fails: see its documentation
	return master.Encrypt(key, []byte("keysets.index"))
}

func unwrap(master tink.AEAD, values, index []byte) (*Sealer, error) {
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(values)), master, []byte("keysets.values"))
	if err != nil {
		return nil, ErrWrongKey
	}
	key, err := master.Decrypt(index, []byte("keysets.index"))
	if err != nil {
		return nil, ErrWrongKey
	}
	a, err := aead.New(h)
	if err != nil {
		return nil, fmt.Errorf("use the keys: %w", err)
	}
	return &Sealer{aead: a, index: key}, nil
}
