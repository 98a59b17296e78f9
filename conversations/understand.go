package conversations

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"sahabatrt/bot"
)

// wishes are the flows that words lead to, in the order in which they are looked for: what is urgent first, what is
// said with few words last, and rights before questions. The words are "words.wish.FLOW" of the catalogue: "a+b" means both, anywhere.
var wishes = []string{"accident", "death", "language", "hush", "budget", "mydata", "cover", "tickets", "talk", "moves", "lost", "invite", "area", "workers", "benefits", "contribution", "join", "register", "person", "help", "greet"}

var codeForm = regexp.MustCompile(`^[A-Z0-9]{4}[- ]?[A-Z0-9]{4}$`)

// understand finds the flow that a text asks for by simple words.
func understand(t *bot.Turn) bot.Intent {
	said := words(t.Text)
	for _, flow := range wishes {
		for _, wish := range t.Words("words.wish." + flow) {
			if mentions(said, wish) {
				whole := wish == strings.Join(said, " ")
				return bot.Intent{Flow: flow, Args: map[string]string{"text": t.Text},
					// one word inside a longer text may be part of a name or an address, unless it calls for help
					Sure:  whole || flow == "accident" || flow == "death" || strings.ContainsAny(wish, "+ "),
					Asked: whole || strings.HasSuffix(t.Text, "?") || mentionsAny(t.Text, t.Words("words.question"))}
			}
		}
	}
	if code, ok := inviteCode(t.Text); ok {
		return bot.Intent{Flow: "greet", Sure: true, Args: map[string]string{"code": code}}
	}
	if shortCode(t.Text) {
		return bot.Intent{Flow: "greet", Sure: true, Args: map[string]string{"short": t.Text}}
	}
	return bot.Intent{}
}

// inviteCode reads a code that was typed: eight letters and digits with a digit among them, or what follows "kode".
func inviteCode(text string) (string, bool) {
	text = strings.ToUpper(text)
	rest, named := strings.CutPrefix(text, "KODE ")
	rest = strings.TrimSpace(rest)
	if !codeForm.MatchString(rest) || strings.Trim(rest, "0123456789 -") == "" || !named && !strings.ContainsAny(rest, "0123456789") {
		return "", false
	}
	return strings.NewReplacer("-", "", " ", "").Replace(rest), true
}

// shortCode says whether a text names a code that is none.
func shortCode(text string) bool {
	rest, named := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(text)), "KODE ")
	return named && len(strings.Fields(rest)) == 1
}

func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// mentions says whether every part of a wish stands in the text; a part of several words stands in it as it is.
func mentions(said []string, wish string) bool {
	text := " " + strings.Join(said, " ") + " "
	return wish != "" && !slices.ContainsFunc(strings.Split(wish, "+"), func(part string) bool {
		return !strings.Contains(text, " "+part+" ")
	})
}

func mentionsAny(text string, wishes []string) bool {
	said := words(text)
	return slices.ContainsFunc(wishes, func(w string) bool { return mentions(said, w) })
}
