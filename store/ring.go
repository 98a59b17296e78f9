package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrWrongKey means that the keys in the database were wrapped with another key than the one given.
var ErrWrongKey = errors.New("the key does not open this database")

// ErrKeysLost means that the database holds records, but not the keys that open them: see RestoreKeys.
var ErrKeysLost = errors.New("the keys of this database are gone")

// keyName names a wrapped key in the database; the values are stored.
type keyName string

const (
	valuesKey   keyName = "values"   // a keyset of tink, seals values
	indexKey    keyName = "index"    // makes the indexes of the records
	sessionsKey keyName = "sessions" // makes the names of chats under way; never changed, for they would not be found again
)

var keyNames = []keyName{valuesKey, indexKey, sessionsKey}

const (
	// keysFresh is how long keys are used before they are read again: the time that a process goes on sealing with a key
	// that another process rotated away.
	keysFresh = time.Minute
	// keysStale is when keys that could not be read again seal nothing any more: what they seal might open for nobody.
	keysStale = time.Hour
	// keysRetry is the pause after a reading that failed, readTimeout how long one may take.
	keysRetry   = 10 * time.Second
	readTimeout = 5 * time.Second
	// missPause is what an id costs that no key has, so that garbage cannot keep the database busy; each is looked for
	// once as long as no more than missedIDs were met since the keys were fresh.
	missPause = 50 * time.Millisecond
	missedIDs = 1000
)

// keys are the unwrapped keys of a database at one moment. They are never changed, only replaced.
type keys struct {
	handle  *keyset.Handle
	values  tink.AEAD
	ids     map[uint32]bool
	primary uint32
	index   map[keyName][]byte
	asOf    time.Time
}

// ring holds the keys in use, and reads them again where that is needed. Whoever asks may be in a transaction, and holds
// a connection then: the reading takes one of its own.
type ring struct {
	beside func(ctx context.Context, read func(querier) error) error
	now    func() time.Time
	log    *slog.Logger
	keys   atomic.Pointer[keys] // nil until the schema is there

	mu     sync.Mutex // held by the one that reads the keys; guards what follows
	master tink.AEAD
	failed time.Time
	missed map[uint32]bool

	wrong atomic.Bool // the last reading found keys that do not open with master
}

// stuck says whether the keys in the database no longer open here: SAHABAT_KEY was changed.
func (r *ring) stuck() bool { return r.wrong.Load() }

func newRing(e engine, o Options) (*ring, error) {
	master, err := wrapper(o.Key)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return &ring{beside: e.beside, now: o.Now, log: o.Log, master: master, missed: map[uint32]bool{}}, nil
}

// wrapper returns what wraps the keys in the database.
func wrapper(key []byte) (tink.AEAD, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("the key has %d bytes, not %d", len(key), keySize)
	}
	return subtle.NewAESGCM(key)
}

// wrapping returns what wraps the keys now.
func (r *ring) wrapping() tink.AEAD {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.master
}

// toOpen returns keys that have this id. One that is not known here may be new: the keys are read again, once for all
// that wait for them.
func (r *ring) toOpen(id uint32) (*keys, error) {
	if k := r.keys.Load(); k.ids[id] {
		return k, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if k := r.keys.Load(); k.ids[id] {
		return k, nil
	}
	if r.missed[id] {
		return nil, ErrSeal
	}
	k, err := r.read()
	if err != nil {
		return nil, err
	}
	if k.ids[id] {
		return k, nil
	}
	if len(r.missed) == missedIDs {
		clear(r.missed)
	}
	r.missed[id] = true
	time.Sleep(missPause)
	return nil, ErrSeal
}

// toSeal returns keys that are not stale, and has them read again once they are no longer fresh. While one reads, the
// others go on with what there is.
func (r *ring) toSeal() (*keys, error) {
	k := r.keys.Load()
	age := r.age(k)
	if age < keysFresh {
		return k, nil
	}
	if age >= keysStale {
		r.mu.Lock()
	} else if !r.mu.TryLock() {
		return k, nil
	}
	defer r.mu.Unlock()
	if k = r.keys.Load(); r.age(k) < keysFresh {
		return k, nil
	}
	fresh, err := r.readAfterPause()
	if err == nil {
		return fresh, nil
	}
	if age < keysStale {
		return k, nil
	}
	return nil, err
}

// age is how old the keys are by the clock on the wall, which goes on while a machine sleeps. Keys from the future, after
// the clock was set back, are not fresh.
func (r *ring) age(k *keys) time.Duration {
	age := r.now().Sub(k.asOf)
	if age < 0 {
		return keysFresh
	}
	return age
}

// errPause means that the keys could not be read a moment ago.
var errPause = errors.New("the keys could not be read again")

func (r *ring) readAfterPause() (*keys, error) {
	if since := r.now().Sub(r.failed); since >= 0 && since < keysRetry {
		return nil, errPause
	}
	clear(r.missed)
	return r.read()
}

// read reads the keys and puts them to use. The caller holds mu.
func (r *ring) read() (*keys, error) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	asOf := r.now().Round(0) // without the clock that stands still while the machine sleeps
	var held wrappedKeys
	err := r.beside(ctx, func(q querier) (err error) {
		held, err = (&Tx{ctx: ctx, q: q}).wrappedKeys()
		return err
	})
	var k *keys
	if err == nil {
		k, err = held.unwrap(r.master, asOf)
	}
	r.wrong.Store(errors.Is(err, ErrWrongKey))
	if err != nil {
		r.failed = asOf
		r.log.Error("the keys could not be read again", "error", err)
		return nil, fmt.Errorf("read the keys again: %w", err)
	}
	r.failed = time.Time{}
	r.keys.Store(k)
	return k, nil
}

// again has the keys read after this process changed them. What fails is made up for later: the change is committed.
func (r *ring) again() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = r.read() // logged
}

// wrappedKeys are the keys as they lie in the database: wrapped, in base64.
type wrappedKeys map[keyName]string

func (tx *Tx) wrappedKeys() (wrappedKeys, error) {
	held := wrappedKeys{}
	err := tx.each("read the keys", func(rows Row) error {
		var name keyName
		var wrapped string
		err := rows.Scan(&name, &wrapped)
		held[name] = wrapped
		return err
	}, `SELECT name, wrapped FROM keysets WHERE name IN ($1, $2, $3)`, string(valuesKey), string(indexKey), string(sessionsKey))
	return held, err
}

// unwrap returns the keys for use, or ErrWrongKey, or ErrKeysLost when one is missing.
func (w wrappedKeys) unwrap(master tink.AEAD, asOf time.Time) (*keys, error) {
	k := &keys{ids: map[uint32]bool{}, index: map[keyName][]byte{}, asOf: asOf}
	for _, name := range keyNames {
		if _, has := w[name]; !has {
			return nil, ErrKeysLost
		}
		b, err := base64.RawStdEncoding.DecodeString(w[name])
		if err != nil {
			return nil, ErrWrongKey
		}
		if name == valuesKey {
			k.handle, err = keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(b)), master, name.place())
		} else {
			k.index[name], err = master.Decrypt(b, name.place())
		}
		if err != nil {
			return nil, ErrWrongKey
		}
	}
	for _, info := range k.handle.KeysetInfo().GetKeyInfo() {
		k.ids[info.GetKeyId()] = true
	}
	k.primary = k.handle.KeysetInfo().GetPrimaryKeyId()
	var err error
	if k.values, err = aead.New(k.handle); err != nil {
		return nil, fmt.Errorf("use the keys: %w", err)
	}
	return k, nil
}

// place binds a wrapped key to its name.
func (n keyName) place() []byte { return []byte("keysets." + n) }

func wrapValues(h *keyset.Handle, master tink.AEAD) (string, error) {
	var b bytes.Buffer
	if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), master, valuesKey.place()); err != nil {
		return "", fmt.Errorf("wrap the keys: %w", err)
	}
	return base64.RawStdEncoding.EncodeToString(b.Bytes()), nil
}

func wrapIndex(name keyName, key []byte, master tink.AEAD) (string, error) {
	b, err := master.Encrypt(key, name.place())
	if err != nil {
		return "", fmt.Errorf("wrap the keys: %w", err)
	}
	return base64.RawStdEncoding.EncodeToString(b), nil
}

// wrap is the reverse of unwrap.
func (k *keys) wrap(name keyName, master tink.AEAD) (string, error) {
	if name == valuesKey {
		return wrapValues(k.handle, master)
	}
	return wrapIndex(name, k.index[name], master)
}

func newIndexKey() []byte {
	key := make([]byte, keySize)
	rand.Read(key) // never fails: see its documentation
	return key
}

// newKey returns a new key of this name, wrapped.
func newKey(name keyName, master tink.AEAD) (string, error) {
	if name != valuesKey {
		return wrapIndex(name, newIndexKey(), master)
	}
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", fmt.Errorf("make the keys: %w", err)
	}
	return wrapValues(h, master)
}

// loadKeys takes the keys in the database into use, or makes them in a new one. Without a schema there are none yet.
func (db *DB) loadKeys(ctx context.Context) error {
	made, err := db.engine.hasTable(ctx, "keysets")
	if err != nil {
		return fmt.Errorf("look for keys: %w", err)
	}
	if !made {
		return nil
	}
	var k *keys
	err = db.Update(ctx, func(tx *Tx) error {
		held, err := tx.takeKeys()
		if err == nil {
			err = tx.makeMissing(held)
		}
		if err == nil {
			k, err = held.unwrap(db.ring.wrapping(), tx.Now.Round(0))
		}
		return err
	})
	if err != nil {
		return err
	}
	db.ring.keys.Store(k)
	begun, err := db.engine.hasTable(ctx, "audit_head")
	if err != nil || !begun { // an older schema
		return err
	}
	return db.Update(ctx, (*Tx).beginSeals)
}

// takeKeys reads the wrapped keys; nobody else changes them until the transaction ends.
func (tx *Tx) takeKeys() (wrappedKeys, error) {
	if err := tx.alone("keys", ""); err != nil {
		return nil, err
	}
	return tx.wrappedKeys()
}

// makeMissing makes the keys that are not there, as in a new database. Where records were sealed with them it refuses.
func (tx *Tx) makeMissing(held wrappedKeys) error {
	for _, name := range keyNames {
		if _, has := held[name]; has {
			continue
		}
		if err := tx.mayMake(name); err != nil {
			return err
		}
		wrapped, err := newKey(name, tx.db.ring.wrapping())
		if err != nil {
			return err
		}
		held[name] = wrapped
		if err := tx.putKey(name, wrapped, tx.Now.UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}

// mayMake returns ErrKeysLost when something is there that the missing key was used for. The key of the sessions is made
// anew: without it conversations under way are forgotten, nothing more.
func (tx *Tx) mayMake(name keyName) error {
	if name == sessionsKey {
		return nil
	}
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT id FROM people UNION ALL SELECT id FROM workers
		UNION ALL SELECT op FROM operations UNION ALL SELECT code_key FROM invites UNION ALL SELECT nik_key FROM elsewhere LIMIT 1) AS held`).Scan(&n); err != nil {
		return fmt.Errorf("look for sealed values: %w", err)
	}
	if n > 0 {
		return ErrKeysLost
	}
	return nil
}

func (tx *Tx) putKey(name keyName, wrapped string, madeAt int64) error {
	return tx.exec("keep the keys", `INSERT INTO keysets(name, wrapped, made_at) VALUES($1, $2, $3)`, string(name), wrapped, madeAt)
}

func (tx *Tx) changeKey(name keyName, wrapped string) error {
	return tx.exec("change the keys", `UPDATE keysets SET wrapped=$1 WHERE name=$2`, wrapped, string(name))
}
