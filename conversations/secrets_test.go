package conversations_test

import (
	"bytes"
	"testing"

	"sahabatrt/store/storetest"
)

// TestNothingInClear: after a registration with everything that may be told, half of it still in an unfinished form, and
// a code, neither the records nor the log at its most talkative hold a word of it in clear.
func TestNothingInClear(t *testing.T) {
	c := newCity(t)
	k := hire("ketua14", 1)[0]
	for _, said := range []string{
		"daftar pekerja", "lainnya", "pemulung rahasia", "Rahasiawan Contoh", "1571071209800003", "ya", "0812 9999 7777", "sendiri",
		"Jalan Sembunyi nomor 5", "belum", "1 bulan", "simpan", "lengkapi data", "Ibunda Tersimpan", "Pasar Tertutup", "ya", "Ahliwaris Diam, istri", "simpan",
		"daftar pekerja", "becak", "Setengah Jadi", "1571071209800999",
	} {
		c.send(t, k.says(said, start))
		c.lanes.Wait()
	}
	told := []string{"rahasia", "Rahasiawan", "1571071209800003", "1571 0712", "99997777", "9999 7777", "Sembunyi", "Ibunda", "Tertutup", "Ahliwaris", "Setengah", "0980 0999",
		"00000014", "ketua14 Contoh"}
	places := storetest.Content(t, c.Records)
	places["the log"] = c.log.Bytes()
	for where, held := range places {
		for _, secret := range told {
			if bytes.Contains(held, []byte(secret)) {
				t.Errorf("%s holds %q in clear", where, secret)
			}
		}
	}
	if b := c.stage.Buffer.Read(k.addr); len(b) != 22 {
		t.Errorf("%d replies: the conversation went another way", len(b))
	}
}
