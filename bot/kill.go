package bot

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// KillAt returns an At that kills this process at the n-th passage of a point: "sent:3". Nothing is deferred, flushed or
// given back. point is one of points; "" kills nowhere.
func KillAt(spec string, points ...string) (func(point string), error) {
	if spec == "" {
		return func(string) {}, nil
	}
	at, count, _ := strings.Cut(spec, ":")
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || !slices.Contains(points, at) {
		return nil, fmt.Errorf("kill at %q: want POINT:N, a point of %s", spec, strings.Join(points, ", "))
	}
	var mu sync.Mutex
	return func(point string) {
		mu.Lock()
		defer mu.Unlock()
		if point != at {
			return
		}
		if n--; n > 0 {
			return
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // cannot be refused to oneself
		select {}
	}, nil
}
