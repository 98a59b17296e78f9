package telegramtest

import "strings"

// method is one that the server has.
type method struct {
	name    string
	params  map[string]bool
	message bool // it sends one, and counts for the limits
	do      func(*call) (any, *Answer)
}

var methods = map[string]*method{}

// What several methods take. Parameters without effect here are read and forgotten; those of older versions of the Bot
// API that Telegram still reads are in it, too.
const (
	toChat  = " chat_id disable_notification protect_content allow_paid_broadcast message_effect_id reply_parameters reply_to_message_id allow_sending_without_reply reply_markup"
	ofText  = " text parse_mode entities link_preview_options disable_web_page_preview"
	caption = " caption parse_mode caption_entities show_caption_above_media"
	onePast = " chat_id message_id reply_markup"
)

func init() {
	for _, m := range []struct {
		name, params string
		do           func(*call) (any, *Answer)
	}{
		{"getMe", "", getMe},
		{"getUpdates", "offset limit timeout allowed_updates", getUpdates},
		{"setWebhook", "url ip_address max_connections allowed_updates drop_pending_updates secret_token", setWebhook},
		{"deleteWebhook", "drop_pending_updates", deleteWebhook},
		{"getWebhookInfo", "", getWebhookInfo},
		{"sendMessage", toChat + ofText, sendMessage},
		{"sendPhoto", toChat + caption + " photo has_spoiler", sendPhoto},
		{"sendDocument", toChat + caption + " document disable_content_type_detection", sendDocument},
		{"sendChatAction", "chat_id action", sendChatAction},
		{"answerCallbackQuery", "callback_query_id text show_alert url cache_time", answerCallbackQuery},
		{"editMessageText", onePast + ofText, editMessageText},
		{"editMessageCaption", onePast + caption, editMessageCaption},
		{"editMessageReplyMarkup", onePast, editMessageReplyMarkup},
		{"deleteMessage", "chat_id message_id", deleteMessage},
		{"setMyCommands", "commands scope language_code", setMyCommands},
		{"getMyCommands", "scope language_code", getMyCommands},
		{"deleteMyCommands", "scope language_code", deleteMyCommands},
		{"setMyDescription", "description language_code", setMyDescription},
		{"getMyDescription", "language_code", getMyDescription},
		{"setMyShortDescription", "short_description language_code", setMyShortDescription},
		{"getMyShortDescription", "language_code", getMyShortDescription},
		{"setChatMenuButton", "chat_id menu_button", setChatMenuButton},
		{"getFile", "file_id", getFile},
	} {
		made := &method{name: m.name, params: map[string]bool{}, do: m.do}
		for _, p := range strings.Fields(m.params) {
			made.params[p] = true
		}
		switch m.name {
		case "sendMessage", "sendPhoto", "sendDocument":
			made.message = true
		}
		methods[strings.ToLower(m.name)] = made
	}
}

func getMe(c *call) (any, *Answer) { return c.s.bot, nil }
