package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/store"
)

// channel is one way to people. Its name is that of its addresses.
type channel struct {
	name    string
	channel bot.Channel

	// run takes updates in until ctx ends: accept keeps them, and only when it returns nil may they be acknowledged.
	// An error ends the program.
	run func(ctx context.Context, accept func(context.Context, []bot.Update) error) error

	// doctor says what is to be mended, a line each; nil for nothing to look at.
	doctor func(ctx context.Context, r *report)
}

// surroundings are what a channel may need of the rest. The doctor has no records: db is nil there.
type surroundings struct {
	db      *store.DB
	texts   *locales.Catalogue
	now     func() time.Time
	log     *slog.Logger
	metrics prometheus.Registerer
}

// channels are those that the settings name, in no need of a network yet.
func (c *Config) channels(surroundings) ([]channel, error) { return nil, nil }
