package telegramtest_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"sahabatrt/bot/telegram/telegramtest"
)

func inline(buttons string) string { return `{"inline_keyboard":[[` + buttons + `]]}` }

func TestWhatIsRefused(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	u, stranger := s.User("Contoh"), s.User("Orang Lain")
	u.Start("")
	g := s.Group("RT 14", u)
	chat := strconv.FormatInt(u.ID, 10)
	mine := strconv.Itoa(u.Write("halo"))
	send := func(k, v string, more ...string) []string {
		return append([]string{"chat_id", chat, "text", "Halo", k, v}, more...)
	}
	for _, c := range []struct {
		method string
		params []string
		want   string
	}{
		{"sendMessage", []string{"text", "Halo"}, "chat_id is empty"},
		{"sendMessage", []string{"text", "Halo", "chat_id", "99"}, "chat not found"},
		{"sendMessage", []string{"text", "Halo", "chat_id", "@contoh"}, "chat not found"},
		{"sendMessage", send("text", ""), "message text is empty"},
		{"sendMessage", send("text", " \n\t "), "message text is empty"},
		{"sendMessage", send("text", strings.Repeat("a", 4097)), "message is too long"},
		{"sendMessage", send("text", strings.Repeat("🙂", 2049)), "message is too long"},
		{"sendMessage", send("text", "\xff"), "strings must be encoded in UTF-8"},
		{"sendMessage", send("txt", "x"), `telegramtest: parameter "txt" of sendMessage is unknown or not covered`},
		{"sendMessage", send("disable_notification", "maybe"), `telegramtest: parameter "disable_notification" is neither true nor false`},
		{"sendMessage", send("reply_parameters", `{"message_id":77}`), "message to be replied not found"},

		{"sendMessage", send("link_preview_options", `{"disabled":true}`), "can't parse link_preview_options"},

		{"sendMessage", send("parse_mode", "Latex"), "unsupported parse_mode"},
		{"sendMessage", send("text", "a < b", "parse_mode", "HTML"), `can't parse entities: Unsupported start tag "" at byte offset 2`},
		{"sendMessage", send("text", "<b>a", "parse_mode", "HTML"), `can't parse entities: Can't find end tag corresponding to start tag "b"`},
		{"sendMessage", send("text", "<b><i>a</b></i>", "parse_mode", "HTML"), `can't parse entities: Unmatched end tag at byte offset 7, expected "</i>", found "</b>"`},
		{"sendMessage", send("text", "a</b>", "parse_mode", "HTML"), `can't parse entities: Unexpected end tag at byte offset 1`},
		{"sendMessage", send("text", "<script>a</script>", "parse_mode", "HTML"), `can't parse entities: Unsupported start tag "script" at byte offset 0`},
		{"sendMessage", send("text", "Rp16.800", "parse_mode", "MarkdownV2"), `can't parse entities: Character '.' is reserved and must be escaped with the preceding '\'`},
		{"sendMessage", send("text", "*Siti", "parse_mode", "MarkdownV2"), `can't parse entities: Can't find end of Bold entity at byte offset 0`},
		{"sendMessage", send("text", "Siti_Contoh", "parse_mode", "Markdown"), `can't parse entities: Can't find end of the entity starting at byte offset 4`},
		{"sendMessage", send("text", "<b></b>", "parse_mode", "HTML"), "message text is empty"},
		{"sendMessage", send("entities", `[{"type":"bold","offset":2,"length":9}]`), "can't parse entities: Entity from 2 over 9 is outside of the text"},

		{"sendMessage", send("reply_markup", `[]`), "object expected as reply markup"},
		{"sendMessage", send("reply_markup", `{"inline`), "can't parse reply keyboard markup JSON object"},
		{"sendMessage", send("reply_markup", `{}`), "telegramtest: a reply markup is one of"},
		{"sendMessage", send("reply_markup", `{"keyboard":[["a"]],"inline_keyboard":[]}`), "telegramtest: a reply markup is one of"},
		{"sendMessage", send("reply_markup", `{"inline_keyboard":null}`), `field "inline_keyboard" of the InlineKeyboardMarkup must be an Array`},
		{"sendMessage", send("reply_markup", `{"inline_keyboard":[{"text":"a"}]}`), "can't parse reply markup"},
		{"sendMessage", send("reply_markup", `{"inline_keyboard":[[]]}`), "telegramtest: a keyboard has an empty row"},
		{"sendMessage", send("reply_markup", `{"keyboard":[]}`), "telegramtest: a reply keyboard needs a button"},
		{"sendMessage", send("reply_markup", inline(`{"text":"a"}`)), "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"},
		{"sendMessage", send("reply_markup", inline(`{"text":"a","callback_data":""}`)), "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"},
		{"sendMessage", send("reply_markup", inline(`{"text":"","callback_data":"x"}`)), "inline keyboard button text must be non-empty"},
		{"sendMessage", send("reply_markup", inline(`{"text":5,"callback_data":"x"}`)), "can't parse reply markup"},
		{"sendMessage", send("reply_markup", inline(`{"text":"a","callback_data":"x","url":"https://contoh.id"}`)), "telegramtest: an inline button must do exactly one thing"},
		{"sendMessage", send("reply_markup", inline(`{"text":"a","data":"x"}`)), "can't parse inline keyboard button"},
		{"sendMessage", send("reply_markup", inline(`{"text":"a","callback_data":"`+strings.Repeat("x", 65)+`"}`)), "BUTTON_DATA_INVALID"},
		{"sendMessage", send("reply_markup", inline(`{"text":"a","callback_data":"`+strings.Repeat("é", 33)+`"}`)), "BUTTON_DATA_INVALID"},
		{"sendMessage", send("reply_markup", inline(`{"text":"`+strings.Repeat("x", 65)+`","callback_data":"x"}`)), "telegramtest: a button's label has 65 units, more than 64"},
		{"sendMessage", send("reply_markup", inline(`{"text":"a","url":"ftp://contoh.id"}`)), "inline keyboard button URL 'ftp://contoh.id' is invalid: Unsupported URL protocol"},
		{"sendMessage", send("reply_markup", inline(`{"text":"a","url":"contoh"}`)), "inline keyboard button URL 'contoh' is invalid: Wrong HTTP URL"},
		{"sendMessage", send("reply_markup", inline(strings.TrimSuffix(strings.Repeat(`{"text":"a","callback_data":"x"},`, 9), ","))), "reply markup is too long"},
		{"sendMessage", send("reply_markup", `{"keyboard":[["a"]],"resize":true}`), "can't parse keyboard button"},
		{"sendMessage", send("reply_markup", `{"remove_keyboard":false}`), "telegramtest: remove_keyboard must be true"},
		{"sendMessage", []string{"chat_id", fmt.Sprint(g.ID()), "text", "Halo", "reply_markup", `{"keyboard":[[{"text":"Bagikan nomor","request_contact":true}]]}`}, "phone number can be requested in private chats only"},

		{"sendPhoto", []string{"chat_id", chat}, "there is no photo in the request"},
		{"sendPhoto", []string{"chat_id", chat, "photo", "bukan-id"}, "wrong file identifier/HTTP URL specified"},
		{"sendPhoto", []string{"chat_id", chat, "photo", "https://contoh.id/a.png"}, "telegramtest: files are not fetched from addresses"},
		{"sendPhoto", []string{"chat_id", chat, "photo", "x", "caption", strings.Repeat("a", 1025)}, "message caption is too long"},
		{"sendDocument", []string{"chat_id", chat}, "there is no document in the request"},
		{"sendChatAction", []string{"chat_id", chat, "action", "dancing"}, "wrong parameter action in request"},
		{"getFile", []string{"file_id", "bukan-id"}, "invalid file_id"},

		{"answerCallbackQuery", []string{"callback_query_id", "1"}, "query is too old and response timeout expired or query ID is invalid"},
		{"answerCallbackQuery", []string{"callback_query_id", "1", "text", strings.Repeat("a", 201)}, "MESSAGE_TOO_LONG"},
		{"editMessageText", []string{"chat_id", chat, "message_id", "77", "text", "a"}, "message to edit not found"},
		{"editMessageText", []string{"chat_id", chat, "text", "a"}, "message identifier is not specified"},
		{"editMessageText", []string{"chat_id", chat, "message_id", mine, "text", "a"}, "message can't be edited"},
		{"editMessageText", []string{"chat_id", chat, "message_id", mine, "text", ""}, "message text is empty"},
		{"deleteMessage", []string{"chat_id", chat, "message_id", "77"}, "message to delete not found"},

		{"setMyCommands", []string{"commands", `[{"command":"Sisa","description":"x"}]`}, "BOT_COMMAND_INVALID"},
		{"setMyCommands", []string{"commands", `[{"command":"sisa","description":""}]`}, "BOT_COMMAND_DESCRIPTION_INVALID"},
		{"setMyCommands", []string{"commands", `[{"command":"sisa","desc":"x"}]`}, "can't parse commands"},
		{"setMyCommands", []string{"commands", `[]`, "scope", `{"type":"everybody"}`}, "unsupported type specified"},
		{"setMyCommands", []string{"commands", `[]`, "language_code", "ind"}, "invalid language code specified"},
		{"setMyDescription", []string{"description", strings.Repeat("a", 513)}, "telegramtest: description has 513 units, more than 512"},
		{"setMyShortDescription", []string{"short_description", strings.Repeat("a", 121)}, "telegramtest: short_description has 121 units"},
		{"setChatMenuButton", []string{"menu_button", `{"type":"none"}`}, "MenuButton has unsupported type"},

		{"setWebhook", []string{"url", "http://contoh.id/hook"}, "bad webhook: An HTTPS URL must be provided for webhook"},
		{"setWebhook", []string{"url", "https://contoh.id", "secret_token", "rahasia!"}, "secret token contains unallowed characters"},
		{"setWebhook", []string{"url", "https://contoh.id", "max_connections", "101"}, "telegramtest: max_connections is 1 to 100"},
		{"getUpdates", []string{"limit", "101"}, "telegramtest: limit is 1 to 100"},
		{"getUpdates", []string{"offset", "satu"}, `telegramtest: parameter "offset" is no whole number`},
	} {
		t.Run(c.want, func(t *testing.T) {
			refused(t, call(t, s, c.method, c.params...), 400, "Bad Request: "+c.want)
		})
	}
	refused(t, call(t, s, "sendMessage", "chat_id", fmt.Sprint(stranger.ID), "text", "Halo"), 403, "Forbidden: bot can't initiate conversation with a user")
	if got := u.Read(); len(got) != 0 {
		t.Errorf("something was sent: %v", got)
	}
}

func TestWhatIsJustRightIsTaken(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	u := s.User("Contoh")
	u.Start("")
	chat := strconv.FormatInt(u.ID, 10)
	for _, params := range [][]string{
		{"text", strings.Repeat("a", 4096)},
		{"text", strings.Repeat("🙂", 2048)},
		{"text", "<b>" + strings.Repeat("a", 4096) + "</b>", "parse_mode", "HTML"},
		{"text", "a", "reply_markup", inline(`{"text":"` + strings.Repeat("x", 64) + `","callback_data":"` + strings.Repeat("x", 64) + `"}`)},
		{"text", "a", "reply_markup", `{"inline_keyboard":[]}`},
		{"text", "a", "reply_markup", `{"keyboard":[["a",{"text":"b","request_contact":true}]],"resize_keyboard":true,"one_time_keyboard":true}`},
		{"text", "a", "reply_markup", `{"remove_keyboard":true}`},
		{"text", "a", "reply_markup", `{"force_reply":true}`},
		{"text", "a", "entities", "null"},
		{"text", "null"},
		{"text", "a", "disable_notification", "true", "protect_content", "1", "link_preview_options", `{"is_disabled":true}`},
		{"text", "a", "reply_to_message_id", "77", "allow_sending_without_reply", "true"},
	} {
		ok(t, s, "sendMessage", append(params, "chat_id", chat)...)
	}
}

func TestMarkupIsReadAsTelegramReadsIt(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	u := s.User("Contoh")
	u.Start("")
	for _, c := range []struct{ mode, text, want, entities string }{
		{"", "  *a* <b>\r\n ", "*a* <b>", ""},
		{"HTML", "Pak <b>Su<i>lai</i>man</b> &amp; &lt;Siti&gt; &copy;", "Pak Sulaiman & <Siti> &copy;", "bold 4+8 italic 6+3"},
		{"HTML", `🙂<a href="https://contoh.id">sini</a>`, "🙂sini", "text_link 2+4"},
		{"HTML", `<span class="tg-spoiler">a</span><pre><code class="language-go">b</code></pre>`, "ab", "spoiler 0+1 pre 1+1 code 1+1"},
		{"MarkdownV2", `*Pak _Sulaiman_* Rp16\.800 ~x~ ||y|| __z__`, "Pak Sulaiman Rp16.800 x y z", "bold 0+12 italic 4+8 strikethrough 22+1 spoiler 24+1 underline 26+1"},
		{"MarkdownV2", "`a*b` [sini](https://contoh.id)\n>kutipan\nlagi", "a*b sini\nkutipan\nlagi", "code 0+3 text_link 4+4 blockquote 9+7"},
		{"Markdown", "*a* _b_ `c` [d](https://contoh.id) e\\_f", "a b c d e_f", "bold 0+1 italic 2+1 code 4+1 text_link 6+1"},
	} {
		r := ok(t, s, "sendMessage", "chat_id", strconv.FormatInt(u.ID, 10), "text", c.text, "parse_mode", c.mode)
		m := decode[struct {
			Text     string
			Entities []telegramtest.Entity
		}](t, r)
		var entities []string
		for _, e := range m.Entities {
			entities = append(entities, fmt.Sprintf("%s %d+%d", e.Type, e.Offset, e.Length))
		}
		if m.Text != c.want || strings.Join(entities, " ") != c.entities {
			t.Errorf("%s %q: got %q with %v", c.mode, c.text, m.Text, entities)
		}
	}
}

func TestTokensAndMethods(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	for _, c := range []struct {
		token, method string
		code          int
		want          string
	}{
		{"1000000001:bukan-ini", "getMe", 401, "Unauthorized"},
		{"bukan-token", "getMe", 401, "Unauthorized: invalid token specified"},
		{s.Token, "getBudget", 404, "Not Found: method not found"},
		{s.Token, "sendVenue", 404, "Not Found: method not found"},
	} {
		r, err := post(t.Context(), s, c.token, c.method, "application/json", "{}")
		if err != nil {
			t.Fatal(err)
		}
		refused(t, r, c.code, c.want)
	}
}

func TestBodiesOfAllKinds(t *testing.T) {
	s := telegramtest.New(t, telegramtest.Config{})
	u := s.User("Contoh")
	u.Start("")
	chat := strconv.FormatInt(u.ID, 10)
	for kind, body := range map[string]string{
		"application/json":                  `{"chat_id":` + chat + `,"text":"Halo","disable_notification":true,"entities":null,"reply_markup":{"inline_keyboard":[[{"text":"a","callback_data":"b"}]]}}`,
		"application/x-www-form-urlencoded": "chat_id=" + chat + "&text=Halo&reply_markup=%7B%22inline_keyboard%22%3A%5B%5B%7B%22text%22%3A%22a%22%2C%22callback_data%22%3A%22b%22%7D%5D%5D%7D",
		"multipart/form-data; boundary=x":   "--x\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n" + chat + "\r\n--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nHalo\r\n--x\r\nContent-Disposition: form-data; name=\"reply_markup\"\r\n\r\n" + inline(`{"text":"a","callback_data":"b"}`) + "\r\n--x--\r\n",
	} {
		r, err := post(t.Context(), s, s.Token, "sendMessage", kind, body)
		if err != nil || !r.OK {
			t.Errorf("%s: %+v, %v", kind, r, err)
			continue
		}
		if got := u.Read(); len(got) != 1 || got[0].String() != "Halo\n[a]" {
			t.Errorf("%s: he sees %v", kind, got)
		}
	}
	for kind, body := range map[string]string{"application/json": "{", "text/plain": "halo", "multipart/form-data; boundary=x": "--x\r\n"} {
		r, err := post(t.Context(), s, s.Token, "sendMessage", kind, body)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, r, 400, "Bad Request")
	}
}

func TestEditing(t *testing.T) {
	c := newClock()
	s := telegramtest.New(t, telegramtest.Config{Now: c.now})
	u := s.User("Contoh")
	u.Start("")
	chat := strconv.FormatInt(u.ID, 10)
	id := func(r reply) string {
		return strconv.Itoa(decode[struct {
			ID int `json:"message_id"`
		}](t, r).ID)
	}
	buttons := inline(`{"text":"Ya","callback_data":"1.ya"}`)
	m := id(ok(t, s, "sendMessage", "chat_id", chat, "text", "Benar?", "reply_markup", buttons))

	notModified := "Bad Request: message is not modified: specified new message content and reply markup are exactly the same"
	refused(t, call(t, s, "editMessageReplyMarkup", "chat_id", chat, "message_id", m, "reply_markup", buttons), 400, notModified)
	refused(t, call(t, s, "editMessageText", "chat_id", chat, "message_id", m, "text", "Benar?", "reply_markup", buttons), 400, notModified)
	refused(t, call(t, s, "editMessageReplyMarkup", "chat_id", chat, "message_id", m, "reply_markup", `{"remove_keyboard":true}`), 400, "Bad Request: inline keyboard expected")
	ok(t, s, "editMessageReplyMarkup", "chat_id", chat, "message_id", m)
	refused(t, call(t, s, "editMessageReplyMarkup", "chat_id", chat, "message_id", m), 400, notModified)
	ok(t, s, "editMessageText", "chat_id", chat, "message_id", m, "text", "Benar? Ya", "reply_markup", buttons)
	if got := u.Messages()[1]; got.String() != "Benar? Ya\n[Ya]" || !got.Edited {
		t.Errorf("he sees %+v", got)
	}

	keys := id(ok(t, s, "sendMessage", "chat_id", chat, "text", "Nomor?", "reply_markup", `{"keyboard":[["a"]]}`))
	refused(t, call(t, s, "editMessageText", "chat_id", chat, "message_id", keys, "text", "x"), 400, "Bad Request: message can't be edited")
	refused(t, call(t, s, "editMessageCaption", "chat_id", chat, "message_id", m, "caption", "x"), 400, "Bad Request: there is no caption in the message to edit")
	c.pass(49 * time.Hour)
	refused(t, call(t, s, "deleteMessage", "chat_id", chat, "message_id", m), 400, "Bad Request: message can't be deleted for everyone")
}

// FuzzMarkup: whatever is written, it is refused or read, and what is marked lies within the text.
func FuzzMarkup(f *testing.F) {
	s := telegramtest.New(f, telegramtest.Config{Lean: true})
	u := s.User("Contoh")
	u.Start("")
	for _, text := range []string{"<b>a</b> &lt; <a href='x'>y</a>", "*a* _b_ [c](d) `e`", "*a _b_* \\. >c\n>d ||e|| ![f](g) ```go\nh```", "</>", "[a](", "<a"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, mode := range []string{"HTML", "Markdown", "MarkdownV2"} {
			r := call(t, s, "sendMessage", "chat_id", strconv.FormatInt(u.ID, 10), "text", text, "parse_mode", mode)
			if !r.OK {
				continue
			}
			m := decode[struct {
				Text     string
				Entities []telegramtest.Entity
			}](t, r)
			n := len(utf16.Encode([]rune(m.Text)))
			for _, e := range m.Entities {
				if e.Offset < 0 || e.Length <= 0 || e.Offset+e.Length > n {
					t.Errorf("%s: %+v is outside of %q", mode, e, m.Text)
				}
			}
		}
	})
}
