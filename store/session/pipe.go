package session

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// inFlight is how many pipelines are under way at once; what comes meanwhile shares the next one.
const inFlight = 2

// pipe sends scripts to Redis: all that wait at the same time travel together. The first caller carries the pipeline
// himself, so that an idle process pays for no switch of goroutines.
type pipe struct {
	db redis.UniversalClient

	mu      sync.Mutex
	waiting []*request
	flying  int
}

// call is one run of a script. Its result is there when its request is done.
type call struct {
	script *redis.Script
	keys   []string
	args   []any
	result *redis.Cmd
}

type request struct {
	calls []*call
	done  chan struct{}
}

// do runs the calls. An error means that they may run or not and have no result; else each result has its own error.
func (p *pipe) do(ctx context.Context, calls ...*call) error {
	if err := ctx.Err(); err != nil || len(calls) == 0 {
		return err
	}
	r := &request{calls, make(chan struct{})}
	p.mu.Lock()
	p.waiting = append(p.waiting, r)
	if p.flying < inFlight {
		p.flying++
		batch := p.takeLocked()
		p.mu.Unlock()
		p.run(batch)
		p.pass()
		return nil
	}
	p.mu.Unlock()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pass leaves what came meanwhile to a goroutine of its own: the carrier has his answer.
func (p *pipe) pass() {
	if batch := p.next(); batch != nil {
		go func() {
			for ; batch != nil; batch = p.next() {
				p.run(batch)
			}
		}()
	}
}

// next takes what waits, or ends one pipeline when nothing does.
func (p *pipe) next() []*request {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		p.flying--
		return nil
	}
	return p.takeLocked()
}

func (p *pipe) takeLocked() []*request {
	batch := p.waiting
	p.waiting = nil
	return batch
}

// run sends a batch. The client's own time-outs bound it: it belongs to many callers, and to none's context.
func (p *pipe) run(batch []*request) {
	ctx := context.Background()
	first := p.db.Pipeline()
	for _, r := range batch {
		for _, c := range r.calls {
			c.result = c.script.EvalSha(ctx, first, c.keys, c.args...)
		}
	}
	if _, err := first.Exec(ctx); err != nil { // each result holds its own
		p.teach(ctx, batch)
	}
	for _, r := range batch {
		close(r.done)
	}
}

// teach repeats the calls whose script a server did not know, because it is new, started again or took over: those did
// not run.
func (p *pipe) teach(ctx context.Context, batch []*request) {
	again := p.db.Pipeline()
	for _, r := range batch {
		for _, c := range r.calls {
			if redis.HasErrorPrefix(c.result.Err(), "NOSCRIPT") {
				c.result = c.script.Eval(ctx, again, c.keys, c.args...)
			}
		}
	}
	_, _ = again.Exec(ctx) // each result holds its own error
}
