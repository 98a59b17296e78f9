package telegram_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"sahabatrt/bot"
	"sahabatrt/bot/telegram"
	"sahabatrt/bot/telegram/telegramtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a Telegram that is played, and our channel to it.
type world struct {
	*telegramtest.Server
	tg  *telegram.Telegram
	log *journal
}

// journal is a log that is kept, all of it.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// newWorld connects through a socket; set may change the options.
func newWorld(t *testing.T, set func(*telegram.Options)) *world {
	t.Helper()
	srv := telegramtest.New(t, telegramtest.Config{})
	return connect(t, srv, srv.URL(), nil, set)
}

// inBubble connects without sockets, for a test in virtual time.
func inBubble(t *testing.T, set func(*telegram.Options)) *world {
	t.Helper()
	srv := telegramtest.New(t, telegramtest.Config{})
	return connect(t, srv, telegramtest.InProcess, srv.Client().Transport, set)
}

func connect(t *testing.T, srv *telegramtest.Server, endpoint string, transport http.RoundTripper, set func(*telegram.Options)) *world {
	t.Helper()
	w := &world{Server: srv, log: &journal{}}
	o := telegram.Options{Token: srv.Token, Endpoint: endpoint, Transport: transport, Now: time.Now,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if set != nil {
		set(&o)
	}
	tg, err := telegram.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.tg = tg
	t.Cleanup(func() {
		tg.Close()
		secret(t, srv.Token, w.log.String())
	})
	return w
}

// secret fails when a text shows the token, or the part of it that is secret.
func secret(t *testing.T, token, text string) {
	t.Helper()
	_, hidden, _ := strings.Cut(token, ":")
	if strings.Contains(text, hidden) {
		t.Errorf("the token is shown: %s", text)
	}
}

func at(u *telegramtest.User) bot.Address {
	return bot.Address{Channel: telegram.Channel, ID: strconv.FormatInt(u.Chat(), 10)}
}

// friend is a person whom the bot may write to.
func (w *world) friend(name string) *telegramtest.User {
	u := w.User(name)
	u.Start("")
	return u
}

func TestNewRefusesWhatIsNoTokenAndNoAddress(t *testing.T) {
	good := telegram.Options{Token: "123456:ABC-def_1", Now: time.Now, Log: slog.Default()}
	for name, spoil := range map[string]func(*telegram.Options){
		"no token":          func(o *telegram.Options) { o.Token = "" },
		"half a token":      func(o *telegram.Options) { o.Token = "777777" },
		"token with a line": func(o *telegram.Options) { o.Token = "123456:ABC\n" },
		"no scheme":         func(o *telegram.Options) { o.Endpoint = "api.telegram.org" },
		"another scheme":    func(o *telegram.Options) { o.Endpoint = "ftp://x" },
		"a query":           func(o *telegram.Options) { o.Endpoint = "http://x?y=1" },
		"negative pace":     func(o *telegram.Options) { o.Rate = -1 },
	} {
		o := good
		spoil(&o)
		_, err := telegram.New(o)
		if err == nil {
			t.Errorf("%s is taken", name)
		} else if o.Token != "" && strings.Contains(err.Error(), o.Token) {
			t.Errorf("%s: the error shows the token", name)
		}
	}
	if tg, err := telegram.New(good); err != nil {
		t.Error(err)
	} else {
		tg.Close()
	}
}

func TestMessagesArriveAsTheyAre(t *testing.T) {
	w := newWorld(t, nil)
	pak := w.friend("Sulaiman Contoh")
	for _, text := range []string{"Simpan?", "<b>Udin</b> & *Siti* _Contoh_ [x](y) `z`", "baris\n\nbaris"} {
		if err := w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: text}); err != nil {
			t.Fatal(err)
		}
		if got := pak.Read(); len(got) != 1 || got[0].Text != text {
			t.Errorf("%q arrives as %+v", text, got)
		}
	}
}

func TestKeyboards(t *testing.T) {
	w := newWorld(t, nil)
	pak := w.friend("Sulaiman Contoh")
	for name, c := range map[string]struct{ labels, want []string }{
		"short and even":   {[]string{"Becak", "Ojek", "Pedagang", "Lainnya"}, []string{"Becak|Ojek", "Pedagang|Lainnya"}},
		"short, one over":  {[]string{"Simpan", "Ubah data", "Batal"}, []string{"Simpan|Ubah data", "Batal"}},
		"one is long":      {[]string{"Tukang becak", "Ojek pangkalan kota"}, []string{"Tukang becak", "Ojek pangkalan kota"}},
		"long between":     {[]string{"Becak", "Ojek", "Pedagang pasar malam", "Buruh", "Nelayan"}, []string{"Becak|Ojek", "Pedagang pasar malam", "Buruh|Nelayan"}},
		"short alone":      {[]string{"Becak", "Pedagang pasar malam", "Buruh"}, []string{"Becak", "Pedagang pasar malam", "Buruh"}},
		"fourteen letters": {[]string{"Ojek pangkalan", "Tukang becak"}, []string{"Ojek pangkalan|Tukang becak"}},
		"one":              {[]string{"Menu"}, []string{"Menu"}},
	} {
		m := bot.Message{To: at(pak), Text: "Pilih?", Prompt: 1795399200123}
		for i, label := range c.labels {
			m.Choices = append(m.Choices, bot.Button{ID: "choice_number_" + strconv.Itoa(i), Label: label, Key: strconv.Itoa(i + 1)})
		}
		if err := w.tg.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, row := range pak.Read()[0].Buttons {
			var labels []string
			for _, b := range row {
				labels = append(labels, b.Label)
			}
			got = append(got, strings.Join(labels, "|"))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestALongMessage comes in several parts with its buttons on the last, and one that stops half-way goes on there.
func TestALongMessage(t *testing.T) {
	w := newWorld(t, nil)
	pak := w.friend("Sulaiman Contoh")
	long := bot.Message{To: at(pak), Text: strings.Repeat("Pak Udin sudah terdaftar 🙏. ", 400), Prompt: 7, Choices: []bot.Button{{ID: "menu", Label: "Menu"}}}
	if err := w.tg.Send(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	whole := pak.Read()
	for i, m := range whole {
		if last := i == len(whole)-1; (len(m.Buttons) > 0) != last {
			t.Errorf("part %d of %d has %d rows of buttons", i+1, len(whole), len(m.Buttons))
		}
		if !strings.HasSuffix(m.Text, ".") {
			t.Errorf("part %d ends within a sentence: %q", i+1, m.Text[len(m.Text)-20:])
		}
	}
	if len(whole) < 3 {
		t.Fatalf("%d parts", len(whole))
	}
	long.Text += "Selesai."
	w.Inject(telegramtest.Fault{Method: "sendMessage", Answer: telegramtest.BadGateway, Chance: 0.5})
	tries := 1
	for w.tg.Send(t.Context(), long) != nil {
		tries++
	}
	if arrived := len(pak.Read()); arrived != len(whole) || tries == 1 {
		t.Errorf("%d parts arrived over %d tries, want each of %d once", arrived, tries, len(whole))
	}
}

// TestAPress: it is answered, its keyboard goes, and it comes in with what stood on it.
func TestAPress(t *testing.T) {
	w := newWorld(t, nil)
	pak := w.friend("Sulaiman Contoh")
	got := w.poll(t)
	<-got
	ask := bot.Message{To: at(pak), Text: "Simpan?", Prompt: 1795399200123, Choices: []bot.Button{{ID: "save", Label: "Simpan"}, {ID: "cancel", Label: "Batal"}}}
	if err := w.tg.Send(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	pak.Press("Simpan")
	u := <-got
	if u.Press == nil || *u.Press != (bot.Press{Prompt: 1795399200123, Choice: "save"}) || u.From != at(pak) {
		t.Errorf("pressed %+v", u.Press)
	}
	w.tg.Answer(t.Context(), u)
	if n := w.Unanswered(); n > 0 {
		t.Errorf("%d presses are not answered", n)
	}
	if left := pak.Keyboards(); len(left) > 0 {
		t.Errorf("the used keyboard is still there:\n%s", pak.Screen())
	}
	pak.PressOn(pak.Read()[0].ID, "Batal") // from the memory of a phone with bad signal
	w.tg.Answer(t.Context(), <-got)
	if n := w.Unanswered(); n > 0 {
		t.Errorf("an old press is not answered")
	}
	w.tg.Answer(t.Context(), u)                   // once more: nobody minds
	w.tg.Answer(t.Context(), bot.Update{Ack: ""}) // and one from another channel's hands
}

// TestAnswersAreShownSideBySide: the answer to a press and the end of its keyboard cost one round trip, not two.
func TestAnswersAreShownSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, nil)
		pak := w.friend("Sulaiman Contoh")
		got := w.poll(t)
		<-got
		if err := w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: "?", Prompt: 1, Choices: []bot.Button{{ID: "a", Label: "A"}}}); err != nil {
			t.Fatal(err)
		}
		pak.Press("A")
		u := <-got
		began := time.Now()
		for _, method := range []string{"answerCallbackQuery", "editMessageReplyMarkup"} {
			w.Inject(telegramtest.Fault{Method: method, Delay: 300 * time.Millisecond})
		}
		w.tg.Answer(t.Context(), u)
		if took := time.Since(began); took != 300*time.Millisecond || w.Unanswered() > 0 || len(pak.Keyboards()) > 0 {
			t.Errorf("it took %v, and he sees:\n%s", took, pak.Screen())
		}
	})
}

// TestAnAttentionIsTriedTwice where a second try may help, and within the time that a press lives.
func TestAnAttentionIsTriedTwice(t *testing.T) {
	for name, c := range map[string]struct {
		fault telegramtest.Fault
		tries int
		took  time.Duration
		shown bool
	}{
		"bad gateway":       {telegramtest.Fault{Answer: telegramtest.BadGateway, Times: 1}, 2, 300 * time.Millisecond, true},
		"cut":               {telegramtest.Fault{Cut: true, Times: 1}, 2, 300 * time.Millisecond, true},
		"a gateway's day":   {telegramtest.Fault{Answer: telegramtest.BadGateway}, 2, 300 * time.Millisecond, false},
		"wait a little":     {telegramtest.Fault{Answer: telegramtest.TooManyRequests(5), Times: 1}, 2, 5 * time.Second, true},
		"wait too long":     {telegramtest.Fault{Answer: telegramtest.TooManyRequests(6), Times: 1}, 1, 0, false},
		"too old to answer": {telegramtest.Fault{Answer: &telegramtest.Answer{Code: 400, Description: "Bad Request: query is too old"}, Times: 1}, 1, 0, false},
	} {
		for _, method := range []string{"answerCallbackQuery", "editMessageReplyMarkup"} {
			t.Run(name+" "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := inBubble(t, nil)
					pak := w.friend("Sulaiman Contoh")
					got := w.poll(t)
					<-got
					if err := w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: "?", Prompt: 1, Choices: []bot.Button{{ID: "a", Label: "A"}}}); err != nil {
						t.Fatal(err)
					}
					pak.Press("A")
					u := <-got
					c.fault.Method = method
					w.Inject(c.fault)
					began := time.Now()
					w.tg.Answer(t.Context(), u)
					shown := w.Unanswered() == 0 && len(pak.Keyboards()) == 0
					if took := time.Since(began); took != c.took || w.Count(method) != c.tries || shown != c.shown {
						t.Errorf("%d tries in %v, shown: %v; want %d in %v, %v", w.Count(method), took, shown, c.tries, c.took, c.shown)
					}
				})
			})
		}
	}
}

// TestNoAttentionWhileToldToWait: Telegram closes its doors longer to whoever goes on knocking.
func TestNoAttentionWhileToldToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, nil)
		pak := w.friend("Sulaiman Contoh")
		w.Inject(telegramtest.Fault{Method: "sendMessage", Answer: telegramtest.TooManyRequests(20), Times: 1})
		if err := w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: "Baik."}); err == nil {
			t.Fatal("it is not refused")
		}
		w.tg.Typing(t.Context(), at(pak))
		w.tg.Answer(t.Context(), bot.Update{From: at(pak), Ack: "1.2"})
		if n := w.Count("sendChatAction") + w.Count("answerCallbackQuery") + w.Count("editMessageReplyMarkup"); n != 0 {
			t.Errorf("it knocked %d times", n)
		}
		time.Sleep(20 * time.Second)
		w.tg.Typing(t.Context(), at(pak))
		if !pak.Typing() {
			t.Error("it does not show after the pause")
		}
	})
}

// TestSharingANumber: one tap, the button goes, and what somebody else's card says proves nothing.
func TestSharingANumber(t *testing.T) {
	w := newWorld(t, nil)
	pak := w.friend("Sulaiman Contoh")
	got := w.poll(t)
	<-got
	ask := bot.Message{To: at(pak), Text: "Bagikan nomor?", ShareContact: "Bagikan nomor saya", Choices: []bot.Button{{ID: "menu", Label: "Menu", Key: "1"}}}
	if err := w.tg.Send(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	pak.Press("Bagikan nomor saya")
	if u := <-got; u.Phone != "+"+pak.Phone || u.Contact == nil || u.Contact.Phone != u.Phone {
		t.Error("the shared number does not count as his own")
	}
	pak.ShareContactOf("Udin", "628120009999", 0)
	if u := <-got; u.Phone != "" || u.Contact == nil {
		t.Error("the number of another counts as his own")
	}
	pak.Press("Menu")
	if u := <-got; u.Text != "Menu" {
		t.Errorf("the choice says %q", u.Text)
	}
	thanks := bot.Message{To: at(pak), Text: "Sudah terhubung.\n\nMau apa, Pak RT?", ContactOver: true, Prompt: 9, Choices: []bot.Button{{ID: "menu", Label: "Menu"}}}
	if err := w.tg.Send(t.Context(), thanks); err != nil {
		t.Fatal(err)
	}
	said := pak.Read()
	if len(said) != 3 || !said[1].Removes || len(said[2].Buttons) != 1 || said[2].Text != "Mau apa, Pak RT?" {
		t.Errorf("the keyboard did not go:\n%s", pak.Screen())
	}
	if err := w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: "Baik.", ContactOver: true}); err != nil {
		t.Fatal(err)
	}
	if said := pak.Read(); len(said) != 1 || !said[0].Removes {
		t.Error("a message without buttons does not take the keyboard away")
	}
}

// TestTheKeyThatSharesANumberGoes with whatever is said next, be it one line or a file with its caption.
func TestTheKeyThatSharesANumberGoes(t *testing.T) {
	w := newWorld(t, func(o *telegram.Options) {
		o.Over = "OK."
		o.Files = func(context.Context, string) ([]byte, error) { return []byte("%PDF"), nil }
	})
	menu := []bot.Button{{ID: "menu", Label: "Menu"}}
	for name, c := range map[string]struct {
		m    bot.Message
		want []string
	}{
		"paragraphs":    {bot.Message{Text: "Sudah.\n\nApa lagi?\nPilih.", Choices: menu}, []string{"Sudah.", "Apa lagi?\nPilih."}},
		"lines":         {bot.Message{Text: "Sudah.\nApa lagi?", Choices: menu}, []string{"Sudah.", "Apa lagi?"}},
		"one line":      {bot.Message{Text: "Apa lagi?", Choices: menu}, []string{"OK.", "Apa lagi?"}},
		"no buttons":    {bot.Message{Text: "Apa lagi?"}, []string{"Apa lagi?"}},
		"a file":        {bot.Message{Text: "Ini tandanya.", File: &bot.File{Kind: bot.Document, Name: "a.pdf", Ref: "a"}, Choices: menu}, []string{"OK.", "Ini tandanya."}},
		"another offer": {bot.Message{Text: "Nomornya?", ShareContact: "Kirim nomor"}, []string{"Nomornya?"}},
	} {
		t.Run(name, func(t *testing.T) {
			pak := w.friend(name)
			if err := w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: "Bagikan nomor?", ShareContact: "Bagikan nomor saya"}); err != nil {
				t.Fatal(err)
			}
			pak.Read()
			c.m.To, c.m.ContactOver = at(pak), true
			if err := w.tg.Send(t.Context(), c.m); err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, m := range pak.Read() {
				said = append(said, m.Text)
			}
			if !slices.Equal(said, c.want) || len(pak.Keyboards()) != len(c.m.Choices) {
				t.Errorf("he hears %q, want %q, and sees:\n%s", said, c.want, pak.Screen())
			}
			if offered := len(pak.Keys()) == 1 && pak.Keys()[0][0].Label == "Kirim nomor"; offered != (c.m.ShareContact != "") || !offered && len(pak.Keys()) > 0 {
				t.Errorf("the keys that stand are %v", pak.Keys())
			}
		})
	}
}

// TestButtonsThatWereNotPressed go when the talk goes on without them, but not for what nobody asked for, and the reply
// waits for nothing of that.
func TestButtonsThatWereNotPressed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, nil)
		pak := w.friend("Sulaiman Contoh")
		say := func(m bot.Message) {
			m.To = at(pak)
			if err := w.tg.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		shown := func(want ...string) {
			t.Helper()
			time.Sleep(time.Minute)
			synctest.Wait()
			var got []string
			for _, m := range pak.Keyboards() {
				got = append(got, m.Text)
			}
			if !slices.Equal(got, want) {
				t.Errorf("buttons show under %q, want %q", got, want)
			}
		}
		ask := func(text string) bot.Message {
			return bot.Message{Text: text, Prompt: 1, Choices: []bot.Button{{ID: "a", Label: "A"}}}
		}
		say(ask("Satu?"))
		say(bot.Message{Text: "Pengumuman.", Unprompted: true})
		shown("Satu?")
		w.Inject(telegramtest.Fault{Method: "editMessageReplyMarkup", Delay: 10 * time.Second, Times: 1})
		began := time.Now()
		say(ask("Dua?"))
		if took := time.Since(began); took != 0 {
			t.Errorf("the reply waited %v", took)
		}
		shown("Dua?")
		say(bot.Message{Text: "Selesai."})
		shown()
		w.Inject(telegramtest.Fault{Method: "editMessageReplyMarkup", Answer: telegramtest.ServerError})
		say(ask("Tiga?"))
		say(ask("Empat?"))
		shown("Tiga?", "Empat?")
	})
}

// TestPressedButtonsAreTakenOnce: the answer to the press has done it.
func TestPressedButtonsAreTakenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := inBubble(t, nil)
		pak := w.friend("Sulaiman Contoh")
		got := w.poll(t)
		<-got
		if err := w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: "?", Prompt: 1, Choices: []bot.Button{{ID: "a", Label: "A"}}}); err != nil {
			t.Fatal(err)
		}
		pak.Press("A")
		w.tg.Answer(t.Context(), <-got)
		if err := w.tg.Send(t.Context(), bot.Message{To: at(pak), Text: "Baik."}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := w.Count("editMessageReplyMarkup"); n != 1 || len(pak.Keyboards()) > 0 {
			t.Errorf("%d edits, and he sees:\n%s", n, pak.Screen())
		}
	})
}

func TestFilesGoOut(t *testing.T) {
	pdf := []byte("%PDF-1.4 contoh")
	w := newWorld(t, func(o *telegram.Options) {
		o.Files = func(_ context.Context, ref string) ([]byte, error) {
			if ref == "gone" {
				return nil, fs.ErrNotExist
			}
			return pdf, nil
		}
	})
	pak := w.friend("Sulaiman Contoh")
	m := bot.Message{To: at(pak), Text: "Ini tandanya.", File: &bot.File{Kind: bot.Document, Name: "tanda.pdf", Ref: "f1"}, Prompt: 3, Choices: []bot.Button{{ID: "menu", Label: "Menu"}}}
	if err := w.tg.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := pak.Read()
	if len(got) != 1 || got[0].File == nil || got[0].File.Name != "tanda.pdf" || !bytes.Equal(got[0].File.Data, pdf) || got[0].Text != "Ini tandanya." || len(got[0].Buttons) != 1 {
		t.Fatalf("he sees:\n%s", pak.Screen())
	}
	m.Text = strings.Repeat("Panjang sekali. ", 80)
	if err := w.tg.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := pak.Read(); len(got) != 2 || got[0].File == nil || got[0].Text != "" || len(got[1].Buttons) != 1 {
		t.Errorf("a caption that is too long does not follow its file:\n%s", pak.Screen())
	}
	m.Text, m.File = "Ini tandanya.", &bot.File{Kind: bot.Document, Name: "tanda.pdf", Ref: "gone"}
	if err := w.tg.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := pak.Read(); len(got) != 1 || got[0].File != nil || got[0].Text != "Ini tandanya." {
		t.Errorf("a file that is gone does not leave its text:\n%s", pak.Screen())
	}
}

func TestFilesComeIn(t *testing.T) {
	w := newWorld(t, nil)
	pak := w.friend("Sulaiman Contoh")
	got := w.poll(t)
	<-got
	data := []byte("nama;nik\n")
	pak.Document("daftar.csv", "text/csv", "", data)
	u := <-got
	if u.Media == nil || u.Media.Kind != bot.Document {
		t.Fatalf("it is %+v", u.Media)
	}
	if back, err := w.tg.Fetch(t.Context(), u.Media.ID); err != nil || !bytes.Equal(back, data) {
		t.Errorf("read back %q, %v", back, err)
	}
	if _, err := w.tg.Fetch(t.Context(), "nothing"); err == nil {
		t.Error("a file that is not there is read")
	}
	pak.Document("besar.bin", "", "", make([]byte, 20<<20+1))
	if _, err := w.tg.Fetch(t.Context(), (<-got).Media.ID); err == nil {
		t.Error("a file of more than 20 MB is read")
	}
}

// TestWhatAFailedSendMeans, each kind of failure.
func TestWhatAFailedSendMeans(t *testing.T) {
	type says struct {
		gone, refused, unclear bool
		retry                  time.Duration
		moved                  string
	}
	for name, c := range map[string]struct {
		fault telegramtest.Fault
		want  says
	}{
		"blocked":          {telegramtest.Fault{Answer: telegramtest.Blocked}, says{gone: true}},
		"deactivated":      {telegramtest.Fault{Answer: telegramtest.Deactivated}, says{gone: true}},
		"never wrote":      {telegramtest.Fault{Answer: telegramtest.CannotInitiate}, says{gone: true}},
		"kicked":           {telegramtest.Fault{Answer: telegramtest.Kicked}, says{gone: true}},
		"chat not found":   {telegramtest.Fault{Answer: telegramtest.ChatNotFound}, says{gone: true}},
		"migrated":         {telegramtest.Fault{Answer: telegramtest.Migrated(-100123)}, says{moved: "-100123"}},
		"bad request":      {telegramtest.Fault{Answer: &telegramtest.Answer{Code: 400, Description: "Bad Request: BUTTON_DATA_INVALID"}}, says{refused: true}},
		"too large":        {telegramtest.Fault{Answer: &telegramtest.Answer{Code: 413, Description: "Request Entity Too Large"}}, says{refused: true}},
		"too many":         {telegramtest.Fault{Answer: telegramtest.TooManyRequests(7)}, says{retry: 7 * time.Second}},
		"bad gateway":      {telegramtest.Fault{Answer: telegramtest.BadGateway}, says{}},
		"bad gateway page": {telegramtest.Fault{Answer: telegramtest.GatewayPage}, says{}},
		"server error":     {telegramtest.Fault{Answer: telegramtest.ServerError}, says{}},
		"gateway time-out": {telegramtest.Fault{Answer: &telegramtest.Answer{Code: 504, Description: "Gateway Timeout"}}, says{unclear: true}},
		"cut":              {telegramtest.Fault{Cut: true}, says{unclear: true}},
		"cut after":        {telegramtest.Fault{Cut: true, Late: true}, says{unclear: true}},
		"wrong token":      {telegramtest.Fault{Answer: &telegramtest.Answer{Code: 401, Description: "Unauthorized"}}, says{}},
	} {
		for _, method := range []string{"sendMessage", "sendDocument"} {
			t.Run(name+" "+method, func(t *testing.T) {
				w := newWorld(t, func(o *telegram.Options) {
					o.Files = func(context.Context, string) ([]byte, error) { return []byte("%PDF"), nil }
				})
				m := bot.Message{To: at(w.friend("Sulaiman Contoh")), Text: "Baik."}
				if method == "sendDocument" {
					m.File = &bot.File{Kind: bot.Document, Name: "a.pdf", Ref: "a"}
				}
				c.fault.Method = method
				w.Inject(c.fault)
				err := w.tg.Send(t.Context(), m)
				if err == nil {
					t.Fatal("no error")
				}
				secret(t, w.Token, err.Error())
				var se *bot.SendError
				if !errors.As(err, &se) {
					t.Fatalf("%v says nothing of the message, want %+v", err, c.want)
				}
				got := says{se.Gone, se.Refused, se.Unclear, se.RetryAfter, ""}
				if se.MovedTo != nil {
					got.moved = se.MovedTo.ID
				}
				if got != c.want {
					t.Errorf("%+v, want %+v (%v)", got, c.want, err)
				}
			})
		}
	}
}

func TestWhatNeverLeftIsSurelyNotSent(t *testing.T) {
	w := newWorld(t, func(o *telegram.Options) { o.Endpoint = "http://127.0.0.1:1" })
	err := w.tg.Send(t.Context(), bot.Message{To: bot.Address{Channel: "telegram", ID: "1"}, Text: "Baik."})
	var se *bot.SendError
	if !errors.As(err, &se) || *se != (bot.SendError{Err: se.Err}) {
		t.Fatalf("%v: what never left is surely not sent", err)
	}
	secret(t, w.Token, err.Error())
}

func TestALateAnswerIsUnclear(t *testing.T) {
	w := newWorld(t, nil)
	pak := w.friend("Sulaiman Contoh")
	w.Inject(telegramtest.Fault{Method: "sendMessage", Delay: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var se *bot.SendError
	if err := w.tg.Send(ctx, bot.Message{To: at(pak), Text: "Baik."}); !errors.As(err, &se) || !se.Unclear {
		t.Errorf("a time-out is %v", err)
	}
}

func TestTheBotPresentsItself(t *testing.T) {
	w := newWorld(t, nil)
	if link := w.tg.Link("KODE1234"); link != "" {
		t.Errorf("a link to nobody: %s", link)
	}
	if name, err := w.tg.Me(t.Context()); err != nil || name != "contoh_bot" {
		t.Errorf("it is %q, %v", name, err)
	}
	if link := w.tg.Link(""); link != "https://t.me/contoh_bot" {
		t.Errorf("the plain link is %q", link)
	}
	if link := w.tg.Link("KODE1234"); link != "https://t.me/contoh_bot?start=KODE1234" {
		t.Errorf("the link is %s", link)
	}
	id := telegram.Profile{Description: "Pencatat.", Short: "Pencatat RT", Commands: []telegram.Command{{Word: "menu", Does: "Buka menu"}}}
	en := telegram.Profile{Lang: "en", Description: "A clerk.", Short: "The RT's clerk", Commands: []telegram.Command{{Word: "menu", Does: "Open the menu"}}}
	if err := w.tg.Announce(t.Context(), id, en); err != nil {
		t.Fatal(err)
	}
	if got := w.Commands("en"); len(got) != 1 || got[0].Description != "Open the menu" {
		t.Errorf("commands in English: %+v", got)
	}
	if got := w.Commands(""); len(got) != 1 || got[0].Description != "Buka menu" {
		t.Errorf("commands: %+v", got)
	}
	if long, short := w.Description(""); long != "Pencatat." || short != "Pencatat RT" {
		t.Errorf("description %q, %q", long, short)
	}
}
