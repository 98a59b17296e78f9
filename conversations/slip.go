package conversations

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"github.com/go-pdf/fpdf"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"sahabatrt/bot"
	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

// ErrNoFile means that a reference names no file that can be made, now or later.
var ErrNoFile = fmt.Errorf("make a file: %w", fs.ErrNotExist)

// attachSlip adds the page that says that a worker is registered. Whoever calls it has looked whether the speaker may see him.
func attachSlip(t *bot.Turn, w store.Worker) {
	t.Attach(slipFile(t, w), locales.T("slip.caption"))
}

func slipFile(t *bot.Turn, w store.Worker) bot.File {
	return bot.File{Kind: bot.Document, Name: "tanda-daftar.pdf", Ref: "slip/" + w.ID + "/" + program.DateOf(t.Now).String()}
}

// File makes what a message refers to, at the moment of sending: nothing of it is kept. ErrNoFile: the worker is gone.
func (c *Conversations) File(ctx context.Context, texts *locales.Catalogue, ref string) ([]byte, error) {
	parts := strings.Split(ref, "/")
	if len(parts) != 3 || parts[0] != "slip" {
		return nil, ErrNoFile
	}
	on, err := program.ParseDate(parts[2])
	if err != nil {
		return nil, ErrNoFile
	}
	var w store.Worker
	err = c.Store.View(ctx, func(tx *store.Tx) (err error) {
		w, err = tx.Worker(parts[1])
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && w.Name == "" {
		return nil, ErrNoFile
	}
	if err != nil {
		return nil, wrap(err, "read the worker of a slip")
	}
	return c.slip(texts, w, on)
}

// slip is one page to forward or to print: who is registered, where, how it stands on a day, and whom to call. It is no
// card of BPJS, and says so.
func (c *Conversations) slip(texts *locales.Catalogue, w store.Worker, on program.Date) ([]byte, error) {
	say := func(id string, data ...any) string { return texts.Render(locales.Default, locales.T(id, data...)) }
	pdf := fpdf.New("P", "mm", "A5", "")
	pdf.SetMargins(14, 14, 14)
	pdf.SetCreationDate(on.Time())
	pdf.SetModificationDate(on.Time())
	pdf.SetCatalogSort(true) // the same slip is the same file
	pdf.AddPage()
	width, _ := pdf.GetPageSize()
	paragraph := func(style string, size, line float64, text string) {
		pdf.SetFont("Helvetica", style, size)
		pdf.MultiCell(0, line, inFont(text), "", "L", false)
	}
	paragraph("B", 18, 9, say("slip.title"))
	paragraph("", 11, 6, say("slip.programme"))
	pdf.Ln(3)
	pdf.Line(14, pdf.GetY(), width-14, pdf.GetY())
	pdf.Ln(4)
	rows := [][2]string{
		{say("slip.name"), oneLine(w.Name)},
		{say("slip.nik"), w.NIK.String()},
		{say("slip.work"), oneLine(texts.Render(locales.Default, work(w.Category, w.Work)))},
		{say("slip.rt"), say("slip.value", "Value", w.RT)},
		{say("slip.since"), say("slip.value", "Value", program.DateOf(w.RegisteredAt))},
		{say("slip.state", "Date", on), say("state." + string(w.StateOn(on, c.Settings)))},
	}
	if !w.PaidUntil.IsZero() {
		rows = append(rows, [2]string{say("slip.paid_until"), say("slip.estimate", "Month", w.PaidUntil)})
	}
	for _, row := range rows {
		paragraph("", 9, 5, row[0])
		paragraph("B", 13, 7, row[1])
		pdf.Ln(1.5)
	}
	pdf.Ln(2)
	pdf.Line(14, pdf.GetY(), width-14, pdf.GetY())
	pdf.Ln(3)
	paragraph("B", 11, 5.5, say("slip.no_card"))
	pdf.Ln(2)
	if w.StateOn(on, c.Settings) == program.Active {
		paragraph("", 11, 5.5, say("slip.accident"))
	} else {
		paragraph("", 11, 5.5, say("slip.not_active"))
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("draw a slip: %w", err)
	}
	return out.Bytes(), nil
}

// inFont is a text in the letters that the fonts of every PDF reader have, those of Western Europe. Of other letters marks
// are left out and wide ones are made plain; a stretch of what is left has one "?" in its place.
func inFont(text string) string {
	var out []byte
	for _, r := range norm.NFC.String(text) {
		if b, ok := charmap.Windows1252.EncodeRune(r); ok {
			out = append(out, b)
			continue
		}
		for _, part := range norm.NFKD.String(string(r)) {
			switch b, ok := charmap.Windows1252.EncodeRune(part); {
			case unicode.In(part, unicode.Mn, unicode.Cf): // nothing of its own
			case ok:
				out = append(out, b)
			case !bytes.HasSuffix(out, []byte("?")):
				out = append(out, '?')
			}
		}
	}
	return string(out)
}
