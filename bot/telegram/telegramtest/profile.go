package telegramtest

import (
	"encoding/json"
	"regexp"
)

// profile is what the bot says about itself: by scope and language, or by language.
type profile struct {
	commands    map[string][]Command
	description map[string]string
	short       map[string]string
}

// Command is an entry of the bot's menu.
type Command struct {
	Name        string `json:"command"`
	Description string `json:"description"`
}

var (
	commandName = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)
	language    = regexp.MustCompile(`^([a-z]{2})?$`)
)

// Commands returns the menu for a language ("" for all others), in the default scope.
func (s *Server) Commands(language string) []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.profile.commands["default "+language]
}

// Description returns what an empty chat shows, and what stands in the bot's profile.
func (s *Server) Description(language string) (long, short string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.profile.description[language], s.profile.short[language]
}

func (c *call) language() (string, *Answer) {
	l := c.params["language_code"]
	if !language.MatchString(l) {
		return "", badRequest("invalid language code specified")
	}
	return l, nil
}

// scope reads whom commands are for, as part of a key.
func (c *call) scope() (string, *Answer) {
	scope := struct {
		Type string `json:"type"`
		Chat int64  `json:"chat_id"`
		User int64  `json:"user_id"`
	}{Type: "default"}
	if refused := c.decode("scope", &scope); refused != nil {
		return "", refused
	}
	language, refused := c.language()
	if refused != nil {
		return "", refused
	}
	switch scope.Type {
	case "default", "all_private_chats", "all_group_chats", "all_chat_administrators":
		return scope.Type + " " + language, nil
	case "chat", "chat_administrators", "chat_member":
		key, err := json.Marshal(scope)
		return string(key) + " " + language, ended(err)
	}
	return "", badRequest("unsupported type specified")
}

// ended turns what cannot fail into a refusal, should it fail.
func ended(err error) *Answer {
	if err == nil {
		return nil
	}
	return own("%v", err)
}

func setMyCommands(c *call) (any, *Answer) {
	var commands []Command
	if refused := c.decode("commands", &commands); refused != nil {
		return nil, refused
	}
	key, refused := c.scope()
	if refused != nil {
		return nil, refused
	}
	if len(commands) > 100 {
		return nil, badRequest("BOT_COMMANDS_TOO_MUCH")
	}
	for _, command := range commands {
		if !commandName.MatchString(command.Name) {
			return nil, badRequest("BOT_COMMAND_INVALID")
		}
		if n := units(command.Description); n < 1 || n > 256 {
			return nil, badRequest("BOT_COMMAND_DESCRIPTION_INVALID")
		}
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.s.profile.commands == nil {
		c.s.profile.commands = map[string][]Command{}
	}
	c.s.profile.commands[key] = commands
	return true, nil
}

func getMyCommands(c *call) (any, *Answer) {
	key, refused := c.scope()
	if refused != nil {
		return nil, refused
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return append([]Command{}, c.s.profile.commands[key]...), nil
}

func deleteMyCommands(c *call) (any, *Answer) {
	key, refused := c.scope()
	if refused != nil {
		return nil, refused
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	delete(c.s.profile.commands, key)
	return true, nil
}

// setText keeps one of the bot's descriptions.
func (c *call) setText(name string, most int, in *map[string]string) (any, *Answer) {
	language, refused := c.language()
	if refused != nil {
		return nil, refused
	}
	text := c.params[name]
	if units(text) > most {
		return nil, own("%s has %d units, more than %d", name, units(text), most)
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if *in == nil {
		*in = map[string]string{}
	}
	(*in)[language] = text
	return true, nil
}

func (c *call) getText(name string, in *map[string]string) (any, *Answer) {
	language, refused := c.language()
	if refused != nil {
		return nil, refused
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return map[string]string{name: (*in)[language]}, nil
}

func setMyDescription(c *call) (any, *Answer) {
	return c.setText("description", 512, &c.s.profile.description)
}

func getMyDescription(c *call) (any, *Answer) {
	return c.getText("description", &c.s.profile.description)
}

func setMyShortDescription(c *call) (any, *Answer) {
	return c.setText("short_description", 120, &c.s.profile.short)
}

func getMyShortDescription(c *call) (any, *Answer) {
	return c.getText("short_description", &c.s.profile.short)
}

func setChatMenuButton(c *call) (any, *Answer) {
	button := struct {
		Type   string          `json:"type"`
		Text   string          `json:"text"`
		WebApp json.RawMessage `json:"web_app"`
	}{Type: "default"}
	if refused := c.decode("menu_button", &button); refused != nil {
		return nil, refused
	}
	switch button.Type {
	case "commands", "default":
		return true, nil
	case "web_app":
		return nil, own("menu buttons with a web app are not covered")
	}
	return nil, badRequest("MenuButton has unsupported type")
}
