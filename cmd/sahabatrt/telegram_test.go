package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"sahabatrt/bot/telegram/telegramtest"
	"sahabatrt/locales"
	"sahabatrt/store/session/redistest"
	"sahabatrt/store/storetest"
)

// withTelegram names a Telegram that is played, in the settings.
func withTelegram(t *testing.T) *telegramtest.Server {
	t.Helper()
	inEmptyFolder(t)
	srv := telegramtest.New(t, telegramtest.Config{})
	t.Setenv("TELEGRAM_TOKEN", srv.Token)
	t.Setenv("TELEGRAM_API_ENDPOINT", srv.URL())
	t.Setenv("OPS_LISTEN", "127.0.0.1:0")
	t.Setenv("LOG_LEVEL", "debug")
	return srv
}

// serveTelegram starts the program as its settings say, and stops it in order at the end of the test.
func serveTelegram(t *testing.T, srv *telegramtest.Server) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, stdout := io.Pipe()
	errs, ended := &syncBuffer{}, make(chan int, 1)
	m := Main{Stdin: strings.NewReader(""), Stdout: stdout, Stderr: errs, Now: time.Now, channels: (*Config).channels}
	go func() {
		ended <- m.Run(ctx, nil)
		stdout.Close()
	}()
	if line, _ := bufio.NewReader(out).ReadString('\n'); !strings.HasPrefix(line, "serving telegram;") {
		cancel()
		t.Fatalf("it says %q, ends with %d: %s", line, <-ended, errs)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("it ends with %d: %s", code, errs)
		}
		_, secret, _ := strings.Cut(srv.Token, ":")
		for what, hidden := range map[string]string{"token": secret, "number": "81200000014"} {
			if strings.Contains(errs.String(), hidden) {
				t.Errorf("the log shows the %s", what)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

// ketuaOnTelegram is the head of RT 14 with his own phone.
func ketuaOnTelegram(srv *telegramtest.Server) *telegramtest.User {
	u := srv.User("Ketua Contoh")
	u.Phone = "6281200000014"
	return u
}

// hears waits for what the bot says and wants these words in it.
func hears(t *testing.T, u *telegramtest.User, words string) telegramtest.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m, err := u.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m.Text, words) {
		t.Fatalf("want %q in what the bot says:\n%s", words, u.Screen())
	}
	return m
}

// converse links a number by one tap, asks and presses.
func converse(t *testing.T, srv *telegramtest.Server) *telegramtest.User {
	t.Helper()
	pak := ketuaOnTelegram(srv)
	pak.Start("")
	hears(t, pak, "saya Sahabat RT")
	pak.Press("Bagikan nomor saya")
	if m := hears(t, pak, "Selamat datang, Pak RT"); !m.Removes {
		t.Error("the button that shared his number is still there")
	}
	hears(t, pak, "Ada yang bisa dibantu, Pak RT?")
	if len(pak.Keys()) > 0 {
		t.Errorf("keys stand beside the menu:\n%s", pak.Screen())
	}
	pak.Write("daftar pekerja")
	hears(t, pak, "Pekerjaannya apa?")
	pak.Press("Tukang becak")
	hears(t, pak, "Siapa namanya")
	pak.Write("sisa anggaran berapa?")
	hears(t, pak, "Sisa yang belum disisihkan: Rp38.800.000")
	until(t, "the press is answered and its keyboard gone", func() bool { return srv.Unanswered() == 0 })
	return pak
}

func TestAConversationOverPolling(t *testing.T) {
	srv := withTelegram(t)
	stop := serveTelegram(t, srv)
	converse(t, srv)
	until(t, "the menu is announced in both languages", func() bool { return len(srv.Commands("")) > 3 && len(srv.Commands("en")) > 3 })
	stop()
	if n := srv.Pending(); n > 1 { // the last poll may not have been confirmed
		t.Errorf("%d updates were not taken", n)
	}
}

// TestALinkOpensTheBot: who is invited taps a link and shares his number, and is in his office.
func TestALinkOpensTheBot(t *testing.T) {
	srv := withTelegram(t)
	stop := serveTelegram(t, srv)
	pak := converse(t, srv)
	until(t, "the bot knows its name", func() bool { return srv.Count("getMe") > 0 })
	pak.Write("menu")
	hears(t, pak, "Ada yang bisa dibantu")
	for _, line := range []string{"undang", "[Bendahara RT]", "Bendahara Contoh", "081200000777"} {
		if label, ok := strings.CutPrefix(line, "["); ok {
			pak.Press(strings.TrimSuffix(label, "]"))
		} else {
			pak.Write(line)
		}
		hears(t, pak, "")
	}
	pak.Write("ya")
	m := hears(t, pak, "https://t.me/contoh_bot?start=")
	_, code, _ := strings.Cut(m.Text, "?start=")
	code, _, _ = strings.Cut(code, "\n")
	bu := srv.User("Bendahara Contoh")
	bu.Phone = "6281200000777"
	bu.Start(code)
	hears(t, bu, "bagikan nomor")
	bu.Press("Bagikan nomor saya")
	hears(t, bu, "sudah terhubung")
	stop()
}

// TestATalkOverTelegram: the head of an RT talks with his lurah in the middle of a registration; when the lurah ends it the
// question that was open is asked again.
func TestATalkOverTelegram(t *testing.T) {
	srv := withTelegram(t)
	t.Setenv("SAHABAT_NOW", "2026-11-23T09:00:00+07:00")
	stop := serveTelegram(t, srv)
	bu := srv.User("Lurah Contoh")
	bu.Phone = "6281200000031"
	bu.Start("")
	hears(t, bu, "saya Sahabat RT")
	bu.Press("Bagikan nomor saya")
	hears(t, bu, "Selamat datang")
	hears(t, bu, "Ada yang bisa dibantu")
	pak := converse(t, srv)
	pak.Write("petugas")
	hears(t, pak, "Lurah Kenali Asam")
	pak.Press("Ya, sambungkan")
	hears(t, pak, "Tersambung dengan Lurah Kenali Asam")
	pak.Write("Bu, KTP-nya hilang")
	hears(t, pak, "Saya teruskan")
	hears(t, bu, "ada yang ingin bicara: Ketua RT 14 Kenali Asam")
	hears(t, bu, "Ketua RT 14 Kenali Asam: Bu, KTP-nya hilang")
	bu.Write("jawab")
	hears(t, bu, "Mau menjawab yang mana?")
	bu.Press("Nomor 1")
	hears(t, bu, "Tersambung dengan Ketua RT 14 Kenali Asam")
	bu.Write("Buat surat kehilangan dulu, Pak")
	hears(t, bu, "Saya teruskan")
	hears(t, pak, "Lurah Kenali Asam: Buat surat kehilangan dulu, Pak")
	bu.Press("Selesai")
	hears(t, bu, "sudah diakhiri")
	if m := hears(t, pak, "diakhiri dari sana"); !strings.HasSuffix(m.Text, "Siapa namanya, seperti di KTP?") {
		t.Errorf("what was open is not asked again: %s", m.Text)
	}
	stop()
}

func TestAConversationOverAWebhook(t *testing.T) {
	srv := withTelegram(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := free.Addr().String()
	free.Close()
	t.Setenv("LISTEN", listen)
	t.Setenv("TELEGRAM_WEBHOOK_URL", "http://"+listen+"/telegram")
	t.Setenv("TELEGRAM_WEBHOOK_SECRET", strings.Repeat("contoh", 5))
	srv.Inject(telegramtest.Fault{Method: "getWebhookInfo", Answer: telegramtest.BadGateway, Times: 1}) // no reason to stop
	stop := serveTelegram(t, srv)
	until(t, "Telegram knows the webhook", func() bool { return srv.Count("setWebhook") == 1 })
	converse(t, srv)
	stop()
	if _, out, _ := run(t, "", "webhook", "info"); !strings.Contains(out, "http://"+listen+"/telegram") {
		t.Errorf("webhook info: %s", out)
	}
}

func TestTheWebhookByHand(t *testing.T) {
	srv := withTelegram(t)
	if out, _ := ok(t, "", "webhook", "info"); !strings.Contains(out, "none: the bot can be polled") {
		t.Error(out)
	}
	if code, _, errs := run(t, "", "webhook", "set"); code != 1 || !strings.Contains(errs, "TELEGRAM_WEBHOOK_URL") {
		t.Errorf("%d %s", code, errs)
	}
	t.Setenv("TELEGRAM_WEBHOOK_URL", "https://bot.contoh.test/telegram")
	if code, _, errs := run(t, "", "webhook", "set"); code != 1 || !strings.Contains(errs, "TELEGRAM_WEBHOOK_SECRET") {
		t.Errorf("%d %s", code, errs)
	}
	t.Setenv("TELEGRAM_WEBHOOK_SECRET", strings.Repeat("contoh", 5))
	ok(t, "", "webhook", "set")
	if out, _ := ok(t, "", "webhook", "info"); !strings.Contains(out, "https://bot.contoh.test/telegram") {
		t.Error(out)
	}
	for _, name := range []string{"TELEGRAM_WEBHOOK_URL", "TELEGRAM_WEBHOOK_SECRET"} {
		must(t, os.Unsetenv(name))
	}
	if code, _, errs := run(t, "", "serve"); code != 1 || !strings.Contains(errs, "sahabatrt webhook delete") {
		t.Errorf("polling beside a webhook: %d %s", code, errs)
	}
	finds(t, "fail", "a webhook is set")
	ok(t, "", "webhook", "delete")
	finds(t, "ok", "telegram: polled")
	t.Setenv("TELEGRAM_TOKEN", "1000000002:salah")
	code, _, errs := run(t, "", "webhook", "info")
	if code != 1 || !strings.Contains(errs, "check TELEGRAM_TOKEN") || strings.Contains(errs, "salah") {
		t.Errorf("%d %s", code, errs)
	}
	srv.Close()
}

func TestDoctorLooksAtTelegram(t *testing.T) {
	withTelegram(t)
	finds(t, "ok", "telegram: TELEGRAM_TOKEN is that of @contoh_bot")
	finds(t, "ok", "at most 29.5 messages a second")
	t.Setenv("TELEGRAM_RATE", "0")
	finds(t, "warn", "TELEGRAM_RATE is 0")
	t.Setenv("TELEGRAM_TOKEN", "1000000002:salah")
	finds(t, "fail", "check TELEGRAM_TOKEN")
}

func TestSettingsThatDoNotGoTogether(t *testing.T) {
	good := Telegram{Token: "123456:ABC", Endpoint: "https://api.telegram.org", Rate: 29.5}
	now := time.Now()
	texts, err := locales.New(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for words, spoil := range map[string]func(*Config){
		"set LISTEN": func(c *Config) { c.Telegram.WebhookURL = "https://x.test/" },
		"TELEGRAM_WEBHOOK_SECRET": func(c *Config) {
			c.Telegram.WebhookURL, c.Telegram.Listen, c.Telegram.WebhookSecret = "https://x.test/", ":8443", "short"
		},
		"LISTEN is for":  func(c *Config) { c.Telegram.Listen = ":8443" },
		"TELEGRAM_TOKEN": func(c *Config) { c.Telegram.Token = "123456" },
		"SAHABAT_NOW":    func(c *Config) { c.Clock = &now },
	} {
		c := Config{Telegram: good}
		spoil(&c)
		if _, err := c.channels(surroundings{now: time.Now, texts: texts}); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("want %q, got %v", words, err)
		}
	}
	c := Config{Telegram: good}
	if chs, err := c.channels(surroundings{now: time.Now, texts: texts}); err != nil || len(chs) != 1 {
		t.Errorf("%d channels, %v", len(chs), err)
	}
}

// Two processes share a bot: one polls, and when it stops the other one takes over at once.
func TestTwoProcessesPollInTurn(t *testing.T) {
	address, redis := storetest.Postgres(t), redistest.URL(t)
	srv := withTelegram(t)
	t.Setenv("DATABASE_URL", address)
	t.Setenv("REDIS_URL", redis)
	t.Setenv("SAHABAT_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	first := serveTelegram(t, srv)
	until(t, "the first works", func() bool { return srv.Count("setMyCommands") > 0 })
	serveTelegram(t, srv)
	pak := srv.User("Tamu Contoh")
	pak.Start("")
	hears(t, pak, "saya Sahabat RT")
	first()
	pak.Write("halo")
	hears(t, pak, "")
	for _, c := range srv.Calls("getUpdates") {
		if c.Status == 409 {
			t.Error("both polled at the same time")
		}
	}
}

// TestAStrangerOnTelegram: another's contact and a start parameter that is no code open nothing.
func TestAStrangerOnTelegram(t *testing.T) {
	srv := withTelegram(t)
	serveTelegram(t, srv)
	u := srv.User("Orang Contoh")
	u.Phone = "6281200009999"
	u.Start("workers")
	hears(t, u, "Kode itu tidak saya kenal")
	u.ShareContactOf("Ketua Contoh", "6281200000014", 0)
	hears(t, u, "Itu bukan nomor Bapak/Ibu sendiri")
	u.Write("lihat pekerja")
	hears(t, u, "belum terhubung")
	u.Write("sisa anggaran")
	hears(t, u, "Ada yang bisa dibantu") // the end of the refusal before
	if strings.Contains(u.Screen(), "Rp38") {
		t.Error(u.Screen())
	}
}
