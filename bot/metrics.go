package bot

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what the lanes of this process do. One that is nil counts nothing.
type Metrics struct {
	now       func() time.Time
	accepted  *prometheus.CounterVec
	refused   *prometheus.CounterVec
	turns     *prometheus.HistogramVec
	aside     prometheus.Counter
	replies   *prometheus.CounterVec
	takenOver prometheus.Counter

	mu    sync.Mutex
	hands map[*hand]struct{}
}

// hand is one claim in a lane's hand.
type hand struct {
	since   atomic.Int64 // unix nanoseconds of the last step: claimed, put, sent
	replies atomic.Int64 // not delivered yet
}

// The results of a turn and of a reply, as their metrics name them.
const (
	turnPlayed = "played"
	turnFailed = "failed"

	replySent    = "sent"
	replyWaits   = "failed" // and is tried again
	replyGone    = "gone"
	replyRefused = "refused"
	replyMoved   = "moved"
)

// NewMetrics returns metrics that registry shows.
func NewMetrics(registry prometheus.Registerer, now func() time.Time) *Metrics {
	count := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, read func(*Metrics) float64, m *Metrics) prometheus.GaugeFunc {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return read(m) })
	}
	m := &Metrics{
		now:      now,
		hands:    map[*hand]struct{}{},
		accepted: count("sahabat_updates_accepted_total", "Updates that were kept, or had been kept before.", "channel"),
		refused:  count("sahabat_updates_refused_total", "Updates that could not be kept and were not acknowledged.", "channel"),
		turns: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sahabat_turn_seconds", Help: "How long one attempt to play an update took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"result"}),
		aside: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sahabat_updates_set_aside_total", Help: "Updates that could not be played: sahabatrt check lists them."}),
		replies: count("sahabat_replies_total", "Attempts to deliver a reply.", "channel", "result"),
		takenOver: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sahabat_claims_taken_over_total", Help: "Chats that nobody alive played and that were due."}),
	}
	registry.MustRegister(m.accepted, m.refused, m.turns, m.aside, m.replies, m.takenOver,
		gauge("sahabat_claims_held", "Chats that are being played.", (*Metrics).held, m),
		gauge("sahabat_replies_waiting", "Replies in hand that are not delivered yet.", (*Metrics).waiting, m),
		gauge("sahabat_claim_oldest_seconds", "How long the chat that waits longest has made no step.", (*Metrics).oldest, m))
	return m
}

// arrived counts updates that were accepted, or with an error could not be.
func (m *Metrics) arrived(in []Update, err error) {
	if m == nil {
		return
	}
	counter := m.accepted
	if err != nil {
		counter = m.refused
	}
	for _, u := range in {
		counter.WithLabelValues(u.From.Channel).Inc()
	}
}

func (m *Metrics) played(took time.Duration, err error) {
	if m == nil {
		return
	}
	result := turnPlayed
	if err != nil {
		result = turnFailed
	}
	m.turns.WithLabelValues(result).Observe(took.Seconds())
}

func (m *Metrics) setAside() {
	if m != nil {
		m.aside.Inc()
	}
}

func (m *Metrics) replied(channel, result string) {
	if m != nil {
		m.replies.WithLabelValues(channel, result).Inc()
	}
}

// undelivered is the result of a reply that is given up.
func undelivered(e *SendError) string {
	if e.Gone {
		return replyGone
	}
	return replyRefused
}

func (m *Metrics) recovered(claims int) {
	if m != nil {
		m.takenOver.Add(float64(claims))
	}
}

// take and drop are called by a lane when it has a chat and when it has none any more; step after each step between.
func (m *Metrics) take(c *Claim) *hand {
	if m == nil {
		return nil
	}
	h := &hand{}
	m.step(h, c)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hands[h] = struct{}{}
	return h
}

func (m *Metrics) step(h *hand, c *Claim) {
	if m == nil {
		return
	}
	h.since.Store(m.now().UnixNano())
	h.replies.Store(int64(len(c.Replies)))
}

func (m *Metrics) drop(h *hand) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.hands, h)
}

func (m *Metrics) held() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return float64(len(m.hands))
}

func (m *Metrics) waiting() (n float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for h := range m.hands {
		n += float64(h.replies.Load())
	}
	return n
}

// oldest is in seconds, 0 when no chat is played.
func (m *Metrics) oldest() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	oldest := now
	for h := range m.hands {
		if at := time.Unix(0, h.since.Load()); at.Before(oldest) {
			oldest = at
		}
	}
	return now.Sub(oldest).Seconds()
}
