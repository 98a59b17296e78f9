package conversations

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"regexp"
	"testing"

	"sahabatrt/locales"
)

// TestConsentWordsHaveTheirVersion: who agreed to a version agreed to these words. Old versions stay in the table: records
// name them.
func TestConsentWordsHaveTheirVersion(t *testing.T) {
	texts, err := locales.New(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	said := func(text locales.Text) string { return texts.Render(locales.Default, text) }
	summary := said(locales.T("register.summary.ask", "Name", "", "Category", "", "NIK", "", "Sex", "", "Birth", "", "Phone", "", "Address", "",
		"Elsewhere", "", "Span", "", "Per", "", "Total", "", "Money", "", "Head", "HEAD", "Worker", "WORKER"))
	sentence := regexp.MustCompile(`(?m)^.*HEAD.*WORKER.*$`).FindString(summary)
	if sentence == "" {
		t.Fatal("the summary of a registration has no sentence of consent")
	}
	words := map[string]string{
		rtConsent: sentence, ownConsent: said(locales.T("mydata.consent_text")),
		paperConsent: said(locales.T("workers.paper.confirm", "Worker", "WORKER", "Signed", "DAY")),
	}
	for version, want := range map[string]string{
		"rt-2026-11-23":    "ed5399158853c940",
		"self-2026-11-23":  "f31c28595805c3eb",
		"self-2026-11-23b": "c6f12cf752a617ed",
		"paper-2026-11-23": "f157452a20bd097a",
	} {
		text, used := words[version]
		if !used {
			continue
		}
		delete(words, version)
		if sum := sha256.Sum256([]byte(text)); hex.EncodeToString(sum[:8]) != want {
			t.Errorf("The words of consent %q have changed, and people agreed to the old ones: give them a new version in consent.go, and keep the old one here beside %q for\n%s",
				version, hex.EncodeToString(sum[:8]), text)
		}
	}
	for version := range words {
		t.Errorf("consent %q is not in the table: add its words", version)
	}
}
