package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// keyRest is how long a key stays after another one took its place, even when the records need it no more: as long as
// anything that was sealed with it may lie in Redis, and far longer than a process may go on sealing with it.
const keyRest = 31 * 24 * time.Hour

// Why a key is not dropped, or the keys are not restored.
var (
	ErrKeyPrimary = errors.New("this key seals what is new")
	ErrKeyInUse   = errors.New("values are sealed with this key")
	ErrKeyRests   = errors.New("conversations under way may be sealed with this key until it has rested for 31 days")
	ErrHasKeys    = errors.New("the database has its keys")
	ErrNotAllOpen = errors.New("these keys do not open all that is in the database")
)

// Key is one key of the keyset that seals values, or one that values name and the keyset does not have.
type Key struct {
	ID      uint32
	Known   bool
	Primary bool             // seals what is new
	MadeAt  time.Time        // zero: not known
	RestsAt time.Time        // when another took its place, zero: it is the primary
	Values  map[string]int64 // how many values each table holds that only it opens
}

// Sealed is how many values only this key opens.
func (k Key) Sealed() (n int64) {
	for _, values := range k.Values {
		n += values
	}
	return n
}

// Keys returns the keys that seal values, oldest first, and after them those that are named but missing.
func (db *DB) Keys(ctx context.Context) (all []Key, err error) {
	err = db.View(ctx, func(tx *Tx) error {
		all, err = tx.keys()
		return err
	})
	return all, err
}

func (tx *Tx) keys() ([]Key, error) {
	k, err := tx.unwrapped()
	if err != nil {
		return nil, err
	}
	made, err := tx.keysMade()
	if err != nil {
		return nil, err
	}
	used, err := tx.keysUsed()
	if err != nil {
		return nil, err
	}
	var all []Key
	for _, info := range k.handle.KeysetInfo().GetKeyInfo() {
		id := info.GetKeyId()
		at, added := made[id]
		if !added {
			at = made[0]
		}
		if len(all) > 0 { // a new key is the primary at once
			all[len(all)-1].RestsAt = at
		}
		all = append(all, Key{ID: id, Known: true, Primary: id == k.primary, MadeAt: at, Values: used[id]})
		delete(used, id)
	}
	for id, values := range used {
		all = append(all, Key{ID: id, Values: values})
	}
	return all, nil
}

// unwrapped returns the keys as this transaction sees them.
func (tx *Tx) unwrapped() (*keys, error) {
	held, err := tx.wrappedKeys()
	if err != nil {
		return nil, err
	}
	return held.unwrap(tx.db.ring.wrapping(), tx.Now)
}

// keysMade returns when rotation added keys, and under 0 when the keyset was made.
func (tx *Tx) keysMade() (map[uint32]time.Time, error) {
	made := map[uint32]time.Time{}
	err := tx.each("read when keys were made", func(rows Row) error {
		var id, at int64
		err := rows.Scan(&id, &at)
		made[uint32(id)] = time.UnixMicro(at).UTC()
		return err
	}, `SELECT id, made_at FROM value_keys UNION ALL SELECT 0, made_at FROM keysets WHERE name=$1`, string(valuesKey))
	return made, err
}

// keysUsed counts the sealed values of each key by table.
func (tx *Tx) keysUsed() (map[uint32]map[string]int64, error) {
	used := map[uint32]map[string]int64{}
	for _, s := range sealed {
		err := tx.each("count what is sealed in "+s.table, func(rows Row) error {
			var begins string
			var n int64
			err := rows.Scan(&begins, &n)
			if id, ok := KeyOf(begins); ok {
				if used[id] == nil {
					used[id] = map[string]int64{}
				}
				used[id][s.table] += n
			}
			return err
		}, fmt.Sprintf(`SELECT SUBSTR(%s, 1, %d), COUNT(*) FROM %s WHERE %s<>'' GROUP BY 1`, s.column, sealLetters, s.table, s.column))
		if err != nil {
			return nil, err
		}
	}
	return used, nil
}

// RotateKey makes a new key that seals from now on, and returns its id. What is sealed stays as it is, and opens: Reseal
// brings it under the new key. Other processes learn of it at the first value that needs it, or within a minute.
func (db *DB) RotateKey(ctx context.Context) (id uint32, err error) {
	err = db.changeValues(ctx, func(tx *Tx, m *keyset.Manager) error {
		if id, err = m.Add(aead.AES256GCMKeyTemplate()); err != nil {
			return fmt.Errorf("make a key: %w", err)
		}
		if err := m.SetPrimary(id); err != nil {
			return fmt.Errorf("make a key the primary: %w", err)
		}
		if err := tx.exec("note a new key", `INSERT INTO value_keys(id, made_at) VALUES($1, $2)`, int64(id), tx.Now.UnixMicro()); err != nil {
			return err
		}
		return tx.audit("", "keys.rotate", strconv.FormatUint(uint64(id), 10), "")
	})
	return id, err
}

// DropKey takes a key out of the keyset. ErrNotFound, ErrKeyPrimary, ErrKeyInUse, or ErrKeyRests while processes that have
// not heard of its successor, or conversations in Redis, may need it.
func (db *DB) DropKey(ctx context.Context, id uint32) error {
	return db.changeValues(ctx, func(tx *Tx, m *keyset.Manager) error {
		if err := tx.mayDrop(id); err != nil {
			return err
		}
		if err := m.Delete(id); err != nil {
			return fmt.Errorf("drop a key: %w", err)
		}
		if err := tx.exec("forget a key", `DELETE FROM value_keys WHERE id=$1`, int64(id)); err != nil {
			return err
		}
		return tx.audit("", "keys.drop", strconv.FormatUint(uint64(id), 10), "")
	})
}

func (tx *Tx) mayDrop(id uint32) error {
	all, err := tx.keys()
	if err != nil {
		return err
	}
	for _, k := range all {
		switch {
		case k.ID != id || !k.Known:
			continue
		case k.Primary:
			return ErrKeyPrimary
		case k.Sealed() > 0:
			return fmt.Errorf("%w: %d", ErrKeyInUse, k.Sealed())
		case tx.Now.Before(k.RestsAt.Add(keyRest)):
			return ErrKeyRests
		}
		return nil
	}
	return ErrNotFound
}

// changeValues changes the keyset that seals values.
func (db *DB) changeValues(ctx context.Context, change func(*Tx, *keyset.Manager) error) error {
	err := db.Update(ctx, func(tx *Tx) error {
		held, err := tx.takeKeys()
		if err != nil {
			return err
		}
		master := db.ring.wrapping()
		k, err := held.unwrap(master, tx.Now)
		if err != nil {
			return err
		}
		m := keyset.NewManagerFromHandle(k.handle)
		if err := change(tx, m); err != nil {
			return err
		}
		h, err := m.Handle()
		if err != nil {
			return fmt.Errorf("change the keys: %w", err)
		}
		wrapped, err := wrapValues(h, master)
		if err != nil {
			return err
		}
		return tx.changeKey(valuesKey, wrapped)
	})
	if err == nil {
		db.ring.again()
	}
	return err
}

// Rewrap wraps the keys with another key of 32 bytes: from now on the database opens with that one alone. Other
// processes must be started anew with it within an hour; until then they go on with the keys they have.
func (db *DB) Rewrap(ctx context.Context, key []byte) error {
	master, err := wrapper(key)
	if err != nil {
		return err
	}
	err = db.Update(ctx, func(tx *Tx) error {
		held, err := tx.takeKeys()
		if err != nil {
			return err
		}
		k, err := held.unwrap(db.ring.wrapping(), tx.Now)
		if err != nil {
			return err
		}
		for _, name := range keyNames {
			wrapped, err := k.wrap(name, master)
			if err != nil {
				return err
			}
			if err := tx.changeKey(name, wrapped); err != nil {
				return err
			}
		}
		return tx.audit("", "keys.rewrap", "", "")
	})
	if err == nil {
		db.ring.mu.Lock()
		db.ring.master = master
		db.ring.mu.Unlock()
	}
	return err
}

// exportedKeys is what ExportKeys writes.
type exportedKeys struct {
	Keysets []exportedKey
	Added   map[uint32]int64 // when rotation added keys, in UTC microseconds
}

type exportedKey struct {
	Name    keyName
	Wrapped string
	MadeAt  int64 // UTC microseconds
}

// ExportKeys returns the keys as they lie in the database, as JSON for RestoreKeys. They are wrapped: without the key of
// the store they are worth nothing.
func (db *DB) ExportKeys(ctx context.Context) (export []byte, err error) {
	err = db.View(ctx, func(tx *Tx) error {
		e := exportedKeys{Added: map[uint32]int64{}}
		if err := tx.each("read the keys", func(rows Row) error {
			var k exportedKey
			err := rows.Scan(&k.Name, &k.Wrapped, &k.MadeAt)
			e.Keysets = append(e.Keysets, k)
			return err
		}, `SELECT name, wrapped, made_at FROM keysets ORDER BY name`); err != nil {
			return err
		}
		made, err := tx.keysMade()
		if err != nil {
			return err
		}
		delete(made, 0)
		for id, at := range made {
			e.Added[id] = at.UnixMicro()
		}
		export, err = json.MarshalIndent(e, "", "  ")
		return err
	})
	return export, err
}

// RestoreKeys puts exported keys back into a database that has lost them. ErrHasKeys: it has some. ErrWrongKey: they were
// wrapped with another key. ErrNotAllOpen: they are older than the last rotation or of another database, or values are
// damaged; with anyway they are restored for those that open.
func RestoreKeys(ctx context.Context, o Options, export []byte, anyway bool) error {
	db, err := connect(ctx, o)
	if err != nil {
		return err
	}
	if _, err = db.engine.migrate(ctx); err == nil {
		err = db.restoreKeys(ctx, export, anyway)
	}
	return errors.Join(err, db.Close())
}

func (db *DB) restoreKeys(ctx context.Context, export []byte, anyway bool) error {
	var e exportedKeys
	if err := json.Unmarshal(export, &e); err != nil {
		return fmt.Errorf("read exported keys: %w", err)
	}
	held := wrappedKeys{}
	for _, k := range e.Keysets {
		held[k.Name] = k.Wrapped
	}
	k, err := held.unwrap(db.ring.wrapping(), db.opt.Now())
	if errors.Is(err, ErrKeysLost) {
		return errors.New("read exported keys: some are missing")
	}
	if err != nil {
		return err
	}
	db.ring.keys.Store(k)
	return db.Update(ctx, func(tx *Tx) error {
		there, err := tx.takeKeys()
		if err != nil {
			return err
		}
		if len(there) > 0 {
			return ErrHasKeys
		}
		if err := tx.putKeys(e); err != nil {
			return err
		}
		err = tx.allOpen(k)
		if anyway && errors.Is(err, ErrNotAllOpen) {
			err = nil
		}
		if err != nil {
			return err
		}
		return tx.audit("", "keys.restore", "", "")
	})
}

func (tx *Tx) putKeys(e exportedKeys) error {
	for _, k := range e.Keysets {
		if err := tx.putKey(k.Name, k.Wrapped, k.MadeAt); err != nil {
			return err
		}
	}
	if err := tx.exec("forget when keys were made", `DELETE FROM value_keys`); err != nil {
		return err
	}
	for id, at := range e.Added {
		if err := tx.exec("note a key", `INSERT INTO value_keys(id, made_at) VALUES($1, $2)`, int64(id), at); err != nil {
			return err
		}
	}
	return nil
}

// allOpen returns ErrNotAllOpen, with how many rows it is about, unless k opens all sealed values and makes the same
// indexes of them.
func (tx *Tx) allOpen(k *keys) error {
	used, err := tx.keysUsed()
	if err != nil {
		return err
	}
	for id := range used {
		if !k.ids[id] {
			tx.db.ring.missed[id] = true // nothing to be gained from reading the keys again
		}
	}
	seals, err := tx.checkSeals()
	if err != nil {
		return err
	}
	indexes, err := tx.checkIndexes()
	if err != nil {
		return err
	}
	if n := len(seals) + len(indexes); n > 0 {
		return fmt.Errorf("%w: %d places", ErrNotAllOpen, n)
	}
	return nil
}
