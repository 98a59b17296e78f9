package lists

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// list describes one kind of list.
type list struct {
	kind     Kind
	marks    []string // headings that only this kind has all of
	required []string // headings that must be there
	optional []string
	prefix   string // headings that begin so are welcome too
	read     func(*row) record
}

// known are all kinds; the first whose marks are all there is meant.
func known() []list {
	return []list{officials, ceilings, elsewhere, workers, rts}
}

// ignored are headings of columns that nothing is read from.
var ignored = []string{"no", "nomor", "keterangan", "catatan"}

// aliases are other words that offices use for a heading.
var aliases = map[string]string{
	"no_hp": "hp", "nomor_hp": "hp", "telepon": "hp", "no_telepon": "hp", "no_wa": "hp",
	"no_rt": "rt", "nomor_rt": "rt", "kel": "kelurahan", "kec": "kecamatan",
	"nama_lengkap": "nama", "nama_ketua": "nama", "tgl_lahir": "tanggal_lahir", "jk": "jenis_kelamin", "l_p": "jenis_kelamin",
	"tgl_cair": "tanggal_cair", "per_tgl": "per_tanggal", "mulai": "bulan_mulai", "lunas": "lunas_sampai", "pembayar": "dibayar_oleh",
}

// table is a file in rows.
type table struct {
	list list
	rows []*row
}

func (in *importer) fail(file string, line int, column, problem string) {
	in.errs = append(in.errs, RowError{file, line, column, problem})
}

// table reads the cells of a file and finds its kind; what is wrong is noted.
func (in *importer) table(f File) (table, bool) {
	text, err := decode(f.Data)
	if err != nil {
		in.fail(f.Name, 0, "", err.Error())
		return table{}, false
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace = delimiter(text), -1, true
	heading, err := r.Read()
	if err != nil {
		in.fail(f.Name, 0, "", "it has no heading row: the first row must name the columns")
		return table{}, false
	}
	for i := range heading {
		heading[i] = headingWord(heading[i])
	}
	l, problem := kindOf(f.Kind, heading)
	if problem != "" {
		in.fail(f.Name, 1, "", problem)
		return table{}, false
	}
	return table{l, in.rows(f.Name, heading, r)}, true
}

func (in *importer) rows(file string, heading []string, r *csv.Reader) (rows []*row) {
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			in.fail(file, wrong.StartLine, "", "the quotation marks do not match")
			return rows
		}
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		line, _ := r.FieldPos(0)
		one := &row{in: in, file: file, line: line, heading: heading, cells: make(map[string]string, len(heading))}
		for i, cell := range cells {
			switch {
			case i < len(heading):
				one.cells[heading[i]] = strings.TrimSpace(cell)
			case strings.TrimSpace(cell) != "":
				one.fail("", fmt.Sprintf("has more cells than the heading row has names: cell %d stands outside", i+1))
			}
		}
		rows = append(rows, one)
	}
}

// decode returns the text of a file in UTF-8, or in Windows-1252 as older spreadsheets write.
func decode(data []byte) (string, error) {
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return "", errors.New("it is a spreadsheet, not CSV: save the sheet as CSV first")
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return "", errors.New("it is not a text file: save it as CSV in UTF-8")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if utf8.Valid(data) {
		return string(data), nil
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return "", errors.New("its letters are neither UTF-8 nor Windows-1252: save it as CSV in UTF-8")
	}
	return string(text), nil
}

// delimiter is the mark that stands most often in the heading row.
func delimiter(text string) rune {
	first, _, _ := strings.Cut(text, "\n")
	best := ','
	for _, mark := range ";\t" {
		if strings.Count(first, string(mark)) > strings.Count(first, string(best)) {
			best = mark
		}
	}
	return best
}

// headingWord is a heading with its spelling evened out: "Tgl. Lahir" is tanggal_lahir.
func headingWord(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	word := strings.Join(words, "_")
	if same, ok := aliases[word]; ok {
		return same
	}
	return word
}

// kindOf finds the list that a heading row belongs to and holds it against what that list needs.
func kindOf(wanted Kind, heading []string) (list, string) {
	has := func(words []string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(heading, w) })
	}
	i := slices.IndexFunc(known(), func(l list) bool {
		return l.kind == wanted || wanted == "" && has(l.marks)
	})
	if i < 0 {
		return list{}, "the heading row is that of no known list: name the columns as in docs/import.md"
	}
	l := known()[i]
	return l, l.misfit(heading)
}

// misfit says what a heading row lacks or has too much of. A heading that is not known is named by its place only: in a
// file without a heading row it is somebody's data.
func (l list) misfit(heading []string) string {
	for _, w := range l.required {
		if !slices.Contains(heading, w) {
			return fmt.Sprintf("the heading row lacks the column %s that a list %q needs", w, l.kind)
		}
	}
	for i, w := range heading {
		welcome := w == "" || slices.Contains(l.required, w) || slices.Contains(l.optional, w) || slices.Contains(ignored, w) ||
			l.prefix != "" && strings.HasPrefix(w, l.prefix)
		if !welcome {
			return fmt.Sprintf("the heading of column %d is not known in a list %q: known are %s", i+1, l.kind,
				strings.Join(append(slices.Clone(l.required), l.optional...), ", "))
		}
		if w != "" && slices.Index(heading, w) < i {
			return fmt.Sprintf("the heading of column %d stands twice", i+1)
		}
	}
	return ""
}
