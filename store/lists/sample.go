package lists

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"sahabatrt/program"
	"sahabatrt/store"
)

// The sample city: everybody in it is invented and bears the name Contoh.
//
//go:embed sample/*.csv
var sample embed.FS

// Persona is somebody of the sample city whom a terminal can play. Phone is as in the sample's lists.
type Persona struct{ Name, Phone, Who string }

// Personas are those who can be played, from the RT upwards.
var Personas = []Persona{
	{"ketua14", "+6281200000014", "ketua, RT 14 Kenali Asam: ceiling 100 juta, 20 workers"},
	{"sekretaris14", "+6281200000114", "sekretaris, RT 14 Kenali Asam"},
	{"bendahara14", "+6281200000214", "bendahara, RT 14 Kenali Asam"},
	{"ketua15", "+6281200000015", "ketua, RT 15 Kenali Asam: ceiling 50 juta with honoraria"},
	{"ketua3", "+6281200000003", "ketua, RT 3 Legok: a pilot RT, ceiling 0"},
	{"ketua7", "+6281200000007", "ketua, RT 7 Budiman: no ceiling yet"},
	{"ketua9", "+6281200000009", "ketua, RT 9 Beliung: money for one worker and one month"},
	{"lurah", "+6281200000031", "lurah, Kenali Asam"},
	{"camat", "+6281200000032", "camat, Kota Baru"},
	{"kota", "+6281200000033", "DPMPPA, the whole city"},
	{"bpjs", "+6281200000034", "BPJS Ketenagakerjaan"},
	{"pekerja", "+6281200000501", "a worker of RT 14 Kenali Asam, whose number proves him"},
}

// SampleFiles are the lists of the sample city, the examples of docs/import.md.
func SampleFiles() ([]File, error) {
	names, err := fs.Glob(sample, "sample/*.csv")
	if err != nil {
		return nil, fmt.Errorf("list the sample city: %w", err)
	}
	files := make([]File, len(names))
	for i, name := range names {
		data, err := sample.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the sample city: %w", err)
		}
		files[i] = File{Name: name, Data: data}
	}
	return files, nil
}

// ImportSample fills a store that has no RT with the sample city; it returns whether it did.
func ImportSample(ctx context.Context, db *store.DB, today program.Date) (imported bool, err error) {
	var there []store.RTRow
	err = db.View(ctx, func(tx *store.Tx) (err error) {
		there, err = tx.RTs("")
		return err
	})
	if err != nil || len(there) > 0 {
		return false, err
	}
	files, err := SampleFiles()
	if err != nil {
		return false, err
	}
	_, err = Import(ctx, db, files, Options{Sample: true, Today: today})
	return err == nil, err
}
