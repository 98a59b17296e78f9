package telegramtest_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"sahabatrt/bot/telegram/telegramtest"
)

// The tests of this file drive the server with the library that bots use, over a socket.

func library(t *testing.T, s *telegramtest.Server) *tgbotapi.BotAPI {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	bot, err := tgbotapi.NewBotAPIWithClient(s.Token, s.URL()+"/bot%s/%s", &http.Client{Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return bot
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// must hands on what cannot fail, so that a test reads as the conversation that it is.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAConversationThroughTheLibrary(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	bot := library(t, s)
	u := s.User("Sulaiman Contoh")
	if bot.Self.UserName != "contoh_bot" {
		t.Errorf("getMe: %+v", bot.Self)
	}

	u.Start("KODE1234")
	updates := must(bot.GetUpdates(tgbotapi.UpdateConfig{Timeout: 10}))
	if m := updates[0].Message; m.Command() != "start" || m.CommandArguments() != "KODE1234" || m.From.LanguageCode != "id" {
		t.Errorf("start: %+v", m)
	}
	question := tgbotapi.NewMessage(u.ID, "Sudah benar?")
	question.ReplyMarkup = tgbotapi.NewInlineKeyboardMarkup(tgbotapi.NewInlineKeyboardRow(
		tgbotapi.NewInlineKeyboardButtonData("Ya", "7.ya"), tgbotapi.NewInlineKeyboardButtonData("Tidak", "7.tidak")))
	sent := must(bot.Send(question))
	seen := must(u.Wait(within(t)))
	if seen.String() != "Sudah benar?\n[Ya] [Tidak]" || seen.ID != sent.MessageID {
		t.Errorf("he sees %q", seen)
	}

	u.Press("Ya")
	updates = must(bot.GetUpdates(tgbotapi.UpdateConfig{Offset: updates[0].UpdateID + 1, Timeout: 10}))
	press := updates[0].CallbackQuery
	if press.Data != "7.ya" || press.Message.MessageID != sent.MessageID {
		t.Errorf("press: %+v", press)
	}
	must(bot.Request(tgbotapi.NewCallback(press.ID, "")))
	_, err := bot.Request(tgbotapi.NewCallback(press.ID, ""))
	if refused := new(tgbotapi.Error); !errors.As(err, &refused) || refused.Code != 400 || !strings.HasPrefix(refused.Message, "Bad Request: query is too old") {
		t.Errorf("answered twice: %v", err)
	}
	must(bot.Request(tgbotapi.EditMessageReplyMarkupConfig{BaseEdit: tgbotapi.BaseEdit{ChatID: u.ID, MessageID: sent.MessageID}}))
	if left := u.Keyboards(); len(left) != 0 {
		t.Errorf("buttons left: %v", left)
	}
	must(bot.Request(tgbotapi.NewDeleteMessage(u.ID, sent.MessageID)))
	if got := u.Screen(); got != "> /start KODE1234\n" {
		t.Errorf("screen: %q", got)
	}
}

func TestFilesThroughTheLibrary(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	bot := library(t, s)
	u := s.User("Sulaiman Contoh")

	u.Document("daftar.csv", "text/csv", "ini daftarnya", []byte("nama;nik\n"))
	updates := must(bot.GetUpdates(tgbotapi.UpdateConfig{Timeout: 10}))
	file := must(bot.GetFile(tgbotapi.FileConfig{FileID: updates[0].Message.Document.FileID}))
	if status, got := get(t, bot.Client.(*http.Client), s.URL()+"/file/bot"+s.Token+"/"+file.FilePath); status != 200 || got != "nama;nik\n" {
		t.Errorf("downloaded %d %q", status, got)
	}

	doc := tgbotapi.NewDocument(u.ID, tgbotapi.FileBytes{Name: "kartu.pdf", Bytes: []byte("%PDF-1.4 contoh")})
	doc.Caption = "Kartu Bapak"
	sent := must(bot.Send(doc))
	if got := must(u.Wait(within(t))); got.Text != "Kartu Bapak" || got.File.Name != "kartu.pdf" || string(got.File.Data) != "%PDF-1.4 contoh" {
		t.Errorf("he got %+v", got)
	}
	must(bot.Send(tgbotapi.NewDocument(u.ID, tgbotapi.FileID(sent.Document.FileID))))
	if got := must(u.Wait(within(t))); string(got.File.Data) != "%PDF-1.4 contoh" {
		t.Errorf("by its id he got %+v", got)
	}

	s.Inject(telegramtest.Fault{Method: "sendDocument", Answer: telegramtest.TooManyRequests(3), Times: 1})
	_, err := bot.Send(doc)
	if refused := new(tgbotapi.Error); !errors.As(err, &refused) || refused.RetryAfter != 3 {
		t.Errorf("a refused upload: %v", err)
	}
}

func TestTheMenuThroughTheLibrary(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	bot := library(t, s)
	menu := tgbotapi.NewSetMyCommandsWithScopeAndLanguage(tgbotapi.NewBotCommandScopeDefault(), "id", tgbotapi.BotCommand{Command: "sisa", Description: "Sisa anggaran"})
	must(bot.Request(menu))
	if got := must(bot.GetMyCommandsWithConfig(tgbotapi.NewGetMyCommandsWithScopeAndLanguage(tgbotapi.NewBotCommandScopeDefault(), "id"))); len(got) != 1 || got[0].Command != "sisa" {
		t.Errorf("menu: %v", got)
	}
	if got := s.Commands("id"); len(got) != 1 || got[0].Description != "Sisa anggaran" {
		t.Errorf("menu: %v", got)
	}
}
