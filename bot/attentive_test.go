package bot_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sahabatrt/bot"
	"sahabatrt/bot/bottest"
	"sahabatrt/locales"
)

// attentive is a channel that notes when it sent, answered a press, and showed that it types.
type attentive struct {
	began  time.Time
	answer time.Duration // how long an answer travels

	mu    sync.Mutex
	shown []event
}

type event struct {
	what string
	at   time.Duration
}

func (a *attentive) note(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown = append(a.shown, event{what, time.Since(a.began)})
}

func (a *attentive) Send(context.Context, bot.Message) error { a.note("send"); return nil }
func (a *attentive) Typing(context.Context, bot.Address)     { a.note("typing") }
func (a *attentive) Answer(context.Context, bot.Update) {
	time.Sleep(a.answer)
	a.note("answered")
}

// attend plays one update whose understanding takes so long.
func attend(t *testing.T, u bot.Update, turn, answer time.Duration) []event {
	t.Helper()
	channel := &attentive{began: time.Now(), answer: answer}
	e := shop(t, func() error { return nil })
	e.Understand = func(*bot.Turn) bot.Intent { time.Sleep(turn); return bot.Intent{} }
	l := &bot.Lanes{Engine: e, Sessions: &memory{}, Channels: map[string]bot.Channel{"terminal": channel}, Now: time.Now, Log: bottest.Quiet()}
	if err := l.Accept(t.Context(), t.Context(), []bot.Update{u}); err != nil {
		t.Fatal(err)
	}
	l.Wait()
	return channel.shown
}

func TestTypingIsShownOnlyWhileATurnTakesLong(t *testing.T) {
	for turn, want := range map[time.Duration][]event{
		0:                      {{"send", 0}},
		699 * time.Millisecond: {{"send", 699 * time.Millisecond}},
		7 * time.Second:        {{"typing", 700 * time.Millisecond}, {"typing", 5700 * time.Millisecond}, {"send", 7 * time.Second}},
	} {
		synctest.Test(t, func(t *testing.T) {
			if shown := attend(t, says("1", "halo"), turn, 0); !slices.Equal(shown, want) {
				t.Errorf("a turn of %v shows %v, want %v", turn, shown, want)
			}
		})
	}
}

func TestAPressIsAnsweredBesideItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		press := says("1", "")
		press.Press, press.Ack = &bot.Press{Prompt: 1, Choice: "ya"}, "7" // an old one: it is answered too
		shown := attend(t, press, 0, 30*time.Second)
		if want := []event{{"send", 0}, {"answered", 30 * time.Second}}; !slices.Equal(shown, want) {
			t.Errorf("%v, want %v", shown, want)
		}
	})
}

// left is what a process that died left behind, for the first who looks.
type left struct {
	memory
	claims []*bot.Claim
}

func (l *left) Due(context.Context, int) (claims []*bot.Claim, err error) {
	claims, l.claims = l.claims, nil
	return claims, nil
}

// recovered plays one claim that was left.
func recovered(t *testing.T, c *bot.Claim, answer time.Duration) []event {
	t.Helper()
	channel := &attentive{began: time.Now(), answer: answer}
	l := &bot.Lanes{Engine: shop(t, func() error { return nil }), Sessions: &left{claims: []*bot.Claim{c}},
		Channels: map[string]bot.Channel{"terminal": channel}, Now: time.Now, Log: bottest.Quiet()}
	if err := l.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.Wait()
	return channel.shown
}

// TestAPressIsAnsweredByWhoeverDelivers: its turn was played and kept, and then the process died.
func TestAPressIsAnsweredByWhoeverDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := says("1", "halo")
		shown := recovered(t, &bot.Claim{Addr: u.From, Replies: []bot.Message{{To: u.From, Text: "Baik.", Ack: "7"}, {To: u.From, Text: "Lagi."}}}, time.Second)
		if want := []event{{"send", 0}, {"answered", time.Second}, {"send", time.Second}}; !slices.Equal(shown, want) {
			t.Errorf("%v, want %v", shown, want)
		}
	})
}

// TestAPressThatHangsIsLeftBehind: the next message of the chat waits three seconds for it.
func TestAPressThatHangsIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		press, next := says("1", ""), says("2", "halo")
		press.Press, press.Ack = &bot.Press{Prompt: 1, Choice: "ya"}, "7"
		shown := recovered(t, &bot.Claim{Addr: press.From, Inbox: []bot.Update{press, next}}, 30*time.Second)
		if want := []event{{"send", 0}, {"send", 3 * time.Second}, {"answered", 30 * time.Second}}; !slices.Equal(shown, want) {
			t.Errorf("%v, want %v", shown, want)
		}
	})
}

// TestTheContactButtonGoes: the message after a prompt that offered to share one's number takes that button away.
func TestTheContactButtonGoes(t *testing.T) {
	e := shop(t, func() error { return nil })
	offers := true
	e.Flows[0] = bot.Flow[order]{Name: "greet", Steps: []bot.Step[order]{{
		Name: "phone",
		Ask: func(context.Context, *bot.Turn, *order) (bot.Prompt, error) {
			return bot.Prompt{Text: locales.T("register.name.ask"), Free: true, ShareContact: offers}, nil
		},
		Answer: func(context.Context, *bot.Turn, *order) (bot.Next, error) {
			offers = false
			return bot.To("phone"), nil
		},
	}}}.Playable()
	var raw json.RawMessage
	for i, want := range []struct{ offered, over bool }{{true, false}, {false, true}, {false, false}} {
		out, err := e.Play(t.Context(), raw, says("1", "halo"), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		m := bot.Message{}
		if len(out.Replies) > 0 {
			m = out.Replies[0]
		}
		if offered := m.ShareContact != ""; offered != want.offered || m.ContactOver != want.over {
			t.Errorf("message %d: offers %v, over %v", i, offered, m.ContactOver)
		}
		raw = out.Session
	}
}
