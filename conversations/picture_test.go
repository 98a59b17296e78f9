package conversations_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sahabatrt/store/storetest"
)

var (
	recordID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	relayed  = regexp.MustCompile(`:write:u?[0-9]+$`) // named by its update, which each channel names in its own way
	// inviteCode is made by chance.
	inviteCode = regexp.MustCompile(`\b[A-HJ-NP-Z2-9]{8}\b`)
	keyed      = regexp.MustCompile(`\bkeyed:[\w-]+`)
)

// picture is everything that the records hold, opened: a row a line, each id and keyed hash replaced by the order in which
// it first stands there, each chat by its person's name, and all channels by one. Two stores with the same picture hold
// the same records.
func (c *city) picture(t testing.TB) string {
	t.Helper()
	var lines []string
	for _, row := range storetest.Rows(t, c.Records) {
		if row.Table == "keysets" || slices.ContainsFunc([]string{"session_", "goose_", "sqlite_", "river_"}, func(of string) bool { return strings.HasPrefix(row.Table, of) }) {
			continue // not the records
		}
		line := row.Table
		for i, column := range row.Columns {
			line += " " + column + "=" + c.value(row, i)
		}
		lines = append(lines, line)
	}
	// By content first: rows are written in the order of ids, but not read in it.
	slices.SortFunc(lines, func(a, b string) int {
		if byContent := strings.Compare(masked(a), masked(b)); byContent != 0 {
			return byContent
		}
		return strings.Compare(a, b)
	})
	places := map[string]string{}
	number := func(id string) string {
		if _, met := places[id]; !met {
			places[id] = fmt.Sprint("#", len(places)+1)
		}
		return places[id]
	}
	return keyed.ReplaceAllStringFunc(recordID.ReplaceAllStringFunc(strings.Join(lines, "\n"), number), number)
}

func masked(line string) string {
	return keyed.ReplaceAllString(recordID.ReplaceAllString(line, "#"), "#")
}

// value is one column of a row; what is sealed is opened.
func (c *city) value(row storetest.Row, i int) string {
	column, value := row.Columns[i], row.Values[i]
	if column == "channel" {
		return `"any"`
	}
	if column == "op" || column == "id" {
		value = relayed.ReplaceAllString(value, ":write:")
	}
	if plain, err := c.db.Sealer().Open(row.Table+"."+column+"."+row.Values[0], value); err == nil {
		if name, ok := c.names[string(plain)]; ok && column == "address" {
			plain = []byte(name)
		}
		return fmt.Sprintf("opened:%q", inviteCode.ReplaceAll(plain, []byte("#code")))
	}
	if strings.HasSuffix(column, "_key") && value != "" {
		return "keyed:" + value
	}
	return fmt.Sprintf("%q", value)
}

// pictures are those of the first round, on SQLite, by test.
var pictures = map[string]string{}

// sameOnBoth keeps the picture of the first round and compares that of the second with it.
func sameOnBoth(t *testing.T, picture string) {
	t.Helper()
	if !storetest.OnPostgres() {
		pictures[t.Name()] = picture
		return
	}
	compare(t, pictures[t.Name()], picture)
}

// compare fails with the rows that differ.
func compare(t *testing.T, want, got string) {
	t.Helper()
	if !strings.Contains(want, "rts ") {
		t.Fatal("the picture shows nothing")
	}
	if want == got {
		return
	}
	differ := map[string]string{}
	for _, line := range strings.Split(want, "\n") {
		differ[line] = "missing: "
	}
	for _, line := range strings.Split(got, "\n") {
		if _, both := differ[line]; both {
			delete(differ, line)
			continue
		}
		differ[line] = "too much: "
	}
	for _, line := range slices.Sorted(maps.Keys(differ)) {
		t.Error(differ[line] + line)
	}
}
