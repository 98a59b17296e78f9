package telegramtest

import "strings"

// units counts a text as Telegram does: in UTF-16 code units.
func units(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// clean drops what Telegram drops: carriage returns; other control characters become spaces.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return -1
		case r < ' ' && r != '\n':
			return ' '
		}
		return r
	}, text)
}

// text reads a text and what marks parts of it. Spaces around it are gone.
func (c *call) text(name, entitiesName string) (string, []Entity, *Answer) {
	text := clean(c.params[name])
	var preview struct {
		Disabled bool   `json:"is_disabled"`
		URL      string `json:"url"`
		Small    bool   `json:"prefer_small_media"`
		Large    bool   `json:"prefer_large_media"`
		Above    bool   `json:"show_above_text"`
	}
	if refused := c.decode("link_preview_options", &preview); refused != nil {
		return "", nil, refused
	}
	var entities []Entity
	var err error
	switch mode := strings.ToLower(c.params["parse_mode"]); mode {
	case "":
		if refused := c.decode(entitiesName, &entities); refused != nil {
			return "", nil, refused
		}
		err = checkEntities(entities, units(text))
	case "html":
		text, entities, err = parseHTML(text)
	case "markdown":
		text, entities, err = parseMarkdown(text)
	case "markdownv2":
		text, entities, err = parseMarkdownV2(text)
	default:
		return "", nil, badRequest("unsupported parse_mode")
	}
	if err != nil {
		return "", nil, badRequest("can't parse entities: %s", sentence(err))
	}
	text, entities = trim(text, entities)
	return text, entities, nil
}

// sentence writes an error as Telegram does: with a capital.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

func (c *call) caption() (string, []Entity, *Answer) {
	text, entities, refused := c.text("caption", "caption_entities")
	if refused == nil && units(text) > 1024 {
		refused = badRequest("message caption is too long")
	}
	return text, entities, refused
}

// trim takes the spaces around a text away, and moves its entities along.
func trim(text string, entities []Entity) (string, []Entity) {
	left := strings.TrimLeft(text, " \n")
	gone := units(text) - units(left)
	text = strings.TrimRight(left, " \n")
	var out []Entity
	for n, e := units(text), 0; e < len(entities); e++ {
		entity := entities[e]
		start, end := max(0, entity.Offset-gone), min(n, entity.Offset+entity.Length-gone)
		if start < end {
			entity.Offset, entity.Length = start, end-start
			out = append(out, entity)
		}
	}
	return text, out
}
