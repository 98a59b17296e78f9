package conversations_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/bot/telegram"
	"sahabatrt/bot/telegram/telegramtest"
	"sahabatrt/store"
)

// TestANoticeOutlivesTelegram: what Telegram surely did not take stays due and is told later; what it may have taken is
// not told twice.
func TestANoticeOutlivesTelegram(t *testing.T) {
	for name, row := range map[string]struct {
		fault telegramtest.Fault
		shut  bool // nobody listens where Telegram was
		state store.NoticeState
	}{
		"bad gateway":      {fault: telegramtest.Fault{Answer: telegramtest.BadGateway}, state: store.NoticeDue},
		"a gateway's page": {fault: telegramtest.Fault{Answer: telegramtest.GatewayPage}, state: store.NoticeDue},
		"a closed port":    {shut: true, state: store.NoticeDue},
		"cut":              {fault: telegramtest.Fault{Cut: true}, state: store.NoticeUnclear},
	} {
		t.Run(name, func(t *testing.T) {
			srv := telegramtest.New(t, telegramtest.Config{})
			bu := srv.User("Lurah Contoh")
			bu.Start("")
			c, id, _ := alerted(t, strconv.FormatInt(bu.Chat(), 10))
			endpoint := srv.URL()
			if row.shut {
				endpoint = "http://127.0.0.1:1"
			}
			tg, err := telegram.New(telegram.Options{Token: srv.Token, Endpoint: endpoint, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			defer tg.Close()
			if row.fault != (telegramtest.Fault{}) {
				row.fault.Method, row.fault.Times = "sendMessage", 1
				srv.Inject(row.fault)
			}
			c.notices.Send = func(ctx context.Context, m bot.Message) error {
				m.To.Channel = telegram.Channel
				return tg.Send(ctx, m)
			}
			err = c.work(id)
			if got := c.notice(t, id).State; got != row.state || (err == nil) != (row.state == store.NoticeUnclear) {
				t.Fatalf("the notice is %s after %v, want %s", got, err, row.state)
			}
			if row.shut || row.state != store.NoticeDue {
				return
			}
			if err := c.work(id); err != nil || c.notice(t, id).State != store.NoticeSent || len(bu.Read()) != 1 {
				t.Errorf("told again it is %s: %v", c.notice(t, id).State, err)
			}
		})
	}
}
