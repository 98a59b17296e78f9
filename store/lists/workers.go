package lists

import (
	"errors"
	"strings"

	"sahabatrt/program"
	"sahabatrt/store"
)

// workers are those registered before this store, with the months that are paid.
var workers = list{
	kind:     Workers,
	marks:    []string{"nik", "kategori"},
	required: []string{"kelurahan", "rt", "nama", "nik", "kategori", "bulan_mulai"},
	optional: []string{"pekerjaan", "tanggal_lahir", "jenis_kelamin", "hp", "pemilik_hp", "alamat", "lunas_sampai", "status"},
	read:     readWorker,
}

// categories are the categories by the words that lists use, beside the stored ones.
var categories = map[string]program.Category{
	"tukang becak": program.BecakDriver, "becak": program.BecakDriver,
	"ojek pangkalan": program.OjekDriver, "ojek": program.OjekDriver, "tukang ojek": program.OjekDriver,
	"pedagang kecil": program.SmallTrader, "pedagang": program.SmallTrader,
	"buruh harian": program.DayLabourer, "buruh": program.DayLabourer,
	"usaha rumahan": program.HomeBusiness, "lainnya": program.OtherWork,
}

// states are the states that a list may give. Whether an active worker is in arrears follows from lunas_sampai.
var states = map[string]program.State{
	"": "", "aktif": program.Active, "menunggak": program.Active,
	"menunggu pagu": program.WaitingCeiling, "ditahan": program.Held,
	"berhenti": program.Stopped, "meninggal": program.Dead, "berakhir": program.Ended,
}

// longest is how many months may lie between the first month and the last one paid: more is a slip of the finger.
const longest = 120

func readWorker(r *row) record {
	r.text("bulan_mulai")
	w := store.Worker{
		RT:         r.rt(),
		Name:       r.text("nama"),
		NIK:        r.nik(),
		Birth:      r.date("tanggal_lahir"),
		Sex:        r.sex(),
		Category:   r.category(),
		Work:       r.cells["pekerjaan"],
		Phone:      r.phone("hp"),
		PhoneOwner: r.cells["pemilik_hp"],
		Address:    r.cells["alamat"],
		FirstMonth: r.month("bulan_mulai"),
		PaidUntil:  r.month("lunas_sampai"),
		State:      r.state(),
	}
	r.fill(&w)
	r.checkPaid(w)
	r.once("nik", "this NIK", w.NIK.Digits())
	return func(tx *store.Tx) (bool, error) {
		if err := r.listed(tx, w.RT); err != nil {
			return false, err
		}
		changed, err := tx.ImportWorker(w, "")
		var duplicate *store.DuplicateNIK
		switch {
		case errors.As(err, &duplicate):
			return false, mistake{"nik", "is registered in another RT already: ask the kelurahan which of the two is right"}
		case errors.Is(err, store.ErrWithdrew):
			return false, mistake{"nik", "withdrew the consent: leave this line out; the RT can register anew in a conversation, where consent is stated again"}
		case errors.Is(err, program.ErrNoTariff):
			return false, mistake{"bulan_mulai", "lies in a time for which no contribution is known here: check the year"}
		}
		return changed, err
	}
}

// fill takes from the NIK what the list does not tell.
func (r *row) fill(w *store.Worker) {
	if r.wrong {
		return
	}
	if w.Sex == "" {
		w.Sex = w.NIK.Sex()
	}
	if !w.Birth.IsZero() {
		return
	}
	birth, ok := w.NIK.Birth(r.in.Today)
	if !ok {
		r.fail("tanggal_lahir", "is empty, and the date in the NIK does not exist: enter the one on the KTP")
	}
	w.Birth = birth
}

func (r *row) checkPaid(w store.Worker) {
	if r.wrong {
		return
	}
	switch {
	case w.State == program.Active && w.PaidUntil.IsZero():
		r.fail("lunas_sampai", "is empty, and an active worker has something paid: enter the last month that is paid")
	case !w.PaidUntil.IsZero() && w.PaidUntil < w.FirstMonth:
		r.fail("lunas_sampai", "lies before bulan_mulai: check both")
	case !w.PaidUntil.IsZero() && w.PaidUntil-w.FirstMonth > longest:
		r.fail("lunas_sampai", "lies more than ten years after bulan_mulai: check both")
	}
}

func (r *row) category() program.Category {
	text := strings.ToLower(r.text("kategori"))
	if c, ok := categories[text]; ok {
		return c
	}
	c, err := program.ParseCategory(text)
	if err != nil && text != "" {
		r.fail("kategori", "is no category: write tukang becak, ojek pangkalan, pedagang kecil, buruh harian, usaha rumahan or lainnya")
	}
	return c
}

func (r *row) sex() program.Sex {
	switch strings.ToLower(r.cells["jenis_kelamin"]) {
	case "":
		return ""
	case "l", "lk", "laki-laki", "laki laki", "pria":
		return program.Male
	case "p", "pr", "perempuan", "wanita":
		return program.Female
	}
	r.fail("jenis_kelamin", "is neither L nor P: write one of them or leave it empty")
	return ""
}

func (r *row) state() program.State {
	text := strings.TrimRight(strings.ReplaceAll(strings.ToLower(r.cells["status"]), "_", " "), " 123")
	s, ok := states[text]
	if !ok {
		r.fail("status", "is no state that a list may give: write aktif, menunggu pagu, ditahan, berhenti, meninggal or berakhir, or leave it empty")
	}
	return s
}
