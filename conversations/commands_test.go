package conversations_test

import (
	"testing"
	"time"

	"sahabatrt/bot"
	"sahabatrt/bot/bottest"
	"sahabatrt/conversations"
	"sahabatrt/locales"
)

// TestEveryCommandOfTheMenuIsUnderstood, and described in every language.
func TestEveryCommandOfTheMenuIsUnderstood(t *testing.T) {
	texts, err := locales.New(bottest.Quiet())
	if err != nil {
		t.Fatal(err)
	}
	lost := texts.Render(locales.Default, locales.T("global.not_understood"))
	for _, word := range conversations.Commands {
		for _, lang := range locales.Languages {
			if id := "channel.command." + word; texts.Render(lang, locales.T(id)) == id {
				t.Errorf("%s: /%s is not described", lang, word)
			}
		}
		c := newCity(t)
		from, phone := c.person("ketua14")
		said := func(id, text string) string {
			u := bot.Update{ID: id, From: from, Phone: phone, Text: text, At: time.Now()}
			if err := c.lanes.Accept(t.Context(), t.Context(), []bot.Update{u}); err != nil {
				t.Fatal(err)
			}
			c.lanes.Wait()
			return c.said.Read(from)[0].Text
		}
		said("1", "/start")
		if answer := said("2", "/"+word); len(answer) == 0 || answer[:min(len(answer), len(lost))] == lost {
			t.Errorf("/%s is answered with %q", word, answer)
		}
	}
}
