package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/session"
)

// keysCmd is what an operator does with the keys. Records in a SQLite file serve one process: there the bot is stopped
// for all of it.
type keysCmd struct {
	List    keysListCmd    `cmd:"" help:"List the keys that seal values, and how many values each opens."`
	Rotate  keysRotateCmd  `cmd:"" help:"Make a new key that seals from now on; bots go on. Follow with: keys reseal."`
	Reseal  keysResealCmd  `cmd:"" help:"Bring all values under the newest key; bots go on. May be interrupted and repeated."`
	Drop    keysDropCmd    `cmd:"" help:"Drop a key that opens nothing any more and has rested for 31 days."`
	Rewrap  keysRewrapCmd  `cmd:"" help:"Change SAHABAT_KEY: wrap all keys with another one. Start every bot anew with it within the hour."`
	Export  keysExportCmd  `cmd:"" help:"Write the keys, wrapped as they are, to a new file."`
	Restore keysRestoreCmd `cmd:"" help:"Put exported keys back into a database that has lost them."`
	Reindex keysReindexCmd `cmd:"" help:"Make a new key for looking up NIKs, phones and chats. Stop every bot first."`
}

// withRecords opens the records, which must be there, and closes them.
func (c *Config) withRecords(ctx context.Context, m Main, do func(*store.DB) error) error {
	if err := c.mustExist(); err != nil {
		return err
	}
	db, err := c.open(ctx, m, true)
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

// withRedis looks at the conversations under way in Redis, where REDIS_URL is set; those beside the records the store knows.
func (c *Config) withRedis(ctx context.Context, m Main, db *store.DB, do func(*session.Redis) error) error {
	if c.RedisURL == "" {
		return nil
	}
	k, err := c.inRedis(ctx, db, session.Options{Log: c.log(m.Stderr)})
	if err != nil {
		return err
	}
	return errors.Join(do(k.redis), k.hangUp())
}

// sealedInRedis counts what Redis holds by the key that it is sealed with.
func (c *Config) sealedInRedis(ctx context.Context, m Main, db *store.DB) (count map[uint32]int64, err error) {
	err = c.withRedis(ctx, m, db, func(r *session.Redis) error {
		count, err = r.SealedBy(ctx)
		return err
	})
	return count, err
}

type keysListCmd struct{}

func (keysListCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withRecords(ctx, m, func(db *store.DB) error {
		all, err := db.Keys(ctx)
		if err != nil {
			return err
		}
		redis, err := c.sealedInRedis(ctx, m, db)
		for _, k := range all {
			fmt.Fprintln(m.Stdout, keyLine(k, redis[k.ID]))
		}
		return err
	})
}

// keyLine is id, state, when it was made, how many values only it opens, and where those are.
func keyLine(k store.Key, redis int64) string {
	state, made := "old", k.MadeAt.In(program.WIB).Format("2006-01-02 15:04 WIB")
	switch {
	case !k.Known:
		state, made = "missing", "-"
	case k.Primary:
		state = "primary"
	}
	var tables []string
	for _, table := range slices.Sorted(maps.Keys(k.Values)) {
		tables = append(tables, fmt.Sprintf("%s %d", table, k.Values[table]))
	}
	if redis > 0 {
		tables = append(tables, fmt.Sprintf("Redis %d", redis))
	}
	return fmt.Sprintf("%d\t%s\t%s\t%d values\t%s", k.ID, state, made, k.Sealed()+redis, strings.Join(tables, ", "))
}

type keysRotateCmd struct{}

func (keysRotateCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withRecords(ctx, m, func(db *store.DB) error {
		id, err := db.RotateKey(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(m.Stdout, "%d seals from now on; bots that run take it up within a minute\n"+
			"then: sahabatrt keys reseal, and a new sahabatrt keys export\n", id)
		return nil
	})
}

type keysResealCmd struct{}

func (keysResealCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withRecords(ctx, m, func(db *store.DB) error {
		done, err := db.Reseal(ctx)
		fmt.Fprintf(m.Stdout, "%d values sealed anew\n", done.Values)
		if err != nil {
			return err
		}
		if done.Damaged > 0 {
			return fmt.Errorf("%d values do not open: sahabatrt check names them", done.Damaged)
		}
		left, err := olderValues(ctx, db)
		if err == nil && left > 0 {
			fmt.Fprintf(m.Stdout, "%d were sealed meanwhile by a bot that had not heard of the new key: run this again in a minute\n", left)
		}
		return err
	})
}

// olderValues counts what only older keys open.
func olderValues(ctx context.Context, db *store.DB) (n int64, err error) {
	all, err := db.Keys(ctx)
	for _, k := range all {
		if !k.Primary {
			n += k.Sealed()
		}
	}
	return n, err
}

type keysDropCmd struct {
	ID uint32 `arg:"" help:"As keys list shows it."`
}

func (k keysDropCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withRecords(ctx, m, func(db *store.DB) error {
		redis, err := c.sealedInRedis(ctx, m, db)
		if err != nil {
			return err
		}
		if n := redis[k.ID]; n > 0 {
			return fmt.Errorf("%w: %d in Redis, which go by themselves when they are sent, played or too old", store.ErrKeyInUse, n)
		}
		err = db.DropKey(ctx, k.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("there is no key %d: see sahabatrt keys list", k.ID)
		case errors.Is(err, store.ErrKeyInUse):
			return fmt.Errorf("%w: run sahabatrt keys reseal", err)
		case err != nil:
			return err
		}
		fmt.Fprintf(m.Stdout, "%d is dropped; copies of the records from before it was replaced hold it still\n", k.ID)
		return nil
	})
}

type keysRewrapCmd struct {
	NewKey string `name:"new-key" env:"SAHABAT_NEW_KEY" help:"The new key, 32 bytes in base64. Default: one is made in the file sahabat.key.new beside the key file."`
}

func (k keysRewrapCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withRecords(ctx, m, func(db *store.DB) error {
		file := c.keyFile()
		key, err := k.key(file + ".new")
		if err != nil {
			return err
		}
		old, err := c.key()
		if err != nil {
			return err
		}
		if string(old) == string(key) {
			return errors.New("SAHABAT_NEW_KEY is the key that the records have already")
		}
		if err := db.Rewrap(ctx, key); err != nil {
			return err
		}
		fmt.Fprintln(m.Stdout, "The records open with the new key alone. Now, within the hour:")
		if k.NewKey != "" {
			fmt.Fprintln(m.Stdout, "  put the value of SAHABAT_NEW_KEY into SAHABAT_KEY, wherever a bot is started")
		} else {
			fmt.Fprintf(m.Stdout, "  move %s.new to %s, or put its content into SAHABAT_KEY, wherever a bot is started\n", file, file)
		}
		fmt.Fprintln(m.Stdout, "  start every bot anew; one that is not can seal nothing after an hour\n"+
			"  keep a copy of the new key elsewhere, and make a new sahabatrt keys export\n"+
			"  keep the former key beside the copies and exports that were made with it: they open with no other")
		return nil
	})
}

func (k keysRewrapCmd) key(file string) ([]byte, error) {
	if k.NewKey == "" {
		if _, err := os.Stat(file); err == nil { // of a run that was interrupted, or the key of years ago
			return nil, fmt.Errorf("%s is there already: give its content in SAHABAT_NEW_KEY to go on with it, or remove it", file)
		}
		return store.LoadOrMakeKey(file)
	}
	key, err := store.ParseKey(k.NewKey)
	if err != nil {
		return nil, fmt.Errorf("SAHABAT_NEW_KEY: %w", err)
	}
	return key, nil
}

type keysExportCmd struct {
	To string `arg:"" help:"The file to make; it must not exist."`
}

func (k keysExportCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withRecords(ctx, m, func(db *store.DB) error {
		export, err := db.ExportKeys(ctx)
		if err != nil {
			return err
		}
		file, err := os.OpenFile(k.To, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("make the export: %w", err)
		}
		_, err = file.Write(append(export, '\n'))
		if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
			return fmt.Errorf("write the export: %w", errors.Join(err, os.Remove(k.To)))
		}
		fmt.Fprintf(m.Stdout, "%s written; it opens only with the same SAHABAT_KEY, so keep that too, in another place\n", k.To)
		return nil
	})
}

type keysRestoreCmd struct {
	From string `arg:"" type:"existingfile" help:"What keys export wrote."`
	Yes  bool   `help:"Restore them even when they do not open everything."`
}

func (k keysRestoreCmd) Run(ctx context.Context, m Main, c *Config) error {
	if err := c.mustExist(); err != nil {
		return err
	}
	export, err := os.ReadFile(k.From)
	if err != nil {
		return fmt.Errorf("read the export: %w", err)
	}
	o, err := c.options(m)
	if err != nil {
		return err
	}
	err = store.RestoreKeys(ctx, o, export, k.Yes)
	switch {
	case errors.Is(err, store.ErrInUse):
		return errors.New("the records are open in another sahabatrt: close that one first")
	case errors.Is(err, store.ErrHasKeys):
		return errors.New("the database has its keys: nothing was restored")
	case errors.Is(err, store.ErrWrongKey):
		return errors.New("SAHABAT_KEY does not open this export: give the one that it was made with")
	case errors.Is(err, store.ErrNotAllOpen):
		return fmt.Errorf("%w: look for a newer export, or for one of this database; --yes restores these", err)
	case err != nil:
		return err
	}
	fmt.Fprintln(m.Stdout, "The keys are back. See what opens: sahabatrt check")
	return nil
}

type keysReindexCmd struct {
	Yes bool `help:"Delete what cannot be carried over."`
}

func (k keysReindexCmd) Run(ctx context.Context, m Main, c *Config) error {
	return c.withRecords(ctx, m, func(db *store.DB) error {
		if err := c.withRedis(ctx, m, db, func(r *session.Redis) error {
			living, err := r.Living(ctx)
			return errors.Join(err, stopFirst(living))
		}); err != nil {
			return err
		}
		lost, err := db.Reindex(ctx, k.Yes)
		for _, l := range lost.Elsewhere {
			fmt.Fprintf(m.Stdout, "covered elsewhere, %s\t%d people: only a hash is kept of them, import this list again\n", l.Source, l.Rows)
		}
		if lost.Invites > 0 {
			fmt.Fprintf(m.Stdout, "invitations not used yet\t%d: make them anew\n", lost.Invites)
		}
		switch {
		case errors.Is(err, store.ErrRunning):
			return stopFirst(1)
		case errors.Is(err, store.ErrLoses):
			return errors.New("these cannot be carried over; nothing was changed; --yes deletes them")
		case errors.Is(err, store.ErrDamaged):
			return fmt.Errorf("%w: nothing was changed; sahabatrt check names them", err)
		case err != nil:
			return err
		}
		fmt.Fprintln(m.Stdout, "NIKs, phones and chats are found by a new key. Import the lists named here before the bot starts, and make a new sahabatrt keys export.")
		return nil
	})
}

// stopFirst is nil for nobody.
func stopFirst(living int) error {
	if living == 0 {
		return nil
	}
	return errors.New("a bot works on these records: stop every one and try again after three seconds; an import or another command is not noticed, so see yourself that none runs")
}
