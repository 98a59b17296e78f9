package telegram

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sahabatrt/bot"
)

// metrics count what passes the channel. Those that no registry shows count all the same.
type metrics struct {
	age   prometheus.Histogram
	sends map[result]prometheus.Counter
	pace  prometheus.Histogram
	gone  prometheus.Counter

	undelivered prometheus.Counter
}

// result is what became of a send, as its metric names it.
type result string

const (
	resultSent    result = "sent"
	resultGone    result = "gone"
	resultRefused result = "refused"
	resultMoved   result = "moved"
	resultTooMany result = "too_many"
	resultUnclear result = "unclear"
	resultFailed  result = "failed"
)

var results = []result{resultSent, resultGone, resultRefused, resultMoved, resultTooMany, resultUnclear, resultFailed}

func newMetrics(registry prometheus.Registerer, pacer *bot.Pacer) *metrics {
	sends := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sahabat_telegram_sends_total", Help: "Calls that send something, by what became of them."}, []string{"result"})
	m := &metrics{
		age: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sahabat_telegram_update_age_seconds", Help: "How old a message was when it was kept; Telegram tells whole seconds.",
			Buckets: []float64{1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86400}}),
		sends: map[result]prometheus.Counter{},
		pace: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sahabat_telegram_pace_seconds", Help: "How long a message waited for its turn to be sent.",
			Buckets: []float64{.001, .01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}}),
		gone: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sahabat_telegram_addresses_gone_total", Help: "Addresses found dead: blocked, deactivated, or not there."}),
		undelivered: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sahabat_telegram_webhook_failures_total", Help: "Looks at the webhook, one a minute, that found a new failure of Telegram to deliver."}),
	}
	for _, r := range results {
		m.sends[r] = sends.WithLabelValues(string(r))
	}
	if registry == nil {
		return m
	}
	waiting := func(class string, count func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sahabat_telegram_waiting", Help: "Messages that wait for their turn to be sent.",
			ConstLabels: prometheus.Labels{"class": class}}, func() float64 { return float64(count()) })
	}
	registry.MustRegister(m.age, sends, m.pace, m.gone, m.undelivered,
		waiting("reply", func() int { n, _ := pacer.Waiting(); return n }),
		waiting("unprompted", func() int { _, n := pacer.Waiting(); return n }))
	return m
}

// taken notes how old updates were when they were kept. A press tells no time.
func (m *metrics) taken(in []bot.Update, now time.Time) {
	for i := range in {
		if in[i].Press == nil {
			m.age.Observe(max(now.Sub(in[i].At), 0).Seconds())
		}
	}
}
