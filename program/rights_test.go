package program

import (
	"slices"
	"testing"
)

// TestRights: who may do what, written down a second time as the officials read it (rule 37): one row a verb, the roles
// that have it. Every other role must not.
func TestRights(t *testing.T) {
	const rt, ward, district, worker = "1571071012-RT014", "1571071012", "157107", "0199-worker"
	home := map[Role]string{Ketua: rt, Sekretaris: rt, Bendahara: rt, Wakil: rt, Worker: worker, Lurah: ward, Camat: district, City: "1571", BPJS: "1571", Admin: "1571"}
	want := map[Verb]string{
		SeeSelf:     "worker",
		SeeBudget:   "ketua sekretaris bendahara wakil kelurahan kecamatan city",
		SeeWorkers:  "ketua sekretaris bendahara wakil kelurahan city bpjs",
		Register:    "ketua sekretaris wakil",
		Correct:     "ketua sekretaris wakil kelurahan",
		Pay:         "ketua bendahara wakil",
		Verify:      "kelurahan",
		Move:        "ketua wakil kelurahan",
		HandOver:    "ketua",
		Invite:      "ketua kelurahan kecamatan city admin",
		Unlink:      "kelurahan city admin",
		BeAlerted:   "kelurahan kecamatan city bpjs",
		AnswerRight: "kelurahan city",
		TakeOver:    "kelurahan city bpjs",
		ReadAudit:   "city admin",
	}
	for _, verb := range Verbs {
		var may string
		for _, role := range Roles {
			at := rt
			if verb == SeeSelf {
				at = worker
			}
			if May([]Office{{role, home[role]}}, verb, at) {
				if may != "" {
					may += " "
				}
				may += string(role)
			}
		}
		if may != want[verb] {
			t.Errorf("%s: %q, want %q", verb, may, want[verb])
		}
	}
}

func TestNoRightElsewhere(t *testing.T) {
	elsewhere := map[Role][]string{
		Ketua: {"1571071012-RT015", "1571071012", "157107", "1571"},
		Lurah: {"1571071011-RT001", "1571071011", "157107", "1571"},
		Camat: {"1571011001-RT001", "157101", "1571"},
		City:  {"1572", "16", ""},
	}
	home := map[Role]string{Ketua: "1571071012-RT014", Lurah: "1571071012", Camat: "157107", City: "1571"}
	for role, places := range elsewhere {
		for _, place := range places {
			for _, verb := range Verbs {
				if May([]Office{{role, home[role]}}, verb, place) {
					t.Errorf("%s of %s may %s in %q", role, home[role], verb, place)
				}
			}
		}
	}
	// A place that is no area has nothing in it, however it begins.
	for _, area := range []string{"1", "157", "15710710", "1571071012-", "1571071012-RT01", ""} {
		if May([]Office{{City, area}}, SeeWorkers, "1571071012-RT014") {
			t.Errorf("%q is taken for an area", area)
		}
	}
}

// TestInvitesStayBelow: nobody hands out what he has not got, and nobody reaches out of his area.
func TestInvitesStayBelow(t *testing.T) {
	rt, err := ParseRTCode("1571071012-RT014")
	if err != nil {
		t.Fatal(err)
	}
	other, _ := ParseRTCode("1571071012-RT015")
	places := []string{"1571071012-RT014", "1571071012-RT015", "1571071011-RT001", "1571071012", "1571071011", "157107", "157101", "1571"}
	for _, c := range []struct {
		who Office
		may []Office // of all offices at all places
	}{
		{Office{Ketua, "1571071012-RT014"}, []Office{
			{Ketua, "1571071012-RT014"}, {Sekretaris, "1571071012-RT014"}, {Bendahara, "1571071012-RT014"}, {Wakil, "1571071012-RT014"}}},
		{Office{Wakil, "1571071012-RT014"}, nil},
		{Office{Sekretaris, "1571071012-RT014"}, nil},
		{Office{Bendahara, "1571071012-RT014"}, nil},
		{Office{Worker, "w"}, nil},
		{Office{BPJS, "1571"}, nil},
		{Office{Lurah, "1571071012"}, []Office{
			{Ketua, "1571071012-RT014"}, {Ketua, "1571071012-RT015"}, {Sekretaris, "1571071012-RT014"}, {Sekretaris, "1571071012-RT015"},
			{Bendahara, "1571071012-RT014"}, {Bendahara, "1571071012-RT015"}}},
		{Office{Camat, "157107"}, []Office{
			{Ketua, "1571071012-RT014"}, {Ketua, "1571071012-RT015"}, {Ketua, "1571071011-RT001"}, {Lurah, "1571071012"}, {Lurah, "1571071011"}}},
	} {
		for _, role := range Roles {
			for _, place := range places {
				to := Office{role, place}
				if got, want := MayInvite([]Office{c.who}, to, RT{}), slices.Contains(c.may, to); got != want {
					t.Errorf("%v invites %v: %v, want %v", c.who, to, got, want)
				}
			}
		}
	}
	if !MayInvite([]Office{{Ketua, "1571071012-RT014"}}, Office{Worker, "w"}, rt) || MayInvite([]Office{{Ketua, "1571071012-RT014"}}, Office{Worker, "w"}, other) {
		t.Error("a ketua invites the workers of his own RT, and no others")
	}
	if MayInvite([]Office{{City, "1571"}}, Office{Admin, "1571"}, RT{}) || MayInvite([]Office{{City, "1571"}}, Office{City, "1571"}, RT{}) {
		t.Error("the city invites its own kind")
	}
}
