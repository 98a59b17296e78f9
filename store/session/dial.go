package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	dialTimeout = 500 * time.Millisecond
	callTimeout = 2 * time.Second // less than a process may be silent
)

// ErrEvicts means that Redis would throw away conversations when its memory is full.
var ErrEvicts = errors.New("maxmemory-policy of Redis is not noeviction")

// Dial returns a client, which connects when it is used. url is redis://[user:password@]host:port[/db], rediss:// with TLS;
// with ?master_name=NAME the hosts are Sentinels, with ?addr=HOST:PORT (once for each further node) they are a Cluster.
// Its few complaints go to log; there is one for all clients of the program.
func Dial(address string, log *slog.Logger) (redis.UniversalClient, error) {
	redis.SetLogger(printer{log})
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the address of Redis is not a URL") // the error would show the password
	}
	switch {
	case parsed.Query().Has("master_name"):
		o, err := redis.ParseFailoverURL(address)
		if err != nil {
			return nil, fmt.Errorf("the address of Redis: %w", err)
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.DialerRetries, o.MaxRetries = dialTimeout, callTimeout, callTimeout, 1, 1
		o.ContextTimeoutEnabled = true
		return redis.NewFailoverClient(o), nil
	case parsed.Query().Has("addr"):
		o, err := redis.ParseClusterURL(address)
		if err != nil {
			return nil, fmt.Errorf("the address of Redis: %w", err)
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.DialerRetries, o.MaxRetries = dialTimeout, callTimeout, callTimeout, 1, 1
		o.ContextTimeoutEnabled = true
		return redis.NewClusterClient(o), nil
	}
	o, err := redis.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("the address of Redis: %w", err)
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.DialerRetries, o.MaxRetries = dialTimeout, callTimeout, callTimeout, 1, 1
	o.ContextTimeoutEnabled = true
	return redis.NewClient(o), nil
}

// printer lets the client's log be ours.
type printer struct{ log *slog.Logger }

func (p printer) Printf(ctx context.Context, format string, v ...any) {
	p.log.WarnContext(ctx, "redis client", "said", fmt.Sprintf(format, v...))
}

// Ready returns nil when Redis answers and throws nothing away; ErrEvicts when its memory's policy is another.
func (r *Redis) Ready(ctx context.Context) error {
	var err error
	if cluster, ok := r.pipe.db.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return ready(ctx, node) })
	} else {
		err = ready(ctx, r.pipe.db)
	}
	if err != nil {
		return fmt.Errorf("ask Redis whether it is ready: %w", err)
	}
	return nil
}

// ready reads INFO, because hosted servers refuse CONFIG.
func ready(ctx context.Context, node redis.Cmdable) error {
	info, err := node.Info(ctx, "memory").Result()
	if err != nil {
		return err
	}
	if !strings.Contains(info, "maxmemory_policy:noeviction") {
		return ErrEvicts
	}
	return nil
}
