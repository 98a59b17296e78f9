package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestLogTellsNobody logs each secret in every place that a line has; all of it is invented.
func TestLogTellsNobody(t *testing.T) {
	for name, secret := range map[string]string{
		"token":               "123456789:AAF-x_1234567890abcdefghijklmnopqrs",
		"token in an address": "bot42:abc-DEF_1",
		"NIK":                 "1571071209800003",
		"NIK with spaces":     "1571 0712 0980 0003",
		"NIK with two spaces": "1571  0712  0980  0003",
		"NIK with dots":       "1571.0712.0980.0003",
		"NIK with dashes":     "157107-120980-0003",
		"NIK in a longer run": "00157107120980000311",
		"phone":               "+6281200000014",
		"phone, spaced":       "+62 812-0000-0014",
		"phone, local":        "081200000014",
		"phone, local spaced": "0812 0000 0014",
		"phone, bare code":    "6281200000014",
		"phone, abroad":       "+60 12-345 6789",
		"JID":                 "6281200000014@s.whatsapp.net",
		"LID":                 "98765432109876:12@lid",
		"group":               "12036302-1234@g.us",
	} {
		for _, format := range []string{"text", "json"} {
			t.Run(name+" "+format, func(t *testing.T) {
				var out bytes.Buffer
				log := (&Config{LogFormat: format}).log(&out)
				log.With("held", secret).WithGroup("g").Warn("message "+secret,
					"string", "x"+secret, "error", fmt.Errorf("get https://host/bot/%s: %w", secret, errors.New(secret)),
					slog.Group("deep", "any", []string{secret}), "struct", struct{ Number string }{secret}, "bytes", []byte(secret))
				if line := out.String(); strings.Contains(line, secret) {
					t.Errorf("it is still there: %s", line)
				} else if !strings.Contains(line, "message") || !strings.Contains(line, "held") {
					t.Errorf("the rest of the line is gone: %s", line)
				}
			})
		}
	}
}

func TestLogKeepsWhatIsHarmless(t *testing.T) {
	var out bytes.Buffer
	(&Config{LogFormat: "text"}).log(&out).Warn("turn failed", "try", 3, "rt", "1571071012-RT014", "id", "019ab2f3-7c11-7e6a-9f00-aabbccddeeff", "at", "2026-11-23T09:00:00+07:00", "sum", "Rp4.032.000")
	for _, want := range []string{"try=3", "1571071012-RT014", "019ab2f3-7c11-7e6a-9f00-aabbccddeeff", "2026-11-23T09:00:00+07:00", "Rp4.032.000"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is gone: %s", want, out.String())
		}
	}
}
