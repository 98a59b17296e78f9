// Package lists reads the official lists of the programme, CSV files that offices keep in spreadsheets, and records them.
//
// Five kinds are known: the RTs with their heads, other officials, ceilings, workers, and people covered by another
// payer. The heading row tells the kind; docs/import.md tells the columns. One call reads all files and records them in
// one transaction, or reports all mistakes of all rows and records nothing. The same files again change nothing.
// Sentences here are for the operator of the command line; none of them quotes a cell, because a cell may tell who
// somebody is.
package lists

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sahabatrt/program"
	"sahabatrt/store"
)

// Kind says what a list is about: the words are those of the command line.
type Kind string

// The kinds of lists, in the order in which they are recorded.
const (
	RTs       Kind = "rt"
	Officials Kind = "pejabat"
	Ceilings  Kind = "pagu"
	Elsewhere Kind = "tercakup"
	Workers   Kind = "pekerja"
)

// Kinds are all kinds.
var Kinds = []Kind{RTs, Officials, Ceilings, Elsewhere, Workers}

// File is a list as it came. Kind is empty when the heading row is to tell it.
type File struct {
	Name string
	Kind Kind
	Data []byte
}

// Options say how to record.
type Options struct {
	DryRun bool         // find all mistakes and count all changes, keep none
	Sample bool         // the RTs are invented
	Today  program.Date // for dates without a century
}

// Report is what one file came to.
type Report struct {
	Name    string
	Kind    Kind
	Rows    int
	Changed int // rows that said something new
}

// RowError is one mistake in a file. Row is the line as a spreadsheet counts it, the heading is line 1; 0 is the whole
// file. Column is the heading of the cell, "" for the whole row.
type RowError struct {
	File    string
	Row     int
	Column  string
	Problem string // what is wrong and what to do, without the value
}

func (e RowError) Error() string {
	where := e.File
	if e.Row > 0 {
		where += fmt.Sprintf(", row %d", e.Row)
	}
	if e.Column != "" {
		where += ", column " + e.Column
	}
	return where + ": " + e.Problem
}

// Errors are all mistakes of all files; nothing was recorded.
type Errors []RowError

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// record writes one row to the store and says whether that changed anything. Its error is a mistake when the list is wrong.
type record func(*store.Tx) (changed bool, err error)

// mistake is what only the records can tell about a row.
type mistake struct{ column, problem string }

func (m mistake) Error() string { return m.column + ": " + m.problem }

// importer reads and records the files of one call.
type importer struct {
	Options
	errs  Errors
	named map[program.RT]bool // the RTs that these files list
	seen  map[string]string   // what may stand once, and where it stood
}

// entry is a row that could be read.
type entry struct {
	row    *row
	record record
}

// Import records the files. The error is Errors when a list is wrong, and then, as for any other error, nothing is kept.
func Import(ctx context.Context, db *store.DB, files []File, o Options) ([]Report, error) {
	in := &importer{Options: o, named: map[program.RT]bool{}, seen: map[string]string{}}
	entries := map[Kind][]entry{}
	reports := make([]Report, len(files))
	for i, f := range files {
		reports[i] = in.read(f, i, entries)
	}
	misread := len(in.errs)
	err := db.Update(ctx, func(tx *store.Tx) error {
		in.errs = in.errs[:misread]
		for i := range reports {
			reports[i].Changed = 0
		}
		return in.record(tx, entries, reports)
	})
	switch {
	case len(in.errs) > 0:
		return nil, in.errs
	case errors.Is(err, errDryRun):
		return reports, nil
	case err != nil:
		return nil, fmt.Errorf("import: %w", err)
	}
	return reports, nil
}

// errDryRun takes back what a dry run wrote.
var errDryRun = errors.New("dry run")

// read turns the rows of a file into entries of its kind.
func (in *importer) read(f File, index int, entries map[Kind][]entry) Report {
	report := Report{Name: f.Name}
	t, ok := in.table(f)
	if !ok {
		return report
	}
	report.Kind = t.list.kind
	for _, r := range t.rows {
		r.report = index
		report.Rows++
		if rec := t.list.read(r); !r.wrong {
			entries[t.list.kind] = append(entries[t.list.kind], entry{r, rec})
		}
	}
	return report
}

// record writes what could be read, also when some rows could not: so that all mistakes are found at once.
func (in *importer) record(tx *store.Tx, entries map[Kind][]entry, reports []Report) error {
	for _, kind := range Kinds {
		for _, e := range entries[kind] {
			changed, err := e.record(tx)
			var m mistake
			if errors.As(err, &m) {
				e.row.fail(m.column, m.problem)
				continue
			}
			if err != nil {
				return fmt.Errorf("record row %d of %s: %w", e.row.line, e.row.file, err)
			}
			if changed {
				reports[e.row.report].Changed++
			}
		}
	}
	if len(in.errs) > 0 {
		return in.errs
	}
	if in.DryRun {
		return errDryRun
	}
	return nil
}
