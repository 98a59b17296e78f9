package telegramtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Call is one call of a method, as it came and as it ended.
type Call struct {
	Method      string
	Params      map[string]string // values of files are their names
	Chat        int64             // 0 when the method has none
	At          time.Time         // when it came
	Status      int               // HTTP status of the answer, 0 when the caller got none
	Description string            // of a refusal
	Done        bool              // it had its effect, whatever was answered
}

// call is one call while it is played.
type call struct {
	s      *Server
	method *method
	ctx    context.Context
	at     time.Time
	params map[string]string
	files  map[string]upload
	chatID int64
	failed *Answer // the first thing that was wrong with the parameters
}

type upload struct {
	name string
	data []byte
}

// maxBody is what a call may bring: a document of 50 MB and its parameters.
const maxBody = 51 << 20

// read takes the parameters out of a request, wherever they are.
func (c *call) read(r *http.Request) {
	c.params = map[string]string{}
	if r.URL.RawQuery != "" {
		c.form(r.URL.RawQuery)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		c.fail(413, "Request Entity Too Large")
		return
	} else if err != nil {
		panic(http.ErrAbortHandler) // the caller went away half-way
	}
	kind, attributes, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case len(body) == 0:
	case kind == "application/json":
		c.json(body)
	case kind == "multipart/form-data":
		c.multipart(body, attributes["boundary"])
	case kind == "application/x-www-form-urlencoded":
		c.form(string(body))
	default:
		c.fail(400, fmt.Sprintf("Bad Request: telegramtest: a body of type %q is not read", kind))
	}
	for name, value := range c.params {
		switch {
		case !c.method.params[name]:
			c.fail(400, fmt.Sprintf("Bad Request: telegramtest: parameter %q of %s is unknown or not covered", name, c.method.name))
		case !utf8.ValidString(value):
			c.fail(400, "Bad Request: strings must be encoded in UTF-8")
		}
	}
	if c.method.params["chat_id"] {
		c.chatID, _ = strconv.ParseInt(c.params["chat_id"], 10, 64)
	}
}

func (c *call) form(encoded string) {
	values, err := url.ParseQuery(encoded)
	if err != nil {
		c.fail(400, "Bad Request: can't parse the form")
		return
	}
	for name, v := range values {
		c.params[name] = v[0]
		if len(v) > 1 {
			c.fail(400, fmt.Sprintf("Bad Request: telegramtest: parameter %q is given %d times", name, len(v)))
		}
	}
}

func (c *call) json(body []byte) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(body, &values); err != nil {
		c.fail(400, "Bad Request: can't parse JSON object")
		return
	}
	for name, v := range values {
		switch {
		case string(v) == "null": // as if it were not there
		case v[0] == '"':
			var text string
			_ = json.Unmarshal(v, &text) // it is a string: Unmarshal above has read it
			c.params[name] = text
		default:
			c.params[name] = string(v)
		}
	}
}

func (c *call) multipart(body []byte, boundary string) {
	c.files = map[string]upload{}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return
		}
		var data []byte
		if err == nil {
			data, err = io.ReadAll(part)
		}
		if err != nil {
			c.fail(400, "Bad Request: can't parse the multipart body")
			return
		}
		if part.FileName() == "" {
			c.params[part.FormName()] = string(data)
			continue
		}
		c.files[part.FormName()] = upload{part.FileName(), data}
		c.params[part.FormName()] = part.FileName()
	}
}

func (c *call) fail(code int, description string) {
	if c.failed == nil {
		c.failed = &Answer{Code: code, Description: description}
	}
}

// badRequest is the refusal that Telegram gives for most things.
func badRequest(format string, args ...any) *Answer {
	return &Answer{Code: 400, Description: "Bad Request: " + fmt.Sprintf(format, args...)}
}

// own is a refusal that Telegram would not give, or not in these words: the server says whose it is.
func own(format string, args ...any) *Answer {
	return badRequest("telegramtest: "+format, args...)
}

func (c *call) run() (any, *Answer) {
	if c.failed != nil {
		return nil, c.failed
	}
	if refused := c.s.limited(c); refused != nil {
		return nil, refused
	}
	return c.method.do(c)
}

// wait lets time pass, and reports whether anybody is still there.
func (c *call) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	case <-c.s.ctx.Done():
		return false
	}
}

// int reads a whole number.
func (c *call) int(name string, missing int) (int, *Answer) {
	text, ok := c.params[name]
	if !ok || text == "" {
		return missing, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, own("parameter %q is no whole number", name)
	}
	return n, nil
}

func (c *call) bool(name string) (bool, *Answer) {
	switch strings.ToLower(c.params[name]) {
	case "", "false", "0", "no":
		return false, nil
	case "true", "1", "yes":
		return true, nil
	}
	return false, own("parameter %q is neither true nor false", name)
}

// decode reads JSON that must have no field but v's. What is missing leaves v as it is; so does null, which clients send
// for lists that they leave out.
func (c *call) decode(name string, v any) *Answer {
	text := c.params[name]
	if text == "" || text == "null" {
		return nil
	}
	if err := strict([]byte(text), v); err != nil {
		return badRequest("can't parse %s: %v", name, err)
	}
	return nil
}

func strict(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("there is more after the end")
	}
	return nil
}

// record notes how a call ended.
func (s *Server) record(c *call, refused *Answer, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[c.method.name]++
	if s.config.Lean {
		return
	}
	entry := Call{Method: c.method.name, Params: c.params, Chat: c.chatID, At: c.at, Status: http.StatusOK, Done: done}
	if refused != nil {
		entry.Status, entry.Description = refused.Code, refused.Description
	}
	s.calls = append(s.calls, entry)
}

// Calls returns what was called so far, in the order in which calls ended; of the named methods, or of all.
func (s *Server) Calls(methods ...string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Call
	for _, c := range s.calls {
		if len(methods) == 0 || slices.Contains(methods, c.Method) {
			out = append(out, c)
		}
	}
	return out
}

// Count returns how often a method was called, refusals included.
func (s *Server) Count(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[method]
}

// Gaps returns the times between the messages that the bot sent to a chat, in order: between the moments when calls came
// that had their effect.
func (s *Server) Gaps(chat int64) []time.Duration {
	var at []time.Time
	for _, c := range s.Calls("sendMessage", "sendPhoto", "sendDocument") {
		if c.Chat == chat && c.Done {
			at = append(at, c.At)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	var out []time.Duration
	for i := 1; i < len(at); i++ {
		out = append(out, at[i].Sub(at[i-1]))
	}
	return out
}
