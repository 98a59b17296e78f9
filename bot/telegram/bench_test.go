package telegram_test

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/bot/telegram"
	"sahabatrt/bot/telegram/telegramtest"
)

// BenchmarkSend is how fast messages with buttons go out over sockets without a pace, from 64 chats at the same time. It
// shares the processors with the server that takes them.
func BenchmarkSend(b *testing.B) {
	srv := telegramtest.New(b, telegramtest.Config{Lean: true})
	tg, err := telegram.New(telegram.Options{Token: srv.Token, Endpoint: srv.URL(), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer tg.Close()
	var chats atomic.Int64
	b.SetParallelism(32) // times the processors, of which the usual small machine has two
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		pak := srv.User(fmt.Sprint("Orang Contoh ", chats.Add(1)))
		pak.Start("")
		m := bot.Message{To: at(pak), Text: "Pekerjaannya apa?", Prompt: 1, Choices: []bot.Button{{ID: "becak", Label: "Tukang becak"}, {ID: "ojek", Label: "Ojek pangkalan"}}}
		for pb.Next() {
			if err := tg.Send(b.Context(), m); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
