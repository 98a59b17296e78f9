package conversations_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"sahabatrt/bot"
	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/storetest"
)

// errNotSent is what a job keeps of a notice that did not go out.
const errNotSent = "the notice was not sent"

// TestNothingInClear: after a registration with everything that may be told, half of it still in an unfinished form, an
// alert of it that went out as a job, and jobs that failed, neither the records, River's among them, nor the log at its most
// talkative hold a word of it in clear.
func TestNothingInClear(t *testing.T) {
	c := newCity(t)
	k, lurah := hire("ketua14", 1)[0], hire("lurah12", 1)[0]
	c.send(t, lurah.says("halo", start))
	for _, said := range []string{
		"daftar pekerja", "lainnya", "pemulung rahasia", "Rahasiawan Contoh", "1571071209800003", "ya", "0812 9999 7777", "sendiri",
		"Jalan Sembunyi nomor 5", "pemkot", "1 bulan", "simpan", "lengkapi data", "Ibunda Tersimpan", "Pasar Tertutup", "ya", "Ahliwaris Diam, istri", "simpan",
		"daftar pekerja", "becak", "Setengah Jadi", "1571071209800999",
	} {
		c.send(t, k.says(said, start))
		c.lanes.Wait()
	}
	c.workUntilSent(t, 1, c.stage.Buffer.Send)
	fault := errors.New("contoh")
	c.change(t, func(tx *store.Tx) error {
		return errors.Join(tx.Enqueue(store.JobNotice, "of nobody"), tx.Enqueue("unknown", "to nobody"),
			tx.Alert(store.Alert{Kind: store.AlertRefusals, Kelurahan: people["lurah12"].place, RT: program.RT{Kelurahan: people["lurah12"].place, Number: 14}}))
	})
	c.workUntilSent(t, 1, func(context.Context, bot.Message) error { return &bot.SendError{Err: fault} })
	told := []string{"rahasia", "Rahasiawan", "1571071209800003", "1571 0712", "99997777", "9999 7777", "Sembunyi", "Ibunda", "Tertutup", "Ahliwaris", "Setengah", "0980 0999",
		"00000014", "ketua14 Contoh", "00000012", "lurah12"}
	places := storetest.Content(t, c.address)
	places["the log"] = c.log.Bytes()
	for where, held := range places {
		for _, secret := range told {
			if bytes.Contains(held, []byte(secret)) {
				t.Errorf("%s holds %q in clear", where, secret)
			}
		}
	}
	if !bytes.Contains(bytes.Join(slices.Collect(maps.Values(places)), nil), []byte(errNotSent)) {
		t.Error("River's rows are not among them")
	}
	if b := c.stage.Buffer.Read(k.addr); len(b) != 22 {
		t.Errorf("%d replies: the conversation went another way", len(b))
	}
	if b := c.stage.Buffer.Read(lurah.addr); len(b) != 2 {
		t.Errorf("%d messages to the lurah", len(b))
	}
}
