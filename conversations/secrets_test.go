package conversations_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"sahabatrt/bot"
	"sahabatrt/program"
	"sahabatrt/store"
	"sahabatrt/store/session/redistest"
	"sahabatrt/store/storetest"
)

// errNotSent is what a job keeps of a notice that did not go out.
const errNotSent = "the notice was not sent"

// TestNothingInClear: a registration with everything that may be told, the alert of it that went out as a job, jobs that failed, another that is not finished, a talk with the lurah, one message that failed
// and was set aside, and one that found no records any more. No table, no key or value of Redis, no error and no line of the log
// at its most talkative holds a word of it in clear.
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
	if b := c.said.Read(k.addr); len(b) != 22 {
		t.Errorf("%d replies: the conversation went another way", len(b))
	}
	c.workUntilSent(t, 1, c.said.Send)
	fault := errors.New("contoh")
	c.change(t, func(tx *store.Tx) error {
		return errors.Join(tx.Enqueue(store.JobNotice, "of nobody"), tx.Enqueue("unknown", "to nobody"),
			tx.Alert(store.Alert{Kind: store.AlertRefusals, Kelurahan: people["lurah12"].place, RT: program.RT{Kelurahan: people["lurah12"].place, Number: 14}}))
	})
	c.workUntilSent(t, 1, func(context.Context, bot.Message) error { return &bot.SendError{Err: fault} })
	if b := c.said.Read(lurah.addr); len(b) != 2 {
		t.Errorf("%d messages to the lurah", len(b))
	}
	for _, said := range []string{"petugas", "ya", "Bu, Jalan Sembunyi banjir", "selesai"} {
		c.send(t, k.says(said, start))
		c.lanes.Wait()
	}
	if b := c.said.Read(k.addr); len(b) != 4 || c.passedOn(t) != 1 {
		t.Errorf("%d replies: nothing was passed on", len(b))
	}
	c.breaks(t)
	c.send(t, k.says("ketik ulang NIK", start), k.says("1571071209801234", start))
	c.lanes.Wait()
	if b := c.said.Read(k.addr); len(b) != 2 || !strings.Contains(b[1].Text, "gangguan") {
		t.Errorf("%d replies, the last of which must be that it failed", len(b))
	}

	places := storetest.Content(t, c.Records)
	if c.Redis != "" {
		maps.Copy(places, redistest.Content(t, c.Redis, c.Prefix))
	}
	for key := range places {
		places["the names"] = append(places["the names"], key...)
	}
	places["an error"] = []byte(c.fails(t, k.says("Jalan Sembunyi", start)))
	places["the log"] = c.log.Bytes()
	if !bytes.Contains(places["the log"], []byte("turn failed")) || len(places["an error"]) == 0 {
		t.Error("nothing was said about what failed")
	}
	if !bytes.Contains(bytes.Join(slices.Collect(maps.Values(places)), nil), []byte(errNotSent)) {
		t.Error("River's rows are not among them")
	}
	told := []string{"rahasia", "Rahasiawan", "1571071209800003", "1571 0712", "99997777", "9999 7777", "Sembunyi", "Ibunda", "Tertutup", "Ahliwaris", "Setengah", "0980 0999",
		"00000014", "ketua14 Contoh", "ketua14-0", "157107120980", "00000012", "lurah12"}
	for where, held := range places {
		for _, secret := range told {
			if bytes.Contains(held, []byte(secret)) {
				t.Errorf("%s holds %q in clear", where, secret)
			}
		}
	}
}

// breaks takes away the table that is asked when a NIK is told.
func (c *city) breaks(t *testing.T) {
	t.Helper()
	if err := c.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`ALTER TABLE workers RENAME TO workers_away`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// fails closes everything and returns what is said of an update that came too late.
func (c *city) fails(t *testing.T, u bot.Update) string {
	t.Helper()
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	err := c.lanes.Accept(context.Background(), context.Background(), []bot.Update{u})
	if err == nil {
		t.Fatal("it was accepted")
	}
	return err.Error()
}
