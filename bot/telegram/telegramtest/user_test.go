package telegramtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sahabatrt/bot/telegram/telegramtest"
)

// says lets the bot send a text with buttons, "1.ya" behind "Ya", and returns the number of the message.
func says(t *testing.T, s *telegramtest.Server, chat int64, prompt int, text string, labels ...string) int {
	t.Helper()
	var row []string
	for _, l := range labels {
		row = append(row, fmt.Sprintf(`{"text":%q,"callback_data":"%d.%s"}`, l, prompt, strings.ToLower(l)))
	}
	params := []string{"chat_id", strconv.FormatInt(chat, 10), "text", text}
	if len(row) > 0 {
		params = append(params, "reply_markup", inline(strings.Join(row, ",")))
	}
	return decode[struct {
		ID int `json:"message_id"`
	}](t, ok(t, s, "sendMessage", params...)).ID
}

func TestPeoplePressWhatTheySeeOrSaw(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	u := s.User("Contoh")
	u.Start("")
	chat := strconv.FormatInt(u.ID, 10)
	first := says(t, s, u.ID, 1, "Benar?", "Ya", "Tidak")
	ok(t, s, "editMessageReplyMarkup", "chat_id", chat, "message_id", strconv.Itoa(first))
	says(t, s, u.ID, 2, "Simpan?", "Ya", "Batal")

	u.Press("Ya")          // of the newest
	u.PressOld("Ya")       // of the first, where it no longer shows
	u.PressOld("Tidak")    // nowhere to be seen any more
	u.PressOn(first, "Ya") // by the message's number
	u.PressOn(first, "Tidak")
	var got []string
	for _, up := range updates(t, s)[1:] {
		got = append(got, up.CallbackQuery.Data)
	}
	if strings.Join(got, " ") != "2.ya 1.ya 1.tidak 1.ya 1.tidak" {
		t.Errorf("pressed %v", got)
	}
	if s.Unanswered() != 5 {
		t.Errorf("%d unanswered", s.Unanswered())
	}
	ok(t, s, "answerCallbackQuery", "callback_query_id", s.Queries()[0].ID, "text", "Tersimpan", "show_alert", "true")
	if q := s.Queries()[0]; !q.Answered || q.Text != "Tersimpan" || !q.Alert || q.User != u.ID || s.Unanswered() != 4 {
		t.Errorf("answered: %+v", q)
	}
	if got := u.Screen(); got != "> /start\n< Benar?\n< Simpan?\n  [Ya] [Batal]\n" {
		t.Errorf("screen:\n%s", got)
	}
}

func TestPeopleWithChangedClients(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	one, other := s.User("Contoh"), s.User("Lain")
	one.Start("")
	first := says(t, s, one.ID, 1, "Benar?", "Ya")
	passed := other.Forward(one, first)
	card := other.Forward(one, one.ShareContact())
	one.PressData(first, "9.tidak")
	other.PressData(passed, "1.ya")
	var got struct {
		passed, card string
		pressed      []string
	}
	for _, up := range decode[[]struct {
		Message struct {
			ID      int `json:"message_id"`
			Text    string
			Forward struct {
				Type   string
				Sender struct{ ID int64 } `json:"sender_user"`
			} `json:"forward_origin"`
			Contact struct {
				UserID int64 `json:"user_id"`
			}
			Markup any `json:"reply_markup"`
		}
		Query struct {
			Data    string
			From    struct{ ID int64 }
			Message struct{ Chat struct{ ID int64 } }
		} `json:"callback_query"`
	}](t, ok(t, s, "getUpdates")) {
		switch m := up.Message; {
		case m.ID == passed:
			got.passed = fmt.Sprint(m.Text, " ", m.Forward.Type, " ", m.Forward.Sender.ID == 1000000001, " ", m.Markup)
		case m.ID == card:
			got.card = fmt.Sprint(m.Forward.Sender.ID == one.ID, m.Contact.UserID == one.ID)
		case up.Query.Data != "":
			got.pressed = append(got.pressed, fmt.Sprint(up.Query.Data, " ", up.Query.From.ID-one.ID, up.Query.Message.Chat.ID-one.ID))
		}
	}
	if got.passed != "Benar? user true <nil>" || got.card != "true true" || strings.Join(got.pressed, ", ") != "9.tidak 0 0, 1.ya 1 1" {
		t.Errorf("got %+v", got)
	}
}

func TestAPressCanOnlyBeAnsweredSoon(t *testing.T) {
	c := newClock()
	s := telegramtest.New(t, telegramtest.Config{Now: c.now})
	u := s.User("Contoh")
	u.Start("")
	says(t, s, u.ID, 1, "Benar?", "Ya")
	u.Press("Ya")
	c.pass(16 * time.Second)
	refused(t, call(t, s, "answerCallbackQuery", "callback_query_id", s.Queries()[0].ID), 400, "Bad Request: query is too old")
}

func TestPeopleShareTheirNumber(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	u := s.User("Sulaiman Contoh")
	u.Start("")
	u.Phone = "6281200000014"
	ok(t, s, "sendMessage", "chat_id", strconv.FormatInt(u.ID, 10), "text", "Nomor Bapak?",
		"reply_markup", `{"keyboard":[[{"text":"Bagikan nomor","request_contact":true}],["Nanti saja"]],"resize_keyboard":true}`)
	if got := u.Screen(); !strings.HasSuffix(got, "= [Bagikan nomor]\n= [Nanti saja]\n") {
		t.Errorf("screen:\n%s", got)
	}
	u.Press("Bagikan nomor")
	u.ShareContactOf("Siti", "6281200000015", 0)
	u.Press("Nanti saja")
	type message struct {
		From    struct{ ID int64 }
		Text    string
		Contact struct {
			Phone  string `json:"phone_number"`
			UserID int64  `json:"user_id"`
		}
	}
	got := decode[[]struct{ Message message }](t, ok(t, s, "getUpdates"))
	if m := got[1].Message; m.Contact.Phone != "6281200000014" || m.Contact.UserID != m.From.ID {
		t.Errorf("his own: %+v", m)
	}
	if m := got[2].Message; m.Contact.Phone != "6281200000015" || m.Contact.UserID != 0 {
		t.Errorf("another's: %+v", m)
	}
	if m := got[3].Message; m.Text != "Nanti saja" {
		t.Errorf("a key: %+v", m)
	}
	ok(t, s, "sendMessage", "chat_id", strconv.FormatInt(u.ID, 10), "text", "Baik", "reply_markup", `{"remove_keyboard":true}`)
	if got := u.Screen(); strings.Contains(got, "=") {
		t.Errorf("the keys are still there:\n%s", got)
	}
}

func TestPeopleSendMoreThanText(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	u := s.User("Contoh")
	u.Photo("kuitansi", nil)
	u.Album("tiga foto", 3)
	u.Document("daftar.pdf", "application/pdf", "", []byte("%PDF"))
	u.Sticker("👍")
	u.Voice(4)
	u.Video("", 9)
	u.Location(-1.61, 103.61)
	var kinds []string
	albums := map[string]bool{}
	for _, up := range decode[[]struct{ Message map[string]any }](t, ok(t, s, "getUpdates")) {
		for _, k := range []string{"photo", "document", "sticker", "voice", "video", "location"} {
			if up.Message[k] != nil {
				kinds = append(kinds, k)
			}
		}
		if a, ok := up.Message["media_group_id"].(string); ok {
			albums[a] = true
		}
	}
	if got := strings.Join(kinds, " "); got != "photo photo photo photo document sticker voice video location" || len(albums) != 1 {
		t.Errorf("got %s, %d albums", got, len(albums))
	}
}

func TestWhoBlocksTheBotIsNotReached(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	u := s.User("Contoh")
	u.Start("")
	send := []string{"chat_id", strconv.FormatInt(u.ID, 10), "text", "Halo"}
	u.Block()
	refused(t, call(t, s, "sendMessage", send...), 403, "Forbidden: bot was blocked by the user")
	refused(t, call(t, s, "sendChatAction", send[0], send[1], "action", "typing"), 403, "Forbidden: bot was blocked by the user")
	u.Write("saya kembali")
	ok(t, s, "sendMessage", send...)
	var got []string
	for _, up := range updates(t, s) {
		switch {
		case up.MyChatMember != nil:
			got = append(got, up.MyChatMember.New.Status)
		case up.Message != nil:
			got = append(got, up.Message.Text)
		}
	}
	if strings.Join(got, ", ") != "/start, kicked, member, saya kembali" {
		t.Errorf("the bot heard %v", got)
	}
	u.Deactivate()
	refused(t, call(t, s, "sendMessage", send...), 403, "Forbidden: user is deactivated")
	u.Vanish()
	refused(t, call(t, s, "sendMessage", send...), 400, "Bad Request: chat not found")
}

func TestGroups(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	u, other := s.User("Contoh"), s.User("Lain")
	g := s.Group("RT 14", u, other)
	there := u.In(g)
	there.Write("selamat pagi semua") // not for the bot
	there.Write("/sisa@bot_lain")     // nor this
	there.Write("/sisa@contoh_bot")
	there.Write("/sisa")
	m := says(t, s, g.ID(), 1, "Pakai obrolan pribadi, ya.", "Buka")
	other.In(g).Reply(m, "baik")
	other.In(g).Press("Buka")
	got := updates(t, s)
	if len(got) != 6 || got[0].MyChatMember == nil || got[1].Message.Text != "" || texts(got[2:5]) != "/sisa@contoh_bot /sisa baik" || got[5].CallbackQuery.Data != "1.buka" {
		t.Errorf("the bot heard %+v", got)
	}
	if a, b := there.Read(), other.In(g).Read(); len(a) != 1 || len(b) != 1 || a[0].Text != b[0].Text {
		t.Errorf("they read %v and %v", a, b)
	}

	old := g.ID()
	now := g.Migrate()
	r := call(t, s, "sendMessage", "chat_id", strconv.FormatInt(old, 10), "text", "Halo")
	refused(t, r, 400, "Bad Request: group chat was upgraded to a supergroup chat")
	if r.Parameters.MigrateTo != now || now >= -1_000_000_000_000 || g.ID() != now {
		t.Errorf("migrated to %d, said %d", now, r.Parameters.MigrateTo)
	}
	if m := says(t, s, now, 2, "Halo"); m != 2 {
		t.Errorf("message %d of the supergroup, want 2: it counts on its own", m)
	}
	g.Kick(u)
	refused(t, call(t, s, "sendMessage", "chat_id", strconv.FormatInt(now, 10), "text", "Halo"), 403, "Forbidden: bot was kicked from the supergroup chat")
}

func TestPeopleWaitForTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := telegramtest.New(t, telegramtest.Config{})
		u := s.User("Contoh")
		go func() {
			for i, text := range []string{"satu", "dua", "tiga"} {
				time.Sleep(time.Second)
				says(t, s, u.ID, i, text, "Ya")
			}
		}()
		start := time.Now()
		if m := must(u.Talk(t.Context(), "halo")); m.Text != "satu" || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", m, time.Since(start))
		}
		if m := must(u.Talk(t.Context(), "[Ya]")); m.Text != "dua" || time.Since(start) != 2*time.Second {
			t.Errorf("got %v after %v", m, time.Since(start))
		}
		rest := must(u.Quiet(t.Context(), 5*time.Second))
		if len(rest) != 1 || rest[0].Text != "tiga" || time.Since(start) != 8*time.Second {
			t.Errorf("got %v after %v", rest, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if m, err := u.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "< tiga") {
			t.Errorf("got %v, %v", m, err)
		}
	})
}

func TestTypingShowsForFiveSeconds(t *testing.T) {
	c := newClock()
	s := telegramtest.New(t, telegramtest.Config{Now: c.now})
	u := s.User("Contoh")
	u.Start("")
	typing := func() { ok(t, s, "sendChatAction", "chat_id", strconv.FormatInt(u.ID, 10), "action", "typing") }
	typing()
	c.pass(4 * time.Second)
	if !u.Typing() {
		t.Error("it no longer shows after 4 s")
	}
	c.pass(time.Second)
	if u.Typing() {
		t.Error("it still shows after 5 s")
	}
	typing()
	says(t, s, u.ID, 1, "Halo")
	if u.Typing() {
		t.Error("it still shows after the answer")
	}
}

func TestPhotosOfTheBot(t *testing.T) {
	c := newClock()
	s := telegramtest.New(t, telegramtest.Config{Now: c.now})
	u := s.User("Contoh")
	u.Start("")
	picture := func(w, h int) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	send := func(data []byte) reply {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		_ = form.WriteField("chat_id", strconv.FormatInt(u.ID, 10))
		_ = form.WriteField("caption", "Bukti")
		part, _ := form.CreateFormFile("photo", "bukti.png")
		_, _ = part.Write(data)
		_ = form.Close()
		return must(post(t.Context(), s, s.Token, "sendPhoto", form.FormDataContentType(), body.String()))
	}
	refused(t, send(nil), 400, "Bad Request: file must be non-empty")
	refused(t, send([]byte("bukan gambar")), 400, "Bad Request: IMAGE_PROCESS_FAILED")
	refused(t, send(picture(1, 21)), 400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
	data := picture(400, 200)
	sent := decode[struct {
		Photo []struct {
			ID     string `json:"file_id"`
			Width  int
			Height int
		}
	}](t, send(data))
	if n := len(sent.Photo); n != 3 || sent.Photo[0].Width != 90 || sent.Photo[2].Width != 400 || sent.Photo[2].Height != 200 {
		t.Errorf("sizes: %+v", sent.Photo)
	}
	if got := u.Read(); len(got) != 1 || got[0].Text != "Bukti" || !bytes.Equal(got[0].File.Data, data) {
		t.Errorf("he sees %v", got)
	}
	refused(t, call(t, s, "sendDocument", "chat_id", strconv.FormatInt(u.ID, 10), "document", sent.Photo[2].ID), 400, "Bad Request: can't use file of type Photo as Document")

	file := decode[struct {
		Path string `json:"file_path"`
	}](t, ok(t, s, "getFile", "file_id", sent.Photo[2].ID))
	download := func(token, path string) (int, string) {
		return get(t, s.Client(), telegramtest.InProcess+"/file/bot"+token+"/"+path)
	}
	if status, got := download(s.Token, file.Path); status != 200 || got != string(data) {
		t.Errorf("downloaded %d, %d bytes", status, len(got))
	}
	if status, _ := download("1:salah", file.Path); status != http.StatusUnauthorized {
		t.Errorf("with a wrong token: %d", status)
	}
	c.pass(61 * time.Minute)
	if status, _ := download(s.Token, file.Path); status != http.StatusNotFound {
		t.Errorf("after an hour: %d", status)
	}
}

// stumbling is a test that notes its mistakes instead of failing.
type stumbling struct {
	testing.TB
	said []string
}

func (s *stumbling) Errorf(format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

func TestAScriptThatNoPersonCouldPlayFails(t *testing.T) {
	tb := &stumbling{TB: t}
	s := telegramtest.New(tb, telegramtest.Config{})
	u := s.User("Contoh")
	u.Start("")
	bots := says(t, s, u.ID, 1, "Benar?", "Ya")
	u.Press("Tidak")
	u.PressOld("Ya")
	u.PressOn(bots, "Tidak")
	u.Edit(bots, "Salah")
	u.Reply(99, "halo")
	if len(tb.said) != 5 || !strings.Contains(tb.said[0], `there is no button "Tidak"`) || !strings.Contains(tb.said[0], "< Benar?\n  [Ya]") {
		t.Errorf("said %q", tb.said)
	}
}

func TestLeanKeepsCountsAndTheNewestMessages(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{Lean: true})
	u := s.User("Contoh")
	u.Start("")
	for i := range 500 {
		says(t, s, u.ID, i, strconv.Itoa(i))
		if m := must(u.Wait(t.Context())); m.Text != strconv.Itoa(i) {
			t.Fatalf("message %d is %v", i, m)
		}
	}
	if n := len(u.Messages()); n < 64 || n > 128 || s.Count("sendMessage") != 500 || len(s.Calls()) != 0 {
		t.Errorf("%d messages, %d calls counted, %d recorded", n, s.Count("sendMessage"), len(s.Calls()))
	}
}
