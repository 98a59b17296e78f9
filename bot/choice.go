package bot

import (
	"slices"
	"strings"
)

// The engine's own choices, which belong to no flow.
const (
	chooseResume = "_go"
	chooseNew    = "_new"
	chooseLater  = "_later"
	chooseDrop   = "_drop"
	choosePerson = "_person"
)

// chooseContact marks, among the buttons of a prompt, the channel's own button that shares a phone number.
const chooseContact = "_contact"

func (p *play) hasButton(id string) bool {
	return slices.ContainsFunc(p.s.Buttons, func(b button) bool { return b.ID == id })
}

// exactChoice is the one choice whose number, label or word was typed.
func (p *play) exactChoice() string {
	said := Plain(p.t.Text)
	if said == "" {
		return ""
	}
	if i := slices.IndexFunc(p.s.Buttons, func(b button) bool { return said == b.Key }); i >= 0 {
		return p.s.Buttons[i].ID
	}
	return p.only(func(b button) int {
		if said == Plain(b.Label) || slices.Contains(p.Texts.Words(b.Words), said) {
			return 1
		}
		return 0
	})
}

// looseChoice is the one choice that is mentioned in a sentence, by the longest of its words; none where free text or an
// exact answer is awaited, or when the sentence says no ("jangan") and the choice does not.
func (p *play) looseChoice() string {
	if p.s.Free || p.s.Exact {
		return ""
	}
	said := " " + Plain(p.t.Text) + " "
	denied := func(s string) bool {
		return slices.ContainsFunc(p.Texts.Words("words.not"), func(w string) bool { return strings.Contains(s, " "+w+" ") })
	}
	return p.only(func(b button) (longest int) {
		for _, w := range append(slices.Clone(p.Texts.Words(b.Words)), Plain(b.Label)) {
			w = " " + w + " "
			if strings.Contains(said, w) && (denied(w) || !denied(said)) {
				longest = max(longest, len(w))
			}
		}
		return longest
	})
}

// only is the choice with the highest score above zero, none when two share it.
func (p *play) only(score func(button) int) string {
	found, best := "", 0
	for _, b := range p.s.Buttons {
		switch n := score(b); {
		case n > best:
			found, best = b.ID, n
		case n == best && n > 0:
			found = ""
		}
	}
	return found
}
