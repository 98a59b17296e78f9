package conversations_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sahabatrt/bot"
)

// TestWords: what people write from the menu leads to where it is answered, for each by what he is.
func TestWords(t *testing.T) {
	c := newCity(t)
	if _, err := c.do(strings.Fields("member Udin 1571070101800011 +6281200001001 2026-12")); err != nil {
		t.Fatal(err)
	}
	const worker, ketua, lurah, nobody = "+6281200001001", "ketua14", "lurah12", "tamu"
	const erase, withdraw, wrong, notMe, history = "kalau data dihapus", "kalau persetujuan ditarik", "apa yang salah?", "kalau ini bukan", "riwayat data"
	at := map[string]state{}
	for _, name := range []string{worker, ketua, lurah, nobody} {
		from, phone := c.person(name)
		if err := c.tell([]bot.Update{{ID: name, From: from, Phone: phone, Text: "menu", At: start}}); err != nil {
			t.Fatal(err)
		}
		at[name] = c.states.seen[len(c.states.seen)-1]
	}
	for i, row := range []struct{ who, text, at, says string }{
		{worker, "hapus nama saya dari daftar", "mydata.confirm", erase},
		{worker, "hapuskan namo sayo", "mydata.confirm", erase},
		{worker, "keluarkan saya", "mydata.confirm", erase},
		{worker, "tolong hapus data bpjs saya", "mydata.confirm", erase},
		{worker, "delete my name", "mydata.confirm", erase},
		{worker, "sayo dak nak ikut lagi", "mydata.confirm", withdraw},
		{worker, "berhenti jadi peserta", "mydata.confirm", withdraw},
		{worker, "namo sayo salah", "mydata.note", wrong},
		{worker, "alamat saya salah", "mydata.note", wrong},
		{worker, "nik saya salah", "mydata.note", wrong},
		{worker, "tanggal lahir sayo keliru", "mydata.note", wrong},
		{worker, "ini bukan nomor saya", "mydata.confirm", notMe},
		{worker, "salah orang", "mydata.confirm", notMe},
		{worker, "saya bukan udin", "mydata.confirm", notMe},
		{worker, "riwayat", "mydata.see", history},
		{worker, "riwayat data saya", "mydata.see", history},
		{worker, "siapa yang lihat data saya?", "mydata.see", history},
		{worker, "siapo yang nengok data sayo", "mydata.see", history},
		{worker, "nama saya ada?", "cover.card", ""},
		{worker, "data saya", "mydata.see", ""},

		{ketua, "hapus data saya", "mydata.confirm", erase},
		{ketua, "saya mau hapus pak Budi", "workers.list", ""},
		{ketua, "tolong hapus yang saya daftarkan tadi", "workers.list", ""},
		{ketua, "saya salah orang, harusnya pak Budi", "workers.list", ""},
		{ketua, "saya bukan ketua RT lagi", "workers.list", ""},
		{ketua, "daftar pekerja", "register.category", ""},
		{ketua, "daftar", "register.category", ""},
		{ketua, "saya mau daftarkan pak udin", "register.category", ""},
		{ketua, "data pak udin salah", "workers.list", ""},
		{ketua, "pak udin dak nak ikut lagi", "workers.list", ""},
		{ketua, "hapus pak joko", "workers.list", ""},
		{ketua, "riwayat", "workers.list", ""},
		{ketua, "tanda daftar pak udin", "workers.list", ""},
		{ketua, "perbaiki data pak udin", "workers.list", ""},
		{ketua, "nomor hp pak udin ganti", "workers.list", ""},
		{ketua, "ahli waris pak udin salah", "workers.list", ""},
		{ketua, "kabari pekerja", "workers.list", ""},

		{worker, "tanda daftar", "cover.card", ""},
		{worker, "tanda daftar saya", "cover.card", ""},

		{lurah, "namo sayo salah", "mydata.note", wrong},
		{lurah, "sisa anggaran", "area.list", ""},
		{lurah, "data pak udin salah", "area.list", ""},
		{nobody, "keluarkan saya", "cover.card", ""},
	} {
		from, phone := c.person(row.who)
		u := bot.Update{ID: fmt.Sprint("words", i), From: from, Phone: phone, Text: row.text, At: start}
		out, err := c.lanes.Engine.Play(t.Context(), at[row.who].session, u, start.Add(time.Minute))
		if err != nil || len(out.Replies) == 0 {
			t.Errorf("%s: %q: no answer (%v)", row.who, row.text, err)
			continue
		}
		where, said := state{from, out.Session}.where(t).String(), out.Replies[0].Text
		if where != row.at || !strings.Contains(strings.ToLower(said), row.says) {
			t.Errorf("%s: %q leads to %s: %s", row.who, row.text, where, said)
		}
	}
}

// TestKeepingIsSkipping: what leaves a question open leaves what is recorded as it is; it is never taken for a value.
func TestKeepingIsSkipping(t *testing.T) {
	texts := newCity(t).notices.Texts
	for _, skip := range texts.Words("words.complete.skip") {
		if !slices.Contains(texts.Words("words.complete.keep"), skip) {
			t.Errorf("%q skips, and does not keep", skip)
		}
	}
}
