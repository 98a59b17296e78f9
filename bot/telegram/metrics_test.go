package telegram_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"sahabatrt/bot"
	"sahabatrt/bot/telegram"
	"sahabatrt/bot/telegram/telegramtest"
)

func TestWhatTheMetricsSay(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	w := newWorld(t, func(o *telegram.Options) { o.Metrics = registry })
	pak := w.friend("Sulaiman Contoh")
	<-w.poll(t)
	for _, fault := range []*telegramtest.Answer{nil, telegramtest.Blocked, telegramtest.BadGateway, telegramtest.TooManyRequests(1)} {
		if fault != nil {
			w.Inject(telegramtest.Fault{Method: "sendMessage", Answer: fault, Times: 1})
		}
		_ = w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: "Baik."})
	}
	want := `
# HELP sahabat_telegram_addresses_gone_total Addresses found dead: blocked, deactivated, or not there.
# TYPE sahabat_telegram_addresses_gone_total counter
sahabat_telegram_addresses_gone_total 1
# HELP sahabat_telegram_sends_total Calls that send something, by what became of them.
# TYPE sahabat_telegram_sends_total counter
sahabat_telegram_sends_total{result="failed"} 1
sahabat_telegram_sends_total{result="gone"} 1
sahabat_telegram_sends_total{result="moved"} 0
sahabat_telegram_sends_total{result="refused"} 0
sahabat_telegram_sends_total{result="sent"} 1
sahabat_telegram_sends_total{result="too_many"} 1
sahabat_telegram_sends_total{result="unclear"} 0
# HELP sahabat_telegram_waiting Messages that wait for their turn to be sent.
# TYPE sahabat_telegram_waiting gauge
sahabat_telegram_waiting{class="reply"} 0
sahabat_telegram_waiting{class="unprompted"} 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "sahabat_telegram_addresses_gone_total", "sahabat_telegram_sends_total", "sahabat_telegram_waiting"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"sahabat_telegram_update_age_seconds", "sahabat_telegram_pace_seconds"} {
		if n, err := testutil.GatherAndCount(registry, name); err != nil || n != 1 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

// counted is what a counter without labels stands at.
func counted(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}
