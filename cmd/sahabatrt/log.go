package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
)

// secrets are what no log line may hold: bot tokens, WhatsApp ids, runs of sixteen digits and telephone numbers, however
// they are grouped and whatever they stick to. To take out too much is no harm.
var secrets = []*regexp.Regexp{
	regexp.MustCompile(`bot\d+:[\w-]+|\d{6,}:[\w-]{20,}`),
	regexp.MustCompile(`[\w.:+-]+@(s\.whatsapp\.net|c\.us|lid|g\.us|newsletter|broadcast)`),
	regexp.MustCompile(`\d(?:[\s.-]{0,2}\d){15,}`),
	regexp.MustCompile(`\+\d(?:[\s.()-]{0,2}\d){7,14}`),
	regexp.MustCompile(`(?:62|0)[\s.-]?8(?:[\s.-]{0,2}\d){7,12}`),
}

// scrub takes secrets out of a text.
func scrub(s string) string {
	for _, secret := range secrets {
		s = secret.ReplaceAllString(s, "[removed]")
	}
	return s
}

// scrubber is a handler that lets nothing personal through, whoever logs.
type scrubber struct{ slog.Handler }

func (c *Config) log(out io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(scrubber{slog.NewJSONHandler(out, opts)})
	}
	return slog.New(scrubber{slog.NewTextHandler(out, opts)})
}

func (h scrubber) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, scrub(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(scrubAttr(a))
		return true
	})
	return h.Handler.Handle(ctx, clean)
}

func (h scrubber) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = scrubAttr(a)
	}
	return scrubber{h.Handler.WithAttrs(clean)}
}

func (h scrubber) WithGroup(name string) slog.Handler { return scrubber{h.Handler.WithGroup(name)} }

func scrubAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		var clean []any
		for _, one := range v.Group() {
			clean = append(clean, scrubAttr(one))
		}
		return slog.Group(a.Key, clean...)
	case slog.KindBool, slog.KindFloat64, slog.KindDuration, slog.KindTime:
		return a
	}
	text := fmt.Sprint(v.Any())
	clean := scrub(text)
	if number := v.Kind() == slog.KindInt64 || v.Kind() == slog.KindUint64; number && clean == text {
		return a
	}
	return slog.String(a.Key, clean)
}
