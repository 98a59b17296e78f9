package conversations_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"sahabatrt/bot/bottest"
	"sahabatrt/conversations"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// TestSlip: the page is made anew for each sending, is one page, and a worker who is gone has none.
func TestSlip(t *testing.T) {
	c := newCity(t)
	if _, err := c.do([]string{"member", "Udin", "1571070101800011", "+6281200001001", "2026-12"}); err != nil {
		t.Fatal(err)
	}
	texts, err := locales.New(bottest.Quiet())
	if err != nil {
		t.Fatal(err)
	}
	flows := &conversations.Conversations{Store: c.db, Settings: program.DefaultSettings()}
	nik, _ := program.ParseNIK("1571070101800011")
	var w store.Worker
	if err := c.db.View(t.Context(), func(tx *store.Tx) (err error) {
		w, _, err = tx.FindNIK(nik)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	page, err := flows.File(context.Background(), texts, "slip/"+w.ID+"/2026-11-23")
	if err != nil || !bytes.HasPrefix(page, []byte("%PDF-")) || bytes.Count(page, []byte("/Type /Page\n")) != 1 {
		t.Errorf("%d bytes, %v", len(page), err)
	}
	again, _ := flows.File(context.Background(), texts, "slip/"+w.ID+"/2026-11-23")
	if !bytes.Equal(page, again) {
		t.Error("the same slip is drawn in two ways")
	}
	for _, ref := range []string{"", "slip", "slip/none/2026-11-23", "slip/" + w.ID + "/yesterday", "other/" + w.ID + "/2026-11-23", "slip/../2026-11-23"} {
		if _, err := flows.File(context.Background(), texts, ref); !errors.Is(err, conversations.ErrNoFile) {
			t.Errorf("%q: %v", ref, err)
		}
	}
}
