package program

import "time"

// BPJSPhone is the telephone number of BPJS Ketenagakerjaan [S8][S20].
const BPJSPhone = "175"

// Confidence says how well a fact is founded.
type Confidence string

// The grades: law or two good sources; one good source; an inference.
const (
	High   Confidence = "H"
	Medium Confidence = "M"
	Low    Confidence = "L"
)

// BenefitKind names one fact about the benefits.
type BenefitKind string

// The benefits at the base income of Rp1.000.000 (rule 31).
const (
	JKKTreatment      BenefitKind = "jkk_treatment"       // no money limit
	JKKLand           BenefitKind = "jkk_transport_land"  // at most
	JKKSea            BenefitKind = "jkk_transport_sea"   // at most
	JKKAir            BenefitKind = "jkk_transport_air"   // at most
	JKKLeaveFirst     BenefitKind = "jkk_stmb_first"      // a month, unable to work, for the first 12 months
	JKKLeaveLater     BenefitKind = "jkk_stmb_later"      // a month, after that until recovered
	JKKDisability     BenefitKind = "jkk_disability"      // total and permanent
	JKKDisabilityPlus BenefitKind = "jkk_disability_plus" // periodic, on top
	JKKDeath          BenefitKind = "jkk_death"           // all parts together
	JKMFull           BenefitKind = "jkm_full"
	JKMShort          BenefitKind = "jkm_short"   // before the three months of rule 24
	Scholarship       BenefitKind = "scholarship" // at most, for two children together
	ScholarshipWait   BenefitKind = "scholarship_wait"
	JKKClaim          BenefitKind = "jkk_claim"
	JKKPayout         BenefitKind = "jkk_payout"
	JKMPayout         BenefitKind = "jkm_payout"
)

// Unit is what a benefit's Time counts.
type Unit string

// The units of time.
const (
	Years       Unit = "years"
	Months      Unit = "months"
	WorkingDays Unit = "working_days"
)

// Benefit is one dated fact: an amount in rupiah, or none for a treatment
// without limit or a time limit alone. The bot says it "as of" its date and
// with [BPJSPhone] (rule 43); it never decides a claim (rule 32).
type Benefit struct {
	Kind       BenefitKind
	Amount     Rupiah
	Unlimited  bool
	Time       int // in Unit; 0: none
	Unit       Unit
	Source     string
	Confidence Confidence
	AsOf       Date
}

var benefitsAsOf = Date{2026, time.November, 23}

var benefits = []Benefit{
	{Kind: JKKTreatment, Unlimited: true, Source: "[S20][S22]", Confidence: High},
	{Kind: JKKLand, Amount: 5_000_000, Source: "[S20]", Confidence: Medium},
	{Kind: JKKSea, Amount: 2_000_000, Source: "[S20]", Confidence: Medium},
	{Kind: JKKAir, Amount: 10_000_000, Source: "[S20]", Confidence: Medium},
	{Kind: JKKLeaveFirst, Amount: 1_000_000, Time: 12, Unit: Months, Source: "[S20][S7]", Confidence: High},
	{Kind: JKKLeaveLater, Amount: 500_000, Source: "[S20][S7]", Confidence: High},
	{Kind: JKKDisability, Amount: 56_000_000, Source: "[S20][S7]", Confidence: High},
	{Kind: JKKDisabilityPlus, Amount: 12_000_000, Source: "[S20][S7]", Confidence: Medium},
	{Kind: JKKDeath, Amount: 70_000_000, Source: "[S20][S41][S7]", Confidence: High},
	{Kind: JKMFull, Amount: 42_000_000, Source: "[S20][S40]", Confidence: High},
	{Kind: JKMShort, Amount: 10_000_000, Source: "[S20][S21][S22]", Confidence: High},
	{Kind: Scholarship, Amount: 174_000_000, Source: "[S20]", Confidence: High},
	{Kind: ScholarshipWait, Time: 3, Unit: Years, Source: "[S20]", Confidence: High},
	{Kind: JKKClaim, Time: 5, Unit: Years, Source: "[S20][S28]", Confidence: High},
	{Kind: JKKPayout, Time: 7, Unit: WorkingDays, Source: "[S29]", Confidence: High},
	{Kind: JKMPayout, Time: 3, Unit: WorkingDays, Source: "[S39][S8]", Confidence: High},
}

// Benefits are all facts, accident first.
func Benefits() []Benefit {
	all := make([]Benefit, len(benefits))
	for i, b := range benefits {
		b.AsOf = benefitsAsOf
		all[i] = b
	}
	return all
}

// BenefitOf is the fact of a kind. It is not ok for a kind that is none of the
// constants.
func BenefitOf(kind BenefitKind) (b Benefit, ok bool) {
	for _, b := range Benefits() {
		if b.Kind == kind {
			return b, true
		}
	}
	return Benefit{}, false
}
