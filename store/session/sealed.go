package session

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"sahabatrt/store"
)

// SealedBy counts the values in Redis by the id of the key that they are sealed with: such a key must not be dropped.
func (r *Redis) SealedBy(ctx context.Context) (map[uint32]int64, error) {
	count := map[uint32]int64{}
	add := func(value string) {
		if id, ok := store.KeyOf(value); ok {
			count[id]++
		}
	}
	err := r.eachKey(ctx, "c:*", func(key string) error {
		fields, err := r.pipe.db.HMGet(ctx, key, "s", "r", "a", "q").Result()
		if err != nil {
			return err
		}
		for _, field := range fields[:3] {
			add(text(field))
		}
		for _, body := range bodies(text(fields[3])) {
			add(body)
		}
		return nil
	})
	if err == nil {
		err = r.eachAside(ctx, func(_, _ string, update string) error { add(update); return nil })
	}
	if err != nil {
		return nil, fmt.Errorf("count what is sealed in Redis: %w", err)
	}
	return count, nil
}

// bodies are the updates of an inbox as they lie there; what is cut off is left out.
func bodies(inbox string) (out []string) {
	for len(inbox) >= 4 {
		end := 4 + int(binary.BigEndian.Uint32([]byte(inbox)))
		if len(inbox) < end {
			break
		}
		out, inbox = append(out, inbox[4:end]), inbox[end:]
	}
	return out
}

// eachAside calls do for every update that was set aside: its slot's key, the entry as it lies there, and the sealed update.
func (r *Redis) eachAside(ctx context.Context, do func(key, entry, update string) error) error {
	return r.eachKey(ctx, "aside", func(key string) error {
		entries, err := r.pipe.db.LRange(ctx, key, 0, -1).Result()
		if err != nil {
			return err
		}
		for _, entry := range entries {
			var aside struct{ Update string }
			if json.Unmarshal([]byte(entry), &aside) != nil {
				continue
			}
			if err := do(key, entry, aside.Update); err != nil {
				return err
			}
		}
		return nil
	})
}

// Aside names the chats of the updates that were set aside unplayed, one for each update.
func (r *Redis) Aside(ctx context.Context) (chats []string, err error) {
	err = r.eachAside(ctx, func(_, entry, _ string) error {
		var aside struct{ Chat string }
		if err := json.Unmarshal([]byte(entry), &aside); err != nil {
			return err
		}
		chats = append(chats, aside.Chat)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list what was set aside in Redis: %w", err)
	}
	return chats, nil
}

// ForgetAside drops the updates of a chat that were set aside: an operator has looked after them. It returns how many.
func (r *Redis) ForgetAside(ctx context.Context, chat string) (n int, err error) {
	err = r.eachAside(ctx, func(key, entry, _ string) error {
		var aside struct{ Chat string }
		if json.Unmarshal([]byte(entry), &aside) != nil || aside.Chat != chat {
			return nil
		}
		n++
		return r.pipe.db.LRem(ctx, key, 1, entry).Err()
	})
	if err != nil {
		return n, fmt.Errorf("forget what was set aside in Redis: %w", err)
	}
	return n, nil
}

// eachKey calls do for every key of every slot that ends like name, which may be a pattern.
func (r *Redis) eachKey(ctx context.Context, name string, do func(key string) error) error {
	var one sync.Mutex // the nodes of a Cluster are asked side by side
	scan := func(ctx context.Context, node redis.Cmdable) error {
		one.Lock()
		defer one.Unlock()
		keys := node.Scan(ctx, 0, r.prefix+"rt:{*}:"+name, 1000).Iterator()
		for keys.Next(ctx) {
			if err := do(keys.Val()); err != nil {
				return err
			}
		}
		return keys.Err()
	}
	if cluster, ok := r.pipe.db.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return scan(ctx, node) })
	}
	return scan(ctx, r.pipe.db)
}

// Living counts the processes that say that they play conversations here.
func (r *Redis) Living(ctx context.Context) (n int, err error) {
	said, err := r.pipe.db.HVals(ctx, r.slot(0)+"alive").Result()
	if err != nil {
		return 0, fmt.Errorf("look for processes at work: %w", err)
	}
	now, err := r.pipe.db.Time(ctx).Result()
	if err != nil {
		return 0, fmt.Errorf("ask Redis for the time: %w", err)
	}
	if r.ahead != nil {
		now = now.Add(r.ahead())
	}
	for _, s := range said {
		if _, until, _ := strings.Cut(s, "|"); time.UnixMicro(number(until)).After(now) {
			n++
		}
	}
	return n, nil
}
