// Command sahabatrt is the chat bot of the Kampung Bahagia programme and its tools for operators.
//
// It wires the parts together and does nothing else: no rule, no question and no SQL is written here.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// gcPercent lets the heap, most of which is gone with its message, grow to four times what stays.
const gcPercent = 300

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // whoever asks twice does not want to wait
	m := Main{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now, channels: (*Config).channels}
	os.Exit(m.Run(ctx, os.Args[1:]))
}

// Main is one run of the program with the world it sees.
type Main struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Now            func() time.Time
	channels       func(*Config, surroundings) ([]channel, error)
}

// cli is every command and setting.
type cli struct {
	Config
	Serve   serveCmd   `cmd:"" default:"1" help:"Run the bot on the configured channels. This is what sahabatrt does without a command."`
	Chat    chatCmd    `cmd:"" help:"Talk to the bot in this terminal, as a person of the sample city or of the imported lists."`
	Import  importCmd  `cmd:"" help:"Record official lists from CSV files."`
	Invite  inviteCmd  `cmd:"" help:"Make a code that links somebody's chat to an office."`
	Unlink  unlinkCmd  `cmd:"" help:"End the links of a person's chats, when his phone was lost."`
	Audit   auditCmd   `cmd:"" help:"Tell who did what to which record, and what officials read: ids and times, in order."`
	Export  exportCmd  `cmd:"" help:"Write the lists that people need."`
	Quote   quoteCmd   `cmd:"" help:"Compute contributions: one JSON object a line in, one out."`
	Check   checkCmd   `cmd:"" help:"Prove that the records agree with each other; list what does not."`
	Doctor  doctorCmd  `cmd:"" help:"Look at database, Redis, key and channels, and say what is to be mended."`
	Keys    keysCmd    `cmd:"" help:"Rotate, re-wrap, export and restore the keys of the records."`
	Healthy healthyCmd `cmd:"" help:"Ask the bot that runs here whether it is ready: exit 0 or 1."`
	Jobs    jobsCmd    `cmd:"" help:"List the jobs that failed, or have one done again."`
	Webhook webhookCmd `cmd:"" help:"Set, delete or show the webhook of Telegram."`
	Migrate migrateCmd `cmd:"" help:"Bring the schema up to date."`
	Backup  backupCmd  `cmd:"" help:"Copy the records to a new file, sealed as they are."`
}

// Run runs one command and returns the exit code: 0, 1 for a failure, 2 for words it does not know.
func (m Main) Run(ctx context.Context, args []string) (code int) {
	var c cli
	exit := -1
	parser, err := kong.New(&c, kong.Name("sahabatrt"), kong.Writers(m.Stdout, m.Stderr), kong.Exit(func(n int) { exit = n }),
		kong.Description("The chat bot for the Kampung Bahagia programme of Kota Jambi. Start with: sahabatrt chat --as ketua14"),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(m, &c.Config))
	if err != nil {
		fmt.Fprintln(m.Stderr, err)
		return 2
	}
	run, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintf(m.Stderr, "sahabatrt: %v\nSee sahabatrt --help.\n", err)
		return 2
	}
	if err := run.Run(); err != nil {
		fmt.Fprintf(m.Stderr, "sahabatrt: %v\n", err)
		return 1
	}
	return 0
}
