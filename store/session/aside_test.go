package session

import (
	"context"
	"testing"

	"sahabatrt/bot"
	"sahabatrt/store/session/redistest"
)

// TestAsideInRedis: what was set aside is named by its chat until an operator has looked after it.
func TestAsideInRedis(t *testing.T) {
	ctx := context.Background()
	r := openRedis(t, redistest.URL(t)).process("aside", "test")
	if _, err := r.Due(ctx, 1); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2"} {
		claims, err := r.Accept(ctx, []bot.Update{{ID: id, From: bot.Address{Channel: "test", ID: "a"}, Text: "x"}})
		if err != nil || len(claims) != 1 {
			t.Fatal(claims, err)
		}
		if err := r.Put(ctx, claims[0], bot.Outcome{Aside: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Done(ctx, claims[0], 0); err != nil {
			t.Fatal(err)
		}
	}
	chats, err := r.Aside(ctx)
	if err != nil || len(chats) != 2 || chats[0] != chats[1] {
		t.Fatalf("%d set aside: %v", len(chats), err)
	}
	if n, err := r.ForgetAside(ctx, "another"); n != 0 || err != nil {
		t.Errorf("another chat: %d, %v", n, err)
	}
	if n, err := r.ForgetAside(ctx, chats[0]); n != 2 || err != nil {
		t.Errorf("forgotten: %d, %v", n, err)
	}
	if chats, err := r.Aside(ctx); len(chats) != 0 || err != nil {
		t.Errorf("left: %d, %v", len(chats), err)
	}
}
