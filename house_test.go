package sahabatrt

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// floors are the packages and what each may import of the others. Tests may look wherever they like.
var floors = map[string][]string{
	"program":                   {},
	"locales":                   {"program"},
	"bot":                       {"locales"},
	"bot/bottest":               {"bot"},
	"bot/telegram":              {"bot"},
	"bot/telegram/telegramtest": {},
	"store":                     {"program"},
	"store/session":             {"store", "bot"},
	"store/session/redistest":   {},
	"store/lists":               {"store", "program"},
	"store/storetest":           {},
	"conversations":             {"bot", "store", "locales", "program"},
	"cmd/sahabatrt":             {"conversations", "bot", "bot/telegram", "store", "store/session", "store/lists", "locales", "program"},
}

func TestFloors(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Doc", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath, Doc string
			Imports         []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, "sahabatrt/")
		if name == "sahabatrt" {
			continue
		}
		may, known := floors[name]
		if !known {
			t.Errorf("%s is on no floor", name)
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment", name)
		}
		allowed := " " + strings.Join(may, " ") + " "
		for _, i := range p.Imports {
			if i, ours := strings.CutPrefix(i, "sahabatrt/"); ours && !strings.Contains(allowed, " "+i+" ") {
				t.Errorf("%s imports %s", name, i)
			}
		}
	}
}
