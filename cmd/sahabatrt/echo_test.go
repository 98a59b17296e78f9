package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
	"github.com/redis/go-redis/v9"
)

// echo is the smallest bot on the same library that remembers anything: one GET and one SET in Redis a message. It
// promises nothing. Benchmarks set the program beside it.
func echo() error {
	options, err := redis.ParseURL(os.Getenv("REDIS_URL"))
	if err != nil {
		return err
	}
	db := redis.NewClient(options)
	client := drainingClient{&http.Client{Transport: &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256}}}
	api, err := tgbotapi.NewBotAPIWithClient(os.Getenv("TELEGRAM_TOKEN"), os.Getenv("TELEGRAM_API_ENDPOINT")+"/bot%s/%s", client)
	if err != nil {
		return err
	}
	for poll := (tgbotapi.UpdateConfig{Timeout: 10}); ; {
		updates, err := api.GetUpdates(poll)
		if err != nil {
			return err
		}
		for _, u := range updates {
			poll.Offset = max(poll.Offset, u.UpdateID+1)
			go func() {
				if err := answer(api, db, u); err != nil {
					fmt.Fprintln(os.Stderr, err)
				}
			}()
		}
	}
}

func answer(api *tgbotapi.BotAPI, db *redis.Client, u tgbotapi.Update) error {
	chat := u.FromChat()
	if chat == nil {
		return nil
	}
	ctx, key := context.Background(), "echo:"+strconv.FormatInt(chat.ID, 10)
	before, err := db.Get(ctx, key).Result()
	if err != nil {
		before = "nothing"
	}
	said := "a press"
	if u.Message != nil {
		said = cmp.Or(u.Message.Text, "something")
	}
	if err := db.Set(ctx, key, said, 0).Err(); err != nil {
		return err
	}
	if u.CallbackQuery != nil {
		if _, err := api.Request(tgbotapi.NewCallback(u.CallbackQuery.ID, "")); err != nil {
			return err
		}
	}
	m := tgbotapi.NewMessage(chat.ID, said+", and before "+before)
	m.ReplyMarkup = tgbotapi.NewInlineKeyboardMarkup(tgbotapi.NewInlineKeyboardRow(tgbotapi.NewInlineKeyboardButtonData("Lanjut", "1.next")))
	_, err = api.Send(m)
	return err
}

// drainingClient reads answers to their end, so that connections are used again: the library does not.
type drainingClient struct{ http *http.Client }

func (c drainingClient) Do(r *http.Request) (*http.Response, error) {
	resp, err := c.http.Do(r)
	if err == nil {
		resp.Body = drainedBody{resp.Body}
	}
	return resp, err
}

type drainedBody struct{ io.ReadCloser }

func (b drainedBody) Close() error {
	_, _ = io.Copy(io.Discard, b.ReadCloser)
	return b.ReadCloser.Close()
}
