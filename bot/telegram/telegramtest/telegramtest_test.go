package telegramtest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sahabatrt/bot/telegram/telegramtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reply is what came back from a call.
type reply struct {
	Status      int `json:"-"`
	OK          bool
	Result      json.RawMessage
	ErrorCode   int `json:"error_code"`
	Description string
	Parameters  struct {
		RetryAfter int   `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	}
}

// try calls a method in process, with parameters given as name, value, name, value.
func try(ctx context.Context, s *telegramtest.Server, method string, params ...string) (reply, error) {
	form := url.Values{}
	for i := 0; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	return post(ctx, s, s.Token, method, "application/x-www-form-urlencoded", form.Encode())
}

func post(ctx context.Context, s *telegramtest.Server, token, method, kind, body string) (r reply, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, telegramtest.InProcess+"/bot"+token+"/"+method, strings.NewReader(body))
	if err != nil {
		return r, err
	}
	req.Header.Set("Content-Type", kind)
	resp, err := s.Client().Do(req)
	if err != nil {
		return r, err
	}
	defer resp.Body.Close()
	r.Status = resp.StatusCode
	return r, json.NewDecoder(resp.Body).Decode(&r)
}

// call is try for a call that gets an answer.
func call(t *testing.T, s *telegramtest.Server, method string, params ...string) reply {
	t.Helper()
	r, err := try(t.Context(), s, method, params...)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	return r
}

// ok is call for one that must be granted.
func ok(t *testing.T, s *telegramtest.Server, method string, params ...string) reply {
	t.Helper()
	r := call(t, s, method, params...)
	if !r.OK || r.Status != 200 {
		t.Fatalf("%s: %+v", method, r)
	}
	return r
}

func refused(t *testing.T, r reply, code int, description string) {
	t.Helper()
	if r.OK || r.Status != code || r.ErrorCode != code || !strings.HasPrefix(r.Description, description) {
		t.Errorf("got %+v, want %d %s", r, code, description)
	}
}

func decode[T any](t *testing.T, r reply) (v T) {
	t.Helper()
	if err := json.Unmarshal(r.Result, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// get fetches an address: the status and the body.
func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

type update struct {
	ID      int `json:"update_id"`
	Message *struct {
		ID   int `json:"message_id"`
		Text string
		Chat struct{ ID int64 }
	}
	EditedMessage *struct{ Text string } `json:"edited_message"`
	CallbackQuery *struct {
		ID, Data string
	} `json:"callback_query"`
	MyChatMember *struct {
		New struct{ Status string } `json:"new_chat_member"`
	} `json:"my_chat_member"`
}

func updates(t *testing.T, s *telegramtest.Server, params ...string) []update {
	t.Helper()
	return decode[[]update](t, ok(t, s, "getUpdates", params...))
}

func texts(in []update) string {
	var out []string
	for _, u := range in {
		out = append(out, u.Message.Text)
	}
	return strings.Join(out, " ")
}

// clock stands still until it is moved.
type clock struct{ at time.Time }

func newClock() *clock { return &clock{time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }
