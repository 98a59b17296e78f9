package conversations_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

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

var (
	streams = regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`)
	shown   = regexp.MustCompile(`\(((?:[^()\\]|\\.)*)\) ?Tj`)
)

// printed is what stands on a page, line by line.
func printed(t *testing.T, page []byte) string {
	t.Helper()
	var lines []string
	for _, stream := range streams.FindAllSubmatch(page, -1) {
		r, err := zlib.NewReader(bytes.NewReader(stream[1]))
		if err != nil {
			continue // no text
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range shown.FindAllSubmatch(text, -1) {
			plain, err := charmap.Windows1252.NewDecoder().Bytes(regexp.MustCompile(`\\(.)`).ReplaceAll(line[1], []byte("$1")))
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(plain))
		}
	}
	return strings.Join(lines, "\n")
}

// TestSlipOfStrangeNames: whatever somebody is called, the page is one page, and shows his name as far as its font can.
func TestSlipOfStrangeNames(t *testing.T) {
	c := newCity(t)
	texts, err := locales.New(bottest.Quiet())
	if err != nil {
		t.Fatal(err)
	}
	serial := 20
	slip := func(name string) string {
		t.Helper()
		serial++
		nik, err := program.ParseNIK(fmt.Sprintf("15710701018000%02d", serial))
		if err != nil {
			t.Fatal(err)
		}
		var w store.Worker
		c.change(t, func(tx *store.Tx) error {
			if _, err := tx.ImportWorker(store.Worker{RT: here, State: program.Submitted, Category: program.OtherWork, Work: name, Sex: program.Male, Name: name, NIK: nik,
				Birth: program.Date{Year: 1980, Month: 1, Day: 1}, FirstMonth: program.NewMonth(2026, 11), Months: 2}, ""); err != nil {
				return err
			}
			w, _, err = tx.FindNIK(nik)
			return err
		})
		page, err := c.flows.File(t.Context(), texts, "slip/"+w.ID+"/2026-11-23")
		if err != nil || bytes.Count(page, []byte("/Type /Page\n")) != 1 {
			t.Fatalf("%q: %d bytes, %v", name, len(page), err)
		}
		return printed(t, page)
	}
	for name, want := range map[string]string{
		"Siti (Contoh) \\ O'Brien": "Siti (Contoh) \\ O'Brien",
		"José Müller":              "José Müller",
		"Jose\u0301 Contoh":        "José Contoh",
		"Mu‘āwiyah Şahin":          "Mu‘awiyah Sahin",
		"Ｂｕｄｉ":                     "Budi",
		"عبد الله Contoh":          "? ? Contoh",
		"👩‍🌾 Budi 🛺":               "? ? Budi ?",
		"Budi \u202eidub\u202c":    "Budi idub",
		"Budi\nNIK: 1571":          "Budi NIK: 1571",
		"%s %d %!v(MISSING)":       "%s %d %!v(MISSING)",
		"<b>Budi</b>":              "<b>Budi</b>",
	} {
		if got := slip(name); strings.Count("\n"+got+"\n", "\n"+want+"\n") < 1 {
			t.Errorf("%q is printed as\n%s\nwant %q", name, got, want)
		}
	}
	for _, name := range append(slices.Clone(strange), strings.Repeat("W", 80), strings.Repeat("漢", 80), "Contoh "+strings.Repeat("é", 70)) {
		if got := slip(name); strings.ContainsAny(got, "\x00\u202e\ufffd") || strings.Contains(got, "Ã") || strings.Contains(got, "â€") {
			t.Errorf("%q is printed as\n%s", name, got)
		}
	}
}
