package session

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Node is how one server of Redis was found. What a hosted server does not tell is empty.
type Node struct {
	Version     string
	Replica     bool          // it takes no writes
	Policy      string        // maxmemory-policy
	AppendOnly  bool          // what is written goes to a file
	AppendFsync string        // always, everysec or no
	Faults      []string      // of saving, in the words of Redis: "aof_last_write_status is err"
	Replicas    int           // connected ones
	MinReplicas string        // that must have a write, or it is refused
	Ahead       time.Duration // of its clock before ours
}

// Examine looks at every server that is written to, and changes nothing.
func Examine(ctx context.Context, client redis.UniversalClient, now func() time.Time) ([]Node, error) {
	var mu sync.Mutex
	var nodes []Node
	look := func(ctx context.Context, c redis.Cmdable) error {
		node, err := examine(ctx, c, now)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, node)
		return nil
	}
	var err error
	if cluster, ok := client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return look(ctx, c) })
	} else {
		err = look(ctx, client)
	}
	if err != nil {
		return nil, fmt.Errorf("examine Redis: %w", err)
	}
	return nodes, nil
}

func examine(ctx context.Context, c redis.Cmdable, now func() time.Time) (Node, error) {
	info, err := c.Info(ctx).Result()
	if err != nil {
		return Node{}, err
	}
	said := map[string]string{}
	for line := range strings.Lines(info) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			said[name] = value
		}
	}
	asked := now()
	clock, err := c.Time(ctx).Result()
	if err != nil {
		return Node{}, err
	}
	answered := now()
	n := Node{
		Version: said["redis_version"], Replica: said["role"] == "slave", Policy: said["maxmemory_policy"], AppendOnly: said["aof_enabled"] == "1",
		AppendFsync: setting(ctx, c, "appendfsync"), MinReplicas: setting(ctx, c, "min-replicas-to-write"),
		Ahead: clock.Sub(asked.Add(answered.Sub(asked) / 2)),
	}
	n.Replicas, _ = strconv.Atoi(said["connected_slaves"]) // 0 where it is not told
	for _, name := range []string{"rdb_last_bgsave_status", "aof_last_bgrewrite_status", "aof_last_write_status"} {
		if value := said[name]; value != "" && value != "ok" {
			n.Faults = append(n.Faults, name+" is "+value)
		}
	}
	return n, nil
}

// setting asks for what INFO does not tell; "" where that is refused.
func setting(ctx context.Context, c redis.Cmdable, name string) string {
	values, err := c.ConfigGet(ctx, name).Result()
	if err != nil {
		return ""
	}
	return values[name]
}
