package program

import (
	"slices"
	"strings"
)

// Role is what an office allows. The values are stored.
type Role string

// The roles, from the RT upwards.
const (
	Ketua      Role = "ketua"
	Sekretaris Role = "sekretaris"
	Bendahara  Role = "bendahara"
	Wakil      Role = "wakil" // stands in for the ketua until a day
	Worker     Role = "worker"
	Lurah      Role = "kelurahan"
	Camat      Role = "kecamatan"
	City       Role = "city" // DPMPPA and Disnaker
	BPJS       Role = "bpjs"
	Admin      Role = "admin" // who runs the bot: offices and traces, nobody's data
)

// Roles are all of them.
var Roles = []Role{Ketua, Sekretaris, Bendahara, Wakil, Worker, Lurah, Camat, City, BPJS, Admin}

// Office is a role at a place: the code of an RT, a kelurahan, a kecamatan or
// the city; for [Worker] the worker's id.
type Office struct {
	Role  Role
	Place string
}

// CityCode is the place of an office for the whole city.
const CityCode = cityCode

// Verb is something that needs a right.
type Verb string

// The verbs.
const (
	SeeSelf     Verb = "see_self"     // one's own record, and what it promises
	SeeBudget   Verb = "see_budget"   // money of an RT
	SeeWorkers  Verb = "see_workers"  // who is registered, NIK masked
	Register    Verb = "register"     // a worker, with the money that this sets aside
	Correct     Verb = "correct"      // a worker's data
	Pay         Verb = "pay"          // report a payment
	Verify      Verb = "verify"       // release or refuse what is held
	Move        Verb = "move"         // let a worker go to another RT
	HandOver    Verb = "hand_over"    // one's own office to a successor
	Invite      Verb = "invite"       // below one's own area: see MayInvite
	Unlink      Verb = "unlink"       // a lost chat, and bind the new one
	BeAlerted   Verb = "be_alerted"   // about an RT
	AnswerRight Verb = "answer_right" // to see, correct, erase, withdraw: the 72 hours
	TakeOver    Verb = "take_over"    // talk with a person through the bot
	ReadAudit   Verb = "read_audit"   // who did and read what
)

// Verbs are all of them.
var Verbs = []Verb{SeeSelf, SeeBudget, SeeWorkers, Register, Correct, Pay, Verify, Move, HandOver, Invite, Unlink,
	BeAlerted, AnswerRight, TakeOver, ReadAudit}

// rights is who may do what inside his own area (rule 37); nobody may do
// anything outside of it. A kecamatan sees sums, not people: nothing it does
// needs their names.
var rights = map[Verb][]Role{
	SeeSelf:     {Worker},
	SeeBudget:   {Ketua, Sekretaris, Bendahara, Wakil, Lurah, Camat, City},
	SeeWorkers:  {Ketua, Sekretaris, Bendahara, Wakil, Lurah, City, BPJS},
	Register:    {Ketua, Sekretaris, Wakil},
	Correct:     {Ketua, Sekretaris, Wakil, Lurah},
	Pay:         {Ketua, Bendahara, Wakil},
	Verify:      {Lurah},
	Move:        {Ketua, Wakil, Lurah},
	HandOver:    {Ketua},
	Invite:      {Ketua, Lurah, Camat, City, Admin},
	Unlink:      {Lurah, City, Admin},
	BeAlerted:   {Lurah, Camat, City, BPJS},
	AnswerRight: {Lurah, City},
	TakeOver:    {Lurah, City, BPJS},
	ReadAudit:   {City, Admin},
}

// May says whether one of the offices allows verb at place: the code of an RT,
// a kelurahan, a kecamatan or the city; for [SeeSelf] the worker's id.
func May(offices []Office, verb Verb, place string) bool {
	return slices.ContainsFunc(offices, func(o Office) bool {
		return slices.Contains(rights[verb], o.Role) && Within(place, o.Place)
	})
}

// Within says whether a place lies in an area, or is it.
func Within(place, area string) bool {
	if place == "" || area == "" {
		return false
	}
	return place == area || isArea(area) && strings.HasPrefix(place, area)
}

// isArea says whether a place has others in it: codes are fixed in length, so
// that one begins with another only when it lies in it.
func isArea(code string) bool {
	_, district := KecamatanByCode(code)
	_, ward := KelurahanByCode(code)
	return code == CityCode || district || ward
}

// invites is whom each role may invite inside his own area: never his own kind
// but where nobody stands above.
var invites = map[Role][]Role{
	Ketua: {Sekretaris, Bendahara, Wakil, Worker},
	Lurah: {Ketua, Sekretaris, Bendahara, Worker},
	Camat: {Lurah, Ketua},
	City:  {Camat, Lurah, Ketua, BPJS},
	Admin: {Admin, City, Camat, Lurah, Ketua, BPJS},
}

// MayInvite says whether one of the offices allows inviting to another, or
// handing it over. For a [Worker] rt is the RT that he is registered in; else
// it is not looked at.
func MayInvite(offices []Office, to Office, rt RT) bool {
	place := to.Place
	if to.Role == Worker {
		place = rt.String()
	}
	if to.Role == Ketua && May(offices, HandOver, place) {
		return true
	}
	return slices.ContainsFunc(offices, func(o Office) bool {
		return slices.Contains(invites[o.Role], to.Role) && fits(to.Role, place) && Within(place, o.Place)
	})
}

// Invitable are the roles that the offices allow inviting to somewhere.
func Invitable(offices []Office) []Role {
	var may []Role
	for _, role := range Roles {
		if slices.ContainsFunc(offices, func(o Office) bool {
			return slices.Contains(invites[o.Role], role) || role == Ketua && slices.Contains(rights[HandOver], o.Role)
		}) {
			may = append(may, role)
		}
	}
	return may
}

// fits says whether there can be such an office at such a place.
func fits(role Role, place string) bool {
	switch role {
	case Ketua, Sekretaris, Bendahara, Wakil, Worker:
		_, err := ParseRTCode(place)
		return err == nil
	case Lurah:
		_, ok := KelurahanByCode(place)
		return ok
	case Camat:
		_, ok := KecamatanByCode(place)
		return ok
	}
	return place == CityCode
}
