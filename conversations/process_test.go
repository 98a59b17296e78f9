package conversations_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"

	"sahabatrt/bot"
	"sahabatrt/store"
	"sahabatrt/store/storetest"
)

// TestMain is also the bot itself, when a test started this binary as one.
func TestMain(m *testing.M) {
	if home := os.Getenv("TEST_HOME"); home != "" {
		if err := serve(home); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	storetest.Main(m)
}

// points are all that a process can be killed at.
var points = slices.Concat(bot.Points, store.Points)

// heard is a line from a process: updates that are acknowledged, a point that is passed, or what somebody is told.
type heard struct {
	Acknowledged bool         `json:",omitempty"`
	Passed       string       `json:",omitempty"`
	Said         *bot.Message `json:",omitempty"`
}

// wire is the channel of a process: its standard output.
type wire struct{ mu sync.Mutex }

func (w *wire) write(h heard) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return json.NewEncoder(os.Stdout).Encode(h)
}

func (w *wire) Send(_ context.Context, m bot.Message) error { return w.write(heard{Said: &m}) }

// serve is a process: it takes updates from its standard input, each line a batch, and ends when all are answered.
func serve(at string) (err error) {
	var h home
	if err := json.Unmarshal([]byte(at), &h); err != nil {
		return err
	}
	kill, err := bot.KillAt(os.Getenv("SAHABAT_KILL"), points...)
	if err != nil {
		return err
	}
	w := &wire{}
	pass := func(point string) {
		_ = w.write(heard{Passed: point}) // nobody listens any more when it fails
		kill(point)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c, err := openCity(ctx, h, os.Getenv("SAHABAT_PROCESS"), slog.New(slog.NewTextHandler(os.Stderr, nil)), pass)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	c.lanes.Channels = map[string]bot.Channel{"terminal": w}
	if err := c.lanes.Recover(ctx); err != nil {
		return err
	}
	ended := make(chan error)
	go func() { ended <- c.lanes.Run(ctx, ctx) }()
	for in := json.NewDecoder(os.Stdin); ; {
		var batch []bot.Update
		if err := in.Decode(&batch); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if err := c.lanes.Accept(ctx, ctx, batch); err != nil {
			return err
		}
		if err := w.write(heard{Acknowledged: true}); err != nil {
			return err
		}
	}
	c.lanes.Wait()
	cancel()
	return <-ended
}

// process is a bot in a process of its own, as the test sees it.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan heard // closed when it ended
	stderr bytes.Buffer
	said   []bot.Message
	passed map[string]int
}

// launch starts one under a name; kill is where it dies, "" nowhere.
func launch(t *testing.T, h home, name, kill string) *process {
	t.Helper()
	at, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.CommandContext(t.Context(), os.Args[0]), lines: make(chan heard, 10_000), passed: map[string]int{}}
	p.cmd.Env = append(os.Environ(), "TEST_HOME="+string(at), "SAHABAT_PROCESS="+name, "SAHABAT_KILL="+kill)
	p.cmd.Stderr = &p.stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var h heard
			if json.Unmarshal(lines.Bytes(), &h) == nil { // the last may be cut off
				p.lines <- h
			}
		}
	}()
	return p
}

// hear takes the next line; alive is false when there is none any more.
func (p *process) hear() (h heard, alive bool) {
	h, alive = <-p.lines
	if h.Said != nil {
		p.said = append(p.said, *h.Said)
	}
	if h.Passed != "" {
		p.passed[h.Passed]++
	}
	return h, alive
}

// send hands over a batch; alive is false when the process died before it acknowledged it.
func (p *process) send(batch []bot.Update) (alive bool) {
	if json.NewEncoder(p.in).Encode(batch) != nil { // it is dead: what it said before is still to be heard
		for alive = true; alive; {
			_, alive = p.hear()
		}
		return false
	}
	for {
		h, alive := p.hear()
		if !alive || h.Acknowledged {
			return alive
		}
	}
}

// until hears until a point was passed so many times; alive is false when the process died before.
func (p *process) until(point string, times int) (alive bool) {
	for p.passed[point] < times {
		if _, alive := p.hear(); !alive {
			return false
		}
	}
	return true
}

// finish lets the process answer everything and end; killed is whether it was killed before that.
func (p *process) finish() (killed bool) {
	p.t.Helper()
	_ = p.in.Close() // it may be dead
	for alive := true; alive; {
		_, alive = p.hear()
	}
	if p.cmd.Wait() == nil {
		return false
	}
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		p.t.Fatalf("the process failed: %s", p.stderr.String())
	}
	return true
}

// died fails the test unless the process was killed.
func (p *process) died() {
	p.t.Helper()
	if !p.finish() {
		p.t.Fatalf("the process ended by itself: %s", p.stderr.String())
	}
}
