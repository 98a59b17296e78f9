package telegramtest

import "strconv"

// The objects of the Bot API, as far as the server speaks of them. What hangs on a message is never changed in place: an
// edit replaces it, so that a copy of a message can be encoded while others go on.

type wireUser struct {
	ID            int64  `json:"id"`
	IsBot         bool   `json:"is_bot"`
	FirstName     string `json:"first_name"`
	LastName      string `json:"last_name,omitempty"`
	Username      string `json:"username,omitempty"`
	LanguageCode  string `json:"language_code,omitempty"`
	CanJoinGroups *bool  `json:"can_join_groups,omitempty"` // this and what follows: of the bot only
	ReadsGroups   *bool  `json:"can_read_all_group_messages,omitempty"`
	Inline        *bool  `json:"supports_inline_queries,omitempty"`
}

type wireChat struct {
	ID        int64  `json:"id"`
	Type      string `json:"type"`
	Title     string `json:"title,omitempty"`
	Username  string `json:"username,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
}

type wireMessage struct {
	ID              int           `json:"message_id"`
	From            *wireUser     `json:"from,omitempty"`
	Chat            *wireChat     `json:"chat"`
	Date            int64         `json:"date"`
	EditDate        int64         `json:"edit_date,omitempty"`
	ReplyTo         *wireMessage  `json:"reply_to_message,omitempty"`
	Origin          *wireOrigin   `json:"forward_origin,omitempty"`
	Album           string        `json:"media_group_id,omitempty"`
	Text            string        `json:"text,omitempty"`
	Entities        []Entity      `json:"entities,omitempty"`
	Photo           []wireFile    `json:"photo,omitempty"`
	Document        *wireFile     `json:"document,omitempty"`
	Sticker         *wireFile     `json:"sticker,omitempty"`
	Voice           *wireFile     `json:"voice,omitempty"`
	Video           *wireFile     `json:"video,omitempty"`
	Caption         string        `json:"caption,omitempty"`
	CaptionEntities []Entity      `json:"caption_entities,omitempty"`
	Contact         *wireContact  `json:"contact,omitempty"`
	Location        *wireLocation `json:"location,omitempty"`
	Dice            *wireDice     `json:"dice,omitempty"`
	NewMembers      []wireUser    `json:"new_chat_members,omitempty"`
	LeftMember      *wireUser     `json:"left_chat_member,omitempty"`
	MigrateTo       int64         `json:"migrate_to_chat_id,omitempty"`
	MigrateFrom     int64         `json:"migrate_from_chat_id,omitempty"`
	Protected       bool          `json:"has_protected_content,omitempty"`
	Markup          *inlineMarkup `json:"reply_markup,omitempty"`
}

// wireOrigin is a MessageOrigin: who wrote what was passed on.
type wireOrigin struct {
	Type   string    `json:"type"`
	Date   int64     `json:"date"`
	Sender *wireUser `json:"sender_user"`
}

// wireFile is a PhotoSize, Document, Sticker, Voice, Video or File.
type wireFile struct {
	ID       string `json:"file_id"`
	UniqueID string `json:"file_unique_id"`
	Size     int    `json:"file_size,omitempty"`
	Path     string `json:"file_path,omitempty"`
	Name     string `json:"file_name,omitempty"`
	Mime     string `json:"mime_type,omitempty"`
	Width    int    `json:"width,omitempty"`
	Height   int    `json:"height,omitempty"`
	Duration *int   `json:"duration,omitempty"`
	Emoji    string `json:"emoji,omitempty"`
	Type     string `json:"type,omitempty"`
	Animated *bool  `json:"is_animated,omitempty"`
	Moving   *bool  `json:"is_video,omitempty"`
}

type wireContact struct {
	Phone     string `json:"phone_number"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name,omitempty"`
	UserID    int64  `json:"user_id,omitempty"`
}

type wireLocation struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

type wireDice struct {
	Emoji string `json:"emoji"`
	Value int    `json:"value"`
}

type wireQuery struct {
	ID       string       `json:"id"`
	From     *wireUser    `json:"from"`
	Message  *wireMessage `json:"message"`
	Instance string       `json:"chat_instance"`
	Data     string       `json:"data"`
}

type wireMember struct {
	Status string    `json:"status"`
	User   *wireUser `json:"user"`
	Until  *int64    `json:"until_date,omitempty"`
}

type wireMemberChange struct {
	Chat *wireChat  `json:"chat"`
	From *wireUser  `json:"from"`
	Date int64      `json:"date"`
	Old  wireMember `json:"old_chat_member"`
	New  wireMember `json:"new_chat_member"`
}

// botID is the number in front of a token, or 0.
func botID(token string) int64 {
	for i, r := range token {
		if r == ':' {
			id, _ := strconv.ParseInt(token[:i], 10, 54)
			return max(id, 0)
		}
	}
	return 0
}
