package conversations_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sahabatrt/program"
	"sahabatrt/store"
)

// attacker is one of the fifty chats: somebody who is nobody.
func (c *ward) attacker(name string) *actor {
	a := &actor{name: name}
	a.addr, _ = c.stage.Person(name)
	return a
}

// looksUp asks for a worker's data as one who says that he is that worker. It returns all that is said on the way.
func (c *ward) looksUp(t *testing.T, a *actor, nik, mother string) (said string) {
	t.Helper()
	for _, line := range []string{"saya masih aktif?", "[NIK dan nama ibu]", nik, mother, "[Ya, HP saya]"} {
		said += c.says(t, a, line) + "--\n"
	}
	return said
}

// TestLookUpAttack (rule 37): fifty chats try one NIK of a birth date after the other, with the commonest names of mothers.
// Whether somebody has the NIK or not they hear the same at each stage until all of them are locked out; who was meant is
// told, once; who is known already sees his data all the time, and when the time is over everybody can prove himself again.
func TestLookUpAttack(t *testing.T) {
	const notProved, locked = "belum bisa memastikan datanya", "cara ini saya tutup dulu sampai besok"
	c := newWardEitherWay(t)
	c.change(t, func(tx *store.Tx) error {
		ketua, err := tx.PersonByChat(c.actor("ketua here").addr.Channel, c.actor("ketua here").addr.ID)
		if err != nil {
			return err
		}
		return tx.CorrectWorker(c.worker, store.FieldMother, "Halimah Contoh", ketua)
	})
	if _, err := c.do(strings.Fields("member Joko 1571070101800031 - - Siti Aminah")); err != nil {
		t.Fatal(err)
	}
	nik := func(serial int) string { return fmt.Sprintf("157107010180%04d", serial) }
	// Of the serials that they get to, 11 has a mother on record, 12 to 14 have none, and nobody has the others.
	first := map[string]string{} // what was heard first, by the stage
	same := func(stage, said, word string) {
		t.Helper()
		if !strings.Contains(said, word) || strings.Contains(said, secretName) {
			t.Fatalf("%s: %s", stage, said)
		}
		if first[stage] == "" {
			first[stage] = said
		}
		if said != first[stage] {
			t.Errorf("%s: one hears\n%s\nanother\n%s", stage, first[stage], said)
		}
	}
	tries := 0
	for chat := 1; chat <= 50; chat++ {
		a := c.attacker(fmt.Sprint("attack", chat))
		if tries == program.DefaultSettings().ProofsAnHour {
			same("the city is locked", c.looksUp(t, a, nik(chat), "Siti"), locked)
			continue
		}
		for i, mother := range []string{"Siti", "Aminah", "Fatimah"} {
			same(fmt.Sprint("try ", i+1), c.looksUp(t, a, nik(chat), mother), notProved)
			tries++
		}
		same("the NIK is locked", c.looksUp(t, a, nik(chat), "Halimah Contoh"), locked)
	}
	if strings.TrimSpace(first["the city is locked"]) == "" || tries != program.DefaultSettings().ProofsAnHour {
		t.Errorf("%d tries were answered", tries)
	}
	told := func(name string) string {
		t.Helper()
		if err := c.due(t.Context(), c.clock()); err != nil {
			t.Fatal(err)
		}
		return c.reads(t, c.actor(name))
	}
	for _, name := range []string{"ketua here", "wakil here"} {
		said := told(name)
		for _, worker := range []string{"Udin ", "Tahan ", "Pindah "} {
			if strings.Count(said, "ada yang 3 kali mencoba membuka data Pak "+worker+secretName) != 1 {
				t.Errorf("%s is told of %s: %s", name, worker, said)
			}
		}
		if strings.Contains(said, "Lain") || strings.Contains(said, "1571") {
			t.Errorf("%s is told more than concerns him: %s", name, said)
		}
	}
	if said := told("kelurahan here"); strings.Count(said, "berkali-kali mencoba membuka data") != 3 || strings.Contains(said, secretName) {
		t.Errorf("the lurah is told: %s", said)
	}
	for _, name := range []string{"ketua here", "kelurahan here", "ketua elsewhere", "kelurahan elsewhere"} {
		if said := told(name); strings.HasSuffix(name, " here") && said != "" {
			t.Errorf("%s is told once more: %s", name, said)
		}
	}

	udin, joko := c.actor("worker here"), c.attacker("joko")
	if said := c.says(t, udin, "saya masih aktif?"); !strings.Contains(said, "Pak Udin "+secretName+", per") {
		t.Errorf("who is linked does not see himself: %s", said)
	}
	same("the city is locked", c.looksUp(t, joko, nik(31), "Siti Aminah"), locked)
	c.now.Add(int64(61 * time.Minute))
	for i := range 5 { // one chat alone: five NIKs, and then not even the right answer
		same("try 1", c.looksUp(t, c.attacker("alone"), nik(21+i), "Siti"), notProved)
	}
	if said := c.looksUp(t, c.attacker("alone"), nik(31), "Siti Aminah"); said != first["the city is locked"] {
		t.Errorf("one chat alone: %s", said)
	}
	same("the NIK is locked", c.looksUp(t, c.attacker("attack50"), nik(11), "Halimah Contoh"), locked)
	if said := c.looksUp(t, joko, nik(31), "siti aminah"); !strings.Contains(said, "Pak Joko Contoh, per") {
		t.Errorf("an hour later Joko is told: %s", said)
	}
	c.now.Add(int64(24 * time.Hour))
	if said := c.looksUp(t, c.attacker("udin"), nik(11), "halimah contoh"); !strings.Contains(said, "Pak Udin "+secretName+", per") {
		t.Errorf("a day later Udin is told: %s", said)
	}
	c.saysWhatIsThere(t)
}
