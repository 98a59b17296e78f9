package telegram

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"sahabatrt/bot"
)

var (
	received = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	written  = time.Unix(1795399200, 0)
	person   = bot.Address{Channel: "telegram", ID: "71001"}
	group    = bot.Address{Channel: "telegram", ID: "-4200001"}
)

// payloads are what Telegram sends, in testdata/updates, and what we make of them. From, Lang, ID and At are those of the
// person who writes unless they are given.
var payloads = map[string]struct {
	want bot.Update
	is   meaning
}{
	"text":                           {bot.Update{Text: "sisa anggaran berapa?"}, toPlay},
	"text_without_language":          {bot.Update{Text: "halo", Lang: "-"}, toPlay},
	"start":                          {bot.Update{Text: "/start"}, toPlay},
	"start_with_code":                {bot.Update{Start: "ABCD2345"}, toPlay},
	"command_with_name":              {bot.Update{Text: "/menu"}, toPlay},
	"contact_own":                    {bot.Update{Phone: "+6281200071001", Contact: &bot.Contact{Phone: "+6281200071001", Name: "Sulaiman Contoh"}}, toPlay},
	"contact_of_another":             {bot.Update{Contact: &bot.Contact{Phone: "+6281200071002", Name: "Udin"}}, toPlay},
	"contact_without_account":        {bot.Update{Contact: &bot.Contact{Phone: "081200071003", Name: "Siti Contoh"}}, toPlay},
	"contact_own_but_forwarded":      {bot.Update{Contact: &bot.Contact{Phone: "+6281200071001", Name: "Sulaiman Contoh"}}, toPlay},
	"contact_own_but_by_another_bot": {bot.Update{Contact: &bot.Contact{Phone: "+6281200071001", Name: "Sulaiman Contoh"}}, toPlay},
	"photo_with_caption":             {bot.Update{Text: "KTP Pak Udin", Media: &bot.Media{Kind: bot.Photo, ID: "large"}}, toPlay},
	"album_first":                    {bot.Update{Text: "rumahnya", Media: &bot.Media{Kind: bot.Photo, ID: "large", Album: "13900000000000001"}}, toPlay},
	"album_second":                   {bot.Update{Media: &bot.Media{Kind: bot.Photo, ID: "small", Album: "13900000000000001"}}, toPlay},
	"document":                       {bot.Update{Media: &bot.Media{Kind: bot.Document, ID: "doc"}}, toPlay},
	"animation":                      {bot.Update{Media: &bot.Media{Kind: bot.Video, ID: "anim"}}, toPlay},
	"voice":                          {bot.Update{Media: &bot.Media{Kind: bot.Voice, ID: "voice"}}, toPlay},
	"audio":                          {bot.Update{Media: &bot.Media{Kind: bot.Voice, ID: "audio"}}, toPlay},
	"video":                          {bot.Update{Text: "lihat ini", Media: &bot.Media{Kind: bot.Video, ID: "video"}}, toPlay},
	"video_note":                     {bot.Update{Media: &bot.Media{Kind: bot.Video, ID: "note"}}, toPlay},
	"sticker":                        {bot.Update{Media: &bot.Media{Kind: bot.Sticker, ID: "sticker"}}, toPlay},
	"location":                       {bot.Update{Media: &bot.Media{Kind: bot.Location}}, toPlay},
	"venue":                          {bot.Update{Media: &bot.Media{Kind: bot.Location}}, toPlay},
	"poll":                           {bot.Update{Media: &bot.Media{Kind: bot.Unknown}}, toPlay},
	"content_of_the_future":          {bot.Update{Media: &bot.Media{Kind: bot.Unknown}}, toPlay},
	"edited":                         {bot.Update{Text: "Sulaiman Contoh", Edited: true, At: written.Add(time.Minute)}, toPlay},
	"press":                          {bot.Update{Press: &bot.Press{Prompt: 1795399200123, Choice: "save"}, Ack: "15.4382bfdwdsb323b2d9", At: received}, toPlay},
	"press_with_dots":                {bot.Update{Press: &bot.Press{Prompt: 1795399200123, Choice: "pick.2026-11"}, Ack: "15.42", At: received}, toPlay},
	"press_on_an_old_message":        {bot.Update{Press: &bot.Press{Prompt: 1700000000000, Choice: "yes"}, Ack: "3.43", At: received}, toPlay},
	"press_of_another_program":       {bot.Update{Press: &bot.Press{}, Ack: "15.44", At: received}, toPlay},
	"press_without_message":          {bot.Update{}, unreadable},
	"press_in_group":                 {bot.Update{From: group}, inGroup},
	"press_in_the_chat_of_another":   {bot.Update{}, nobody},
	"text_in_the_chat_of_another":    {bot.Update{}, nobody},
	"blocked":                        {bot.Update{}, blocked},
	"unblocked":                      {bot.Update{}, nobody},
	"brought_into_group":             {bot.Update{From: group}, inGroup},
	"thrown_out_of_group":            {bot.Update{From: group}, nobody},
	"group_command":                  {bot.Update{From: group}, inGroup},
	"supergroup_command":             {bot.Update{From: bot.Address{Channel: "telegram", ID: "-1001234567890"}}, inGroup},
	"group_becomes_supergroup":       {bot.Update{}, nobody},
	"pinned":                         {bot.Update{}, nobody},
	"timer_changed":                  {bot.Update{}, nobody},
	"from_a_bot":                     {bot.Update{}, nobody},
	"from_nobody":                    {bot.Update{}, nobody},
	"live_location_moves":            {bot.Update{}, nobody},
	"kind_that_was_not_asked_for":    {bot.Update{}, unreadable},
}

func TestToUpdate(t *testing.T) {
	files, err := filepath.Glob("testdata/updates/*.json")
	if err != nil || len(files) != len(payloads) {
		t.Fatalf("%d payloads, %d expected (%v)", len(files), len(payloads), err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in, err := parseOne(raw)
			if err != nil {
				t.Fatal(err)
			}
			got, is := toUpdate(&in, received)
			expect := payloads[name]
			if is != expect.is {
				t.Fatalf("it means %s, want %s", is, expect.is)
			}
			want := expect.want
			if is != toPlay {
				if want.From.ID != "" && got.From != want.From {
					t.Errorf("from %+v, want %+v", got.From.ID, want.From.ID)
				}
				return
			}
			if got.ID == "" || got.ID == "0" {
				t.Error("the update has no id")
			}
			want.ID, want.From = got.ID, person
			if want.Lang == "" {
				want.Lang = "id"
			}
			want.Lang = strings.Trim(want.Lang, "-")
			if want.At.IsZero() {
				want.At = written
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("\n got %+v\nwant %+v", shown(got), shown(want))
			}
		})
	}
}

func shown(u bot.Update) string {
	raw, _ := json.Marshal(u)
	return string(raw)
}

// TestAnUpdateOfAnUnknownFormCostsOnlyItself: the others of the same answer are read, and its id moves the offset.
func TestAnUpdateOfAnUnknownFormCostsOnlyItself(t *testing.T) {
	good, err := os.ReadFile("testdata/updates/text.json")
	if err != nil {
		t.Fatal(err)
	}
	all, err := parse([]byte(`[` + string(good) + `,{"update_id":990001,"message":{"chat":"new form"}},{"update_id":990002,"moon_phase":{}}]`))
	if err != nil || len(all) != 3 {
		t.Fatalf("%d updates, %v", len(all), err)
	}
	if _, is := toUpdate(&all[0], received); is != toPlay {
		t.Errorf("the good one is %s", is)
	}
	for i, kind := range map[int]string{1: "message", 2: "moon_phase"} {
		if _, is := toUpdate(&all[i], received); is != unreadable || all[i].kind != kind || all[i].ID != int64(990000+i) {
			t.Errorf("update %d of kind %q is %s", all[i].ID, all[i].kind, is)
		}
	}
}

func FuzzToUpdate(f *testing.F) {
	files, _ := filepath.Glob("testdata/updates/*.json")
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, err := parseOne(raw)
		if err != nil {
			return
		}
		u, is := toUpdate(&in, received)
		if is != toPlay {
			return
		}
		switch {
		case u.From.Channel != Channel || u.From.ID == "" || u.From.ID == "0":
			t.Errorf("played, but from nowhere: %s", raw)
		case u.Text == "" && u.Start == "" && u.Press == nil && u.Contact == nil && u.Media == nil:
			t.Errorf("played, but empty: %s", raw)
		case u.Phone != "" && (u.Contact == nil || in.Message == nil && in.Edited == nil):
			t.Errorf("a number that nobody shared: %s", raw)
		case u.Press != nil && u.Ack == "":
			t.Errorf("a press that cannot be answered: %s", raw)
		}
	})
}

// FuzzPress: what is written on a button is what a press says.
func FuzzPress(f *testing.F) {
	f.Add(int64(1795399200123), "save")
	f.Add(int64(1), "a.b.c")
	f.Fuzz(func(t *testing.T, prompt int64, choice string) {
		if got := press(pressData(prompt, choice)); got.Prompt != prompt || got.Choice != choice {
			t.Errorf("%d.%s is read as %+v", prompt, choice, got)
		}
	})
}
