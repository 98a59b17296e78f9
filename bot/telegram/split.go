package telegram

import "strings"

// What one message holds, in UTF-16 units: so Telegram counts.
const (
	maxText    = 4096
	maxCaption = 1024
)

// units is the length of a text in UTF-16 units.
func units(s string) (n int) {
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// split cuts a text into parts of at most limit units: between paragraphs, lines or sentences, whichever comes first in
// that order and leaves no less than half a part, else between words.
func split(text string, limit int) (parts []string) {
	text = strings.TrimSpace(text)
	for {
		end := fitting(text, limit)
		if end == len(text) {
			break
		}
		end = cut(text[:end])
		parts = append(parts, strings.TrimSpace(text[:end]))
		text = strings.TrimSpace(text[end:])
	}
	if text != "" {
		parts = append(parts, text)
	}
	return parts
}

// cut is the number of bytes of the first part of what would just fit.
func cut(window string) int {
	least := len(window) / 2
	for _, marks := range [][]string{{"\n\n"}, {"\n"}, {". ", "! ", "? ", "… "}, {" "}} {
		best := 0
		for _, mark := range marks {
			if i := strings.LastIndex(window, mark); i > 0 {
				best = max(best, i+len(mark))
			}
		}
		if best > least || best > 0 && marks[0] == " " {
			return best
		}
	}
	return len(window)
}

// fitting is the number of bytes whose letters make at most limit units.
func fitting(text string, limit int) int {
	n := 0
	for i, r := range text {
		n++
		if r > 0xFFFF {
			n++
		}
		if n > limit {
			return i
		}
	}
	return len(text)
}
