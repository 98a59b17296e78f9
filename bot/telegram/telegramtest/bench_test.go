package telegramtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"sahabatrt/bot/telegram/telegramtest"
)

// BenchmarkEcho is 128 people who each wait for the answer before they write again, and the smallest bot that there is: it
// polls, and answers with a question under which there are two buttons. An operation is a message and its answer.
func BenchmarkEcho(b *testing.B) {
	b.Run("socket", func(b *testing.B) {
		benchmarkEcho(b, func(s *telegramtest.Server) (*http.Client, string) {
			transport := &http.Transport{MaxIdleConnsPerHost: 256}
			b.Cleanup(transport.CloseIdleConnections)
			return &http.Client{Transport: transport}, s.URL()
		})
	})
	b.Run("in process", func(b *testing.B) {
		benchmarkEcho(b, func(s *telegramtest.Server) (*http.Client, string) { return s.Client(), telegramtest.InProcess })
	})
}

func benchmarkEcho(b *testing.B, reach func(*telegramtest.Server) (*http.Client, string)) {
	s := telegramtest.New(b, telegramtest.Config{Lean: true})
	client, base := reach(s)
	post := func(method, form string) ([]byte, error) {
		resp, err := client.Post(base+"/bot"+s.Token+"/"+method, "application/x-www-form-urlencoded", strings.NewReader(form))
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		return io.ReadAll(resp.Body)
	}
	work := make(chan int64, 1024)
	var senders, poller sync.WaitGroup
	for range 32 {
		senders.Go(func() {
			for chat := range work {
				form := "text=Benar%3F&reply_markup=%7B%22inline_keyboard%22%3A%5B%5B%7B%22text%22%3A%22Ya%22%2C%22callback_data%22%3A%221.ya%22%7D%5D%5D%7D&chat_id=" + strconv.FormatInt(chat, 10)
				if _, err := post("sendMessage", form); err != nil {
					b.Error(err)
				}
			}
		})
	}
	stop := make(chan struct{})
	poller.Go(func() {
		defer close(work)
		for offset := 0; ; {
			body, err := post("getUpdates", fmt.Sprintf("timeout=1&offset=%d", offset))
			if err != nil {
				b.Error(err)
				return
			}
			var r struct {
				Result []struct {
					ID      int `json:"update_id"`
					Message struct{ Chat struct{ ID int64 } }
				}
			}
			if err := json.Unmarshal(body, &r); err != nil {
				b.Error(err)
				return
			}
			for _, u := range r.Result {
				offset = u.ID + 1
				work <- u.Message.Chat.ID
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	var people sync.WaitGroup
	b.ResetTimer()
	for i := range 128 {
		u := s.User("Contoh " + strconv.Itoa(i))
		people.Go(func() {
			for range (b.N + 127 - i) / 128 {
				if _, err := u.Talk(b.Context(), "halo"); err != nil {
					b.Error(err)
				}
			}
		})
	}
	people.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	b.StopTimer()
	close(stop)
	poller.Wait()
	senders.Wait()
}
