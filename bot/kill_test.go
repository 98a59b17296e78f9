package bot_test

import (
	"testing"

	"sahabatrt/bot"
)

// TestKillAt: a point that nobody passes is refused before anything starts; that the others kill is proved where whole
// processes run, in conversations.
func TestKillAt(t *testing.T) {
	for _, spec := range []string{"sent", "sent:", "sent:0", "sent:x", "snet:1", ":1"} {
		if _, err := bot.KillAt(spec, bot.Points...); err == nil {
			t.Errorf("%q is taken", spec)
		}
	}
	for _, spec := range []string{"", "sent:2"} {
		at, err := bot.KillAt(spec, bot.Points...)
		if err != nil {
			t.Fatal(err)
		}
		at(bot.AtSent)
		at(bot.AtDone)
	}
}
