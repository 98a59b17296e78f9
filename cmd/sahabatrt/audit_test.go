package main

import (
	"regexp"
	"strings"
	"testing"
)

var personID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// TestAudit: who reads the audit by a number or an RT is told ids and times, and never what the number, the name or the NIK is.
func TestAudit(t *testing.T) {
	inEmptyFolder(t)
	ok(t, "daftar pekerja\nbecak\nSulaiman Contoh\n1571071209800003\nya\n081200009999\nsendiri\ndi rt ini\ntidak\n2 bulan\nsimpan\n", "chat", "--as", "ketua14")
	out, _ := ok(t, "", "audit", "--phone", "0812 0000 9999")
	if !strings.Contains(out, "2026-11-23 09:0") || !strings.Contains(out, "\tworker.register\t") || !strings.HasSuffix(out, "1 rows, times in WIB\n") {
		t.Errorf("by the worker's number:\n%s", out)
	}
	of := func(args ...string) string { out, _ := ok(t, "", append([]string{"audit"}, args...)...); return out }
	ketua := strings.Split(out, "\t")[1]
	if all := of("--person", ketua); !strings.Contains(all, "chat.link") || !strings.Contains(all, "worker.register") || strings.Contains(of("--person", ketua, "--until", "2026-11-22"), ketua) {
		t.Errorf("by the ketua's id:\n%s", all)
	}
	all := of() + of("--rt", "1571071012-RT014", "--since", "2026-11-23")
	for _, secret := range []string{"Sulaiman", "1571071209800003", "81200009999", "Contoh"} {
		if strings.Contains(all, secret) {
			t.Errorf("the audit tells %q", secret)
		}
	}
	for flag, value := range map[string]string{"--phone": "0812 0000 9998", "--rt": "14", "--since": "kemarin"} {
		if code, _, errs := run(t, "", "audit", flag, value); code == 0 || strings.Contains(errs, "9998") {
			t.Errorf("%s %s: exit %d, %s", flag, value, code, errs)
		}
	}
}

// TestUnlinkCommand: after it the chat is nobody's, and its number alone does not bring it back.
func TestUnlinkCommand(t *testing.T) {
	inEmptyFolder(t)
	said, _ := ok(t, "sisa anggaran\n", "chat", "--as", "ketua14")
	if !strings.Contains(said, "Rp38.800.000") {
		t.Fatal(said)
	}
	out, _ := ok(t, "", "audit", "--rt", "1571071012-RT014")
	ids := personID.FindAllString(out, -1)
	code, _, errs := run(t, "", "unlink", "--phone", "0812 0000 9998")
	if code == 0 || len(ids) == 0 || strings.Contains(errs, "9998") {
		t.Errorf("nobody's number: exit %d, %s", code, errs)
	}
	for _, line := range strings.Split(out, "\n") {
		if strings.Contains(line, "chat.link") {
			if told, _ := ok(t, "", "unlink", "--person", strings.Split(line, "\t")[1]); !strings.HasPrefix(told, "1 chats") {
				t.Error(told)
			}
		}
	}
	if said, _ := ok(t, "sisa anggaran\n", "chat", "--as", "ketua14"); strings.Contains(said, "Rp38.800.000") || !strings.Contains(said, "belum terhubung") {
		t.Error(said)
	}
}
