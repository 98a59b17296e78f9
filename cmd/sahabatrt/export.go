package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"sahabatrt/locales"
	"sahabatrt/program"
	"sahabatrt/store"
)

type exportCmd struct {
	Affected affectedCmd `cmd:"" help:"Write whom a breach has to be told: everybody whose data lie in an area."`
}

type affectedCmd struct {
	Place string `required:"" help:"The area: an RT such as 1571071012-RT014, a kelurahan or kecamatan code, 1571 for the city."`
	Since string `help:"Only whose data were entered, changed, or read by an official from this day on. What the officers of an RT read of their own RT is not noted: when in doubt, leave it out."`
	File  string `arg:"" help:"The CSV file to make; it must not exist, and only its owner can read it."`
}

// Run writes names and numbers in clear, which is what the list is for, to a file that nobody else can read. The audit
// notes that it was made.
func (a affectedCmd) Run(ctx context.Context, m Main, c *Config) error {
	since, err := dayFlag("since", a.Since, 0)
	if err != nil {
		return err
	}
	if !known(a.Place) {
		return errors.New("--place: there is no such RT, kelurahan, kecamatan or city")
	}
	texts, err := locales.New(c.log(m.Stderr))
	if err != nil {
		return err
	}
	return c.records(ctx, m, func(db *store.DB) error {
		var all []store.Affected
		if err := db.Update(ctx, func(tx *store.Tx) (err error) {
			all, err = tx.Affected(a.Place, since)
			return err
		}); err != nil {
			return err
		}
		if err := private(a.File, func(out io.Writer) error { return writeAffected(out, texts, all) }); err != nil {
			return err
		}
		fmt.Fprintf(m.Stdout, "%d people written to %s; it holds their names and numbers in clear, so delete it when they are told\n", len(all), a.File)
		return nil
	})
}

// known says whether a code is that of a place.
func known(place string) bool {
	_, err := program.ParseRTCode(place)
	_, ward := program.KelurahanByCode(place)
	_, district := program.KecamatanByCode(place)
	return err == nil || ward || district || place == program.CityCode
}

// private writes a new file that only its owner can read; one that could not be written whole is removed.
func private(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make a list: %w", err)
	}
	if err = errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return errors.Join(fmt.Errorf("write a list: %w", err), os.Remove(path))
	}
	return nil
}

func writeAffected(out io.Writer, texts *locales.Catalogue, all []store.Affected) error {
	say := func(id string, data ...any) string { return texts.Render(locales.Default, locales.T(id, data...)) }
	w := csv.NewWriter(out)
	rows := [][]string{{say("affected.name"), say("affected.phone"), say("affected.as"), say("affected.place"), say("affected.data")}}
	for _, a := range all {
		var kinds []string
		for _, code := range a.Data {
			kinds = append(kinds, say("affected.data."+code))
		}
		rows = append(rows, []string{a.Name, a.Phone.E164(), say("invite.role." + string(a.Role)), placeName(say, a.Place), strings.Join(kinds, ", ")})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = cell(row[i])
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// placeName is a place in words.
func placeName(say func(string, ...any) string, code string) string {
	if rt, err := program.ParseRTCode(code); err == nil {
		return say("office.place", "Place", rt)
	}
	if k, ok := program.KelurahanByCode(code); ok {
		return k.Name
	}
	if k, ok := program.KecamatanByCode(code); ok {
		return k.Name
	}
	return say("area.city")
}

// cell keeps a spreadsheet from taking a text for a formula.
func cell(text string) string {
	if strings.ContainsAny(text[:min(1, len(text))], "=+-@\t\r\n'") {
		return "'" + text
	}
	return text
}
