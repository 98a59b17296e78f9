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

// split cuts a text into parts of at most limit units: between paragraphs, lines, sentences or words, whichever comes
// first in that order and does not leave less than half.
func split(text string, limit int) (parts []string) {
	text = strings.TrimSpace(text)
	for len(text) > limit && units(text) > limit { // no text has more units than bytes
		end := cut(text, limit)
		parts = append(parts, strings.TrimSpace(text[:end]))
		text = strings.TrimSpace(text[end:])
	}
	if text != "" {
		parts = append(parts, text)
	}
	return parts
}

// cut is the number of bytes of the first part.
func cut(text string, limit int) int {
	window := text[:fitting(text, limit)]
	for _, marks := range [][]string{{"\n\n"}, {"\n"}, {". ", "! ", "? ", "… "}, {" "}} {
		best := 0
		for _, mark := range marks {
			if i := strings.LastIndex(window, mark); i > 0 {
				best = max(best, i+len(mark))
			}
		}
		if best > len(window)/2 {
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
