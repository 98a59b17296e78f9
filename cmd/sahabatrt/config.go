package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"sahabatrt/bot"
	"sahabatrt/conversations"
	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/lists"
	"sahabatrt/store/session"
)

// Config is every setting, by flag or environment variable.
type Config struct {
	DatabaseURL string     `name:"database-url" env:"DATABASE_URL" default:"sqlite:data/sahabat.db" help:"Where the records are: sqlite:PATH, or postgres://USER:PASSWORD@HOST/NAME."`
	RedisURL    string     `name:"redis-url" env:"REDIS_URL" help:"Where conversations under way are: redis://HOST:PORT/DB, rediss:// with TLS, ?master_name=NAME for Sentinel, ?addr=HOST:PORT for further nodes of a Cluster. Default: beside the records."`
	Key         string     `name:"key" env:"SAHABAT_KEY" help:"The key of the records, 32 bytes in base64. Default: a file sahabat.key beside the records (data/sahabat.key for PostgreSQL), made on first use."`
	Process     string     `name:"process" env:"SAHABAT_PROCESS" help:"A name for this process, different from that of every other on the same records: started again it takes up at once what it left. Default: a new name at each start."`
	OpsListen   string     `name:"ops-listen" env:"OPS_LISTEN" default:"127.0.0.1:8080" help:"Where serve shows /healthz, /readyz and /metrics, to nobody else than operators; empty: nowhere."`
	Telegram    Telegram   `embed:""`
	Clock       *time.Time `name:"sahabat-now" env:"SAHABAT_NOW" help:"Start the clock elsewhere, RFC 3339: for trying things out."`
	LogFormat   string     `name:"log-format" env:"LOG_FORMAT" enum:"text,json" default:"text" help:"How the log is written: text or json."`
	LogLevel    slog.Level `name:"log-level" env:"LOG_LEVEL" default:"warn" help:"What is logged: debug, info, warn or error."`
	Kill        string     `name:"sahabat-kill" env:"SAHABAT_KILL" hidden:"" help:"For tests: die at a point, such as sent:3."`
}

// at is called at each point of a message and of an operation; it does nothing unless a test asks for the process's death.
func (c *Config) at() (func(point string), error) {
	return bot.KillAt(c.Kill, slices.Concat(bot.Points, store.Points, conversations.Points)...)
}

// kept are the conversations under way, in Redis or beside the records.
type kept struct {
	bot.Sessions
	redis  *session.Redis // nil: beside the records
	client redis.UniversalClient
}

func (k kept) hangUp() error {
	if k.client == nil {
		return nil
	}
	return k.client.Close()
}

func (c *Config) sessions(ctx context.Context, db *store.DB, o session.Options) (kept, error) {
	if c.RedisURL == "" {
		return kept{Sessions: session.NewSQL(db, o)}, nil
	}
	return c.inRedis(ctx, db, o)
}

func (c *Config) inRedis(ctx context.Context, db *store.DB, o session.Options) (kept, error) {
	client, err := session.Dial(c.RedisURL, o.Log)
	if err != nil {
		return kept{}, fmt.Errorf("REDIS_URL: %w", err)
	}
	r := session.NewRedis(client, db.Sealer(), o)
	if err := r.Ready(ctx); err != nil {
		return kept{}, errors.Join(fmt.Errorf("REDIS_URL: %w", err), client.Close())
	}
	return kept{r, r, client}, nil
}

// clock is the time of the program: the real one, or one that starts elsewhere and goes on from there.
func (c *Config) clock(now func() time.Time) func() time.Time {
	if c.Clock == nil {
		return now
	}
	ahead := c.Clock.Sub(now())
	return func() time.Time { return now().Add(ahead) }
}

// mustExist refuses a file of records that is not there: a mistyped path is not to be proved in order.
func (c *Config) mustExist() error {
	path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:")
	if !ok {
		return nil
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there are no records at %s", path)
	}
	return nil
}

// open opens the records; with an empty store of its own default it brings in the sample city.
func (c *Config) open(ctx context.Context, m Main, migrate bool) (*store.DB, error) {
	name := "the database"
	if path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:"); ok {
		name = path
	}
	made := c.Key == "" && !there(c.keyFile())
	o, err := c.options(m)
	if err != nil {
		return nil, err
	}
	o.NoMigrate = !migrate
	db, err := store.Open(ctx, o)
	if errors.Is(err, store.ErrWrongKey) && made {
		err = errors.Join(os.Remove(c.keyFile()), fmt.Errorf("%s has records already: give the key that opens them in SAHABAT_KEY, or put its sahabat.key back", name))
	}
	switch {
	case errors.Is(err, store.ErrInUse):
		return nil, fmt.Errorf("%s is open in another sahabatrt: close that one first", name)
	case errors.Is(err, store.ErrWrongKey):
		return nil, fmt.Errorf("%s was made with another key: give the right one in SAHABAT_KEY or put its sahabat.key back", name)
	case errors.Is(err, store.ErrKeysLost):
		return nil, fmt.Errorf("%s has lost its keys: put them back with sahabatrt keys restore FILE", name)
	}
	return db, err
}

func there(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// options are those that the records are opened with.
func (c *Config) options(m Main) (store.Options, error) {
	key, err := c.key()
	if err != nil {
		return store.Options{}, err
	}
	at, err := c.at()
	return store.Options{URL: c.DatabaseURL, Key: key, Now: c.clock(m.Now), Log: c.log(m.Stderr), At: at}, err
}

func (c *Config) key() ([]byte, error) {
	if c.Key != "" {
		return store.ParseKey(c.Key)
	}
	return store.LoadOrMakeKey(c.keyFile())
}

// keyFile is where the key is when SAHABAT_KEY is not set: beside the records.
func (c *Config) keyFile() string {
	folder := "data"
	if path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:"); ok {
		folder = filepath.Dir(path)
	}
	return filepath.Join(folder, "sahabat.key")
}

// ownStore is where the records are when nothing is configured: the only place that a sample city is put into.
const ownStore = "sqlite:data/sahabat.db"

// openCity opens the records and fills an empty store of its own with the sample city, which it says.
func (c *Config) openCity(ctx context.Context, m Main) (*store.DB, error) {
	db, err := c.open(ctx, m, true)
	if err != nil || c.DatabaseURL != ownStore {
		return db, err
	}
	made, err := lists.ImportSample(ctx, db, program.DateOf(c.clock(m.Now)()))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if made {
		fmt.Fprintln(m.Stderr, "The records were empty: a small sample city was put in. Everybody in it is invented.")
	}
	return db, nil
}
