package session

import (
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/store/session/redistest"
	"sahabatrt/store/storetest"
)

// One message is accepted, its outcome put, its reply delivered and the chat freed: three commits or pipelines, shared
// by the chats that are played at the same time.
func BenchmarkTurn(b *testing.B) {
	for _, lanes := range []int{1, 16, 128} {
		name := "chats=" + strconv.Itoa(lanes) + "/"
		b.Run(name+storetest.Engine(), func(b *testing.B) { turns(b, lanes, start(openStore(b, time.Now), "a")) })
		if storetest.OnPostgres() {
			continue // once is enough
		}
		b.Run(name+"Redis", func(b *testing.B) { turns(b, lanes, openRedis(b, redistest.URL(b)).process("a", "terminal")) })
	}
}

func turns(b *testing.B, lanes int, s bot.Sessions) {
	session := make([]byte, 500)
	var last atomic.Int64
	b.SetParallelism((lanes + 1) / 2) // times the processors, of which the usual small machine has two
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		from := bot.Address{Channel: "terminal", ID: strconv.FormatInt(last.Add(1), 10)}
		for pb.Next() {
			id := strconv.FormatInt(last.Add(1), 10)
			claims, err := s.Accept(b.Context(), []bot.Update{{ID: id, From: from, Text: "sisa anggaran berapa"}})
			if err != nil || len(claims) != 1 {
				b.Errorf("%d claims, %v", len(claims), err)
				return
			}
			c := claims[0]
			o := bot.Outcome{Session: session, Replies: []bot.Message{{To: from, Text: "Sisa anggaran RT Bapak Rp16.800."}}}
			if err := s.Put(b.Context(), c, o); err != nil {
				b.Error(err)
				return
			}
			if _, err := s.Done(b.Context(), c, 1); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
