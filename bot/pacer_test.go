package bot_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sahabatrt/bot"
)

// slow is a channel as fast as Telegram: thirty a second, a chat three at once and then one a second.
func slow() *bot.Pacer {
	return &bot.Pacer{
		Gap:  time.Second / 30,
		Chat: func(bot.Address) (int, time.Duration) { return 3, time.Second },
		Now:  time.Now,
	}
}

func to(chat int) bot.Message {
	return bot.Message{To: bot.Address{Channel: "test", ID: fmt.Sprint(chat)}}
}

func unprompted(chat int) bot.Message {
	m := to(chat)
	m.Unprompted = true
	return m
}

// sends writes down when each message was let go.
type sends struct {
	start time.Time
	out   chan sent
}

type sent struct {
	what string
	at   time.Duration
}

func (s *sends) do(p *bot.Pacer, m bot.Message, what string, result error) {
	go func() {
		_ = p.Do(context.Background(), m, func() error {
			s.out <- sent{what, time.Since(s.start)}
			return result
		})
	}()
}

func (s *sends) all() (all []sent) {
	for {
		select {
		case one := <-s.out:
			all = append(all, one)
		case <-time.After(time.Hour):
			return all
		}
	}
}

func begin() *sends { return &sends{time.Now(), make(chan sent, 10_000)} }

func TestTheChannelsPaceIsEven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := slow(), begin()
		for chat := range 300 {
			s.do(p, to(chat), "", nil)
		}
		all := s.all()
		for i := 1; i < len(all); i++ {
			if gap := all[i].at - all[i-1].at; gap != p.Gap {
				t.Fatalf("message %d came %v after the one before, want %v", i, gap, p.Gap)
			}
		}
		if len(all) != 300 || all[299].at != 299*p.Gap {
			t.Errorf("%d messages, the last after %v", len(all), all[len(all)-1].at)
		}
	})
}

func TestAQuietHourSavesUpNoBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := slow(), begin()
		s.do(p, to(1), "", nil)
		time.Sleep(time.Hour)
		for chat := range 5 {
			s.do(p, to(chat), "", nil)
		}
		all := s.all()
		for i := 2; i < len(all); i++ {
			if gap := all[i].at - all[i-1].at; gap < p.Gap {
				t.Errorf("message %d came %v after the one before", i, gap)
			}
		}
	})
}

func TestAChatTakesThreeAtOnceAndThenOneASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := slow(), begin()
		p.Gap = 0
		for range 6 {
			s.do(p, to(1), "", nil)
		}
		want := []time.Duration{0, 0, 0, time.Second, 2 * time.Second, 3 * time.Second}
		for i, one := range s.all() {
			if one.at != want[i] {
				t.Errorf("message %d after %v, want %v", i, one.at, want[i])
			}
		}
	})
}

func TestRepliesGoBeforeWhatNobodyAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := slow(), begin()
		for chat := range 100 {
			s.do(p, unprompted(chat), "notice", nil)
		}
		synctest.Wait()
		for chat := range 10 {
			s.do(p, to(1000+chat), "reply", nil)
		}
		for i, one := range s.all()[1:11] {
			if one.what != "reply" {
				t.Errorf("message %d is a %s", i+1, one.what)
			}
		}
	})
}

func TestRepliesGoFirstWithinAChatToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := slow(), begin()
		for range 20 {
			s.do(p, unprompted(1), "notice", nil)
		}
		time.Sleep(10 * time.Millisecond)
		s.do(p, to(1), "reply", nil)
		for _, one := range s.all() {
			if one.what == "reply" && one.at > time.Second {
				t.Errorf("the reply waited %v behind notices", one.at)
			}
		}
	})
}

func TestAChatThatWaitsOrHangsDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := slow(), begin()
		for range 10 { // its sends hang, and more wait for it
			go func() {
				_ = p.Do(context.Background(), to(1), func() error { time.Sleep(30 * time.Second); return nil })
			}()
		}
		synctest.Wait()
		for chat := range 20 {
			s.do(p, to(100+chat), "", nil)
		}
		for i, one := range s.all() {
			if one.at > time.Second {
				t.Errorf("chat %d waited %v", i, one.at)
			}
		}
	})
}

func TestAnOrderToWaitHoldsBackItsChatAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := slow(), begin()
		s.do(p, to(1), "refused", &bot.SendError{Err: errors.New("too many"), RetryAfter: 5 * time.Second})
		time.Sleep(100 * time.Millisecond)
		s.do(p, to(1), "again", nil)
		s.do(p, to(2), "other", nil)
		for _, one := range s.all() {
			if one.what == "again" && one.at != 5*time.Second {
				t.Errorf("the refused chat was sent to after %v", one.at)
			}
			if one.what == "other" && one.at > time.Second {
				t.Errorf("another chat waited %v", one.at)
			}
		}
	})
}

func TestWhenASecondChatIsRefusedTheChannelWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := slow(), begin()
		tooMany := &bot.SendError{Err: errors.New("too many"), RetryAfter: 3 * time.Second}
		s.do(p, to(1), "refused", tooMany)
		synctest.Wait()
		s.do(p, to(2), "refused", tooMany)
		time.Sleep(500 * time.Millisecond)
		for chat := range 10 {
			s.do(p, to(10+chat), "later", nil)
		}
		for _, one := range s.all() {
			if one.what == "later" && one.at < 3*time.Second {
				t.Errorf("a message went out after %v, within the pause of 3s", one.at)
			}
		}
	})
}

func TestTwoChatsRefusedApartAreNotTheChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := slow(), begin()
		tooMany := &bot.SendError{Err: errors.New("too many"), RetryAfter: 30 * time.Second}
		s.do(p, to(1), "refused", tooMany)
		time.Sleep(time.Second)
		s.do(p, to(2), "through", nil) // so it was chat 1 alone
		time.Sleep(time.Second)
		s.do(p, to(3), "refused", tooMany)
		time.Sleep(time.Second)
		s.do(p, to(4), "other", nil)
		for _, one := range s.all() {
			if one.what == "other" && one.at > 4*time.Second {
				t.Errorf("another chat waited until %v", one.at)
			}
		}
	})
}

func TestWhoGivesUpWaitingHoldsNobodyBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := slow(), begin()
		for range 3 {
			s.do(p, to(1), "", nil)
		}
		time.Sleep(200 * time.Millisecond)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		err := p.Do(ctx, to(1), func() error { t.Error("sent"); return nil })
		var said *bot.SendError
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &said) || said.Unclear || said.Gone || said.Refused {
			t.Errorf("gave up with %v: it never left", err)
		}
		s.do(p, to(1), "next", nil)
		for _, one := range s.all() {
			if one.what == "next" && one.at > 1100*time.Millisecond {
				t.Errorf("the next message waited until %v", one.at)
			}
		}
		if r, u := p.Waiting(); r+u > 0 {
			t.Errorf("%d replies and %d notices wait for ever", r, u)
		}
	})
}

func TestWithoutAPaceNothingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := &bot.Pacer{Now: time.Now}, begin()
		for i := range 5000 {
			s.do(p, to(i%7), "", nil)
		}
		all := s.all()
		if len(all) != 5000 || all[4999].at != 0 {
			t.Errorf("%d messages, the last after %v", len(all), all[len(all)-1].at)
		}
	})
}

// TestACallBesideMessages is not made while its chat or the channel was told to wait, and what it is told holds messages
// back.
func TestACallBesideMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := slow()
		beside := func(chat int, result error) (made bool, err error) {
			err = p.Beside(to(chat).To, func() error { made = true; return result })
			return made, err
		}
		told := &bot.SendError{Err: errors.New("too many"), RetryAfter: 10 * time.Second}
		if made, _ := beside(1, told); !made {
			t.Fatal("nobody was told to wait, and it is not made")
		}
		var se *bot.SendError
		if made, err := beside(1, nil); made || !errors.As(err, &se) || se.RetryAfter != 10*time.Second {
			t.Errorf("made: %v, %v while its chat waits", made, err)
		}
		if made, _ := beside(2, nil); !made {
			t.Error("another chat waits too")
		}
		s := begin()
		s.do(p, to(1), "a message of the chat", nil)
		if all := s.all(); len(all) != 1 || all[0].at != 10*time.Second {
			t.Errorf("%+v, want it after ten seconds", all)
		}
		for chat := range 2 {
			_ = p.Do(t.Context(), to(chat), func() error { return told })
		}
		if made, _ := beside(3, nil); made {
			t.Error("it is made while the whole channel waits")
		}
		time.Sleep(10 * time.Second)
		if made, _ := beside(3, nil); !made {
			t.Error("it is not made after the pause")
		}
	})
}
