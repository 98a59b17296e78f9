package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sahabatrt/locales"
	"sahabatrt/store"
	"sahabatrt/store/session"
)

const (
	doctorTime   = 30 * time.Second
	clockApart   = 2 * time.Second
	leastVersion = 140000 // of PostgreSQL
	leastRedis   = 5
	diskLow      = 1 << 30  // bytes
	diskFull     = 64 << 20 // bytes
)

type doctorCmd struct{}

// Run looks at everything that the settings name, says what is to be mended, and changes nothing.
func (doctorCmd) Run(ctx context.Context, m Main, c *Config) error {
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	r := &report{out: m.Stdout}
	key := r.key(c)
	r.database(ctx, c, key, m.Now)
	if path, ok := strings.CutPrefix(c.DatabaseURL, "sqlite:"); ok {
		r.file(path)
	}
	r.redis(ctx, c, m)
	if err := r.channels(ctx, c, m); err != nil {
		return err
	}
	if r.failed > 0 {
		return fmt.Errorf("to be mended: %d", r.failed)
	}
	return nil
}

// report is what the doctor found, a line each: ok, warn for what deserves a thought, fail for what is to be mended.
type report struct {
	out    io.Writer
	failed int
}

func (r *report) ok(format string, args ...any)   { r.line("ok", format, args...) }
func (r *report) warn(format string, args ...any) { r.line("warn", format, args...) }
func (r *report) fail(format string, args ...any) {
	r.failed++
	r.line("fail", format, args...)
}

func (r *report) line(verdict, format string, args ...any) {
	fmt.Fprintf(r.out, "%-5s %s\n", verdict, fmt.Sprintf(format, args...))
}

// key returns the key that the settings name, nil where there is none yet.
func (r *report) key(c *Config) []byte {
	if c.Key != "" {
		key, err := store.ParseKey(c.Key)
		if err != nil {
			r.fail("key: SAHABAT_KEY: %v: make one with openssl rand -base64 32", err)
			return nil
		}
		r.ok("key: SAHABAT_KEY has %d bytes; keep a copy elsewhere", len(key))
		return key
	}
	path := c.keyFile()
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		r.warn("key: SAHABAT_KEY is not set and there is no %s: the first start makes it", path)
		return nil
	}
	if err != nil {
		r.fail("key: %v", err)
		return nil
	}
	if info.Mode().Perm()&0o077 != 0 {
		r.fail("key: others may read %s: chmod 600 %s", path, path)
	}
	key, err := store.LoadOrMakeKey(path)
	if err != nil {
		r.fail("key: %s: %v", path, err)
		return nil
	}
	r.ok("key: %s has %d bytes; keep a copy elsewhere", path, len(key))
	return key
}

func (r *report) database(ctx context.Context, c *Config, key []byte, now func() time.Time) {
	if c.mustExist() != nil {
		r.warn("database: %v yet: the first start makes them", c.mustExist())
		return
	}
	found, err := store.Examine(ctx, store.Options{URL: c.DatabaseURL, Key: key, Now: now})
	if err != nil {
		r.fail("database: DATABASE_URL: %v", err)
		return
	}
	r.ok("database: %s answers", found.Server)
	r.schema(found)
	r.keys(found, key)
	if strings.HasPrefix(c.DatabaseURL, "sqlite:") {
		r.verdict(found.Settings["journal_mode"] == "wal", "database: journal_mode is %s", found.Settings["journal_mode"], "the first start makes it wal; if it stays, the file system does not allow it")
		return
	}
	r.postgres(found)
}

// verdict is ok for what holds; else fail, with what to do about it.
func (r *report) verdict(holds bool, format, value, remedy string) {
	if holds {
		r.ok(format, value)
		return
	}
	r.fail(format+": %s", value, remedy)
}

func (r *report) schema(found store.Condition) {
	switch {
	case found.Schema < found.Wanted:
		r.fail("schema: version %d of %d: run sahabatrt migrate", found.Schema, found.Wanted)
	case found.Schema > found.Wanted:
		r.warn("schema: version %d was made by a newer sahabatrt: this one knows %d", found.Schema, found.Wanted)
	default:
		r.ok("schema: version %d", found.Schema)
	}
}

func (r *report) keys(found store.Condition, key []byte) {
	switch {
	case errors.Is(found.Keys, store.ErrNoKeys):
		r.warn("key: the database has no keys yet: the first start makes them")
	case errors.Is(found.Keys, store.ErrKeysLost):
		r.fail("key: the database holds records and has lost its keys: put them back with sahabatrt keys restore FILE")
	case key == nil:
		r.fail("key: the database has keys, and there is no key that opens them: set SAHABAT_KEY, or put the key file back")
	case found.Keys != nil:
		r.fail("key: %v: set the right one in SAHABAT_KEY, or put its file back", found.Keys)
	default:
		r.ok("key: it opens the database")
	}
}

func (r *report) postgres(found store.Condition) {
	r.verdict(found.Version >= leastVersion, "database: version %s", found.Server, "14 is the oldest that will do")
	for _, name := range []string{"fsync", "full_page_writes"} {
		r.verdict(found.Settings[name] == "on", "database: "+name+" is %s", found.Settings[name], "a power cut can destroy the records; set it on")
	}
	r.verdict(found.Settings["synchronous_commit"] != "off", "database: synchronous_commit is %s", found.Settings["synchronous_commit"],
		"a power cut can lose registrations that people were told of; set it on")
	if found.ReadOnly {
		r.fail("database: it takes no changes: name the primary, and leave default_transaction_read_only off")
	}
	switch room := fmt.Sprintf("%d connections for all, %d for each process", found.Connections, found.Pool); {
	case found.Pool >= found.Connections: // one more looks whether it answers
		r.fail("database: %s: raise max_connections, or lower pool_max_conns in DATABASE_URL", room)
	case 2*(found.Pool+1) > found.Connections:
		r.warn("database: %s: there is no room for a second process", room)
	default:
		r.ok("database: %s", room)
	}
	r.clock("database", found.Ahead)
}

func (r *report) clock(whose string, ahead time.Duration) {
	if ahead.Abs() > clockApart {
		r.fail("%s: its clock is %v off ours: set both by NTP", whose, ahead.Round(100*time.Millisecond))
		return
	}
	r.ok("%s: its clock agrees with ours", whose)
}

// file looks at what holds a SQLite file.
func (r *report) file(path string) {
	if info, err := os.Stat(path); err == nil {
		r.verdict(info.Mode().Perm()&0o077 == 0, "database: %s is for its owner alone", path, "it is not: chmod 600 "+path)
	}
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	if err != nil {
		return // there are no records yet, which was told
	}
	r.verdict(info.Mode().Perm()&0o022 == 0, "database: others may not change the folder %s", folder, "they may: chmod 700 "+folder)
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil {
		r.warn("database: the free space of its disk cannot be seen: %v", err)
		return
	}
	free := disk.Bavail * uint64(disk.Bsize)
	text := fmt.Sprintf("database: %d MB are free on its disk", free>>20)
	switch {
	case free < diskFull:
		r.fail("%s: make room", text)
	case free < diskLow:
		r.warn("%s: that is little", text)
	default:
		r.ok("%s", text)
	}
}

func (r *report) redis(ctx context.Context, c *Config, m Main) {
	if c.RedisURL == "" {
		r.ok("redis: REDIS_URL is not set: conversations under way are kept beside the records")
		return
	}
	client, err := session.Dial(c.RedisURL, c.log(m.Stderr))
	if err != nil {
		r.fail("redis: REDIS_URL: %v", err)
		return
	}
	defer client.Close() //nolint:errcheck // nothing was written
	nodes, err := session.Examine(ctx, client, m.Now)
	if err != nil {
		r.fail("redis: REDIS_URL: %v", err)
		return
	}
	for _, n := range nodes {
		r.node(n)
	}
}

func (r *report) node(n session.Node) {
	major, _, _ := strings.Cut(n.Version, ".")
	number, err := strconv.Atoi(major)
	r.verdict(err != nil || number >= leastRedis, "redis: version %s answers", n.Version, "5 is the oldest that will do")
	if n.Replica {
		r.fail("redis: it is a replica and takes no writes: name the primary, or the Sentinels with ?master_name=NAME")
	}
	switch n.Policy {
	case "":
		r.warn("redis: maxmemory-policy cannot be seen: it must be noeviction")
	default:
		r.verdict(n.Policy == "noeviction", "redis: maxmemory-policy is %s", n.Policy, "conversations are thrown away when its memory is full; set noeviction")
	}
	r.persistence(n)
	for _, fault := range n.Faults {
		r.fail("redis: %s: look at its log and its disk", fault)
	}
	r.replicas(n)
	r.clock("redis", n.Ahead)
}

func (r *report) persistence(n session.Node) {
	if !n.AppendOnly {
		r.fail("redis: appendonly is no: what was accepted and not answered is gone when it starts again; set yes")
		return
	}
	switch n.AppendFsync {
	case "always":
		r.ok("redis: appendonly is yes, appendfsync always: what was acknowledged outlives a power cut")
	case "everysec":
		r.warn("redis: appendonly is yes, appendfsync everysec: a power cut can lose one second of what was acknowledged; always loses nothing")
	case "":
		r.warn("redis: appendonly is yes, appendfsync cannot be seen: with everysec a power cut can lose one second of what was acknowledged")
	default:
		r.fail("redis: appendonly is yes, appendfsync %s: a power cut can lose much of what was acknowledged; set always or everysec", n.AppendFsync)
	}
}

func (r *report) replicas(n session.Node) {
	switch {
	case n.Replicas == 0:
		r.ok("redis: no replica: when this server is lost, so are half-finished forms and what was not answered yet; no record is")
	case n.MinReplicas == "":
		r.warn("redis: %d replicas; min-replicas-to-write cannot be seen: with 0 a failover can lose what came last", n.Replicas)
	case n.MinReplicas == "0":
		r.warn("redis: %d replicas, min-replicas-to-write 0: a failover can lose what came last; set 1", n.Replicas)
	default:
		r.ok("redis: %d replicas, min-replicas-to-write %s", n.Replicas, n.MinReplicas)
	}
}

// channels lets each channel look at itself.
func (r *report) channels(ctx context.Context, c *Config, m Main) error {
	log := c.log(m.Stderr)
	texts, err := locales.New(log)
	if err != nil {
		return err
	}
	channels, err := m.channels(c, surroundings{texts: texts, now: c.clock(m.Now), log: log, metrics: prometheus.NewRegistry()})
	switch {
	case err != nil:
		r.fail("channels: %v", err)
	case len(channels) == 0:
		r.warn("channels: %v", errNoChannel)
	}
	for _, ch := range channels {
		if ch.doctor != nil {
			ch.doctor(ctx, r)
		}
	}
	return nil
}
