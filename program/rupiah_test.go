package program

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// Every form of section 9 of the rules and of rule 41.
func TestParseRupiah(t *testing.T) {
	for text, want := range map[string]Rupiah{
		"16.800": 16_800, "16800": 16_800, "16,800": 16_800, "Rp16.800": 16_800, "rp. 16.800": 16_800,
		"Rp 16.800,-": 16_800, "16.800,00": 16_800, "Rp1.500.000,-": 1_500_000, "Rp1.500.000,00": 1_500_000,
		"1,500,000.00": 1_500_000, "16,8rb": 16_800, "16.8rb": 16_800, "16rb8": 16_800, "16rb800": 16_800,
		"16 ribu 8 ratus": 16_800, "336rb": 336_000, "336 rb": 336_000, "336.000 rupiah": 336_000,
		"500k": 500_000, "500rb-an": 500_000, "1,2jt": 1_200_000, "1.2 jt": 1_200_000, "1jt2": 1_200_000,
		"1jt200": 1_200_000, "1jt200rb": 1_200_000, "1jt 200.000": 1_200_000, "1 juta 200 ribu": 1_200_000,
		"0,5jt": 500_000, "0,500jt": 500_000, "1,25 juta": 1_250_000, "100jt": 100_000_000, "100 jt": 100_000_000,
		"4.032.000": 4_032_000, "2 jutaan": 2_000_000, "dua jutaan": 2_000_000, "sejuta": 1_000_000,
		"Sejuta Lima Ratus": 1_500_000, "sejuta lima ratus ribu": 1_500_000, "sejuta setengah": 1_500_000,
		"dua juta dua ratus lima puluh": 2_250_000, "satu setengah juta": 1_500_000, "setengah juta": 500_000,
		"seribu lima ratus": 1_500, "enam belas ribu delapan ratus": 16_800, "sebelas ribu": 11_000,
		"seratus lima belas ribu": 115_000, "tigo ratus tigo puluh enam ribu": 336_000, "5 ratus ribu": 500_000,
		"goceng": 5_000, "ceban": 10_000, "gocap": 50_000, "1 miliar": 1_000_000_000, "1,5M": 1_500_000_000,
		"0": 0, "-Rp5.000": -5_000, "Rp9.223.372.036.854.775.807": 1<<63 - 1,
	} {
		got, err := ParseRupiah(text)
		if err != nil || got != want {
			t.Errorf("ParseRupiah(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}

// What has two readings, or is no amount, is asked again.
func TestParseRupiahRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "rp", "rupiah", "banyak", "16rb50", "16.80", "16.00", "16.8", "16.800,50", "1.500 jt", "1,500jt",
		"dua juta lima", "1jt 2jt", "1rb 2jt", "5 5", "lima lima", "dua puluh tiga belas", "puluh ribu", "ribuan",
		"-5000", "- 5.000", "--5", "1..000", "1.0000.000", "0.500.000,5", ".", ",", "5 man", "5 kan", "1e9",
		"12.34.567", "１６８００", "1jt, 200 rb", "satu setengah", "1.500.000,000",
	} {
		if got, err := ParseRupiah(text); !errors.Is(err, ErrRupiah) {
			t.Errorf("ParseRupiah(%q) = %d, %v; want ErrRupiah", text, got, err)
		}
	}
	for _, text := range []string{"9.223.372.036.854.775.808", "99999999999999999999", "9999999999999 miliar"} {
		if got, err := ParseRupiah(text); !errors.Is(err, ErrRupiahRange) {
			t.Errorf("ParseRupiah(%q) = %d, %v; want ErrRupiahRange", text, got, err)
		}
	}
}

func TestRupiahString(t *testing.T) {
	for amount, want := range map[Rupiah]string{
		0: "Rp0", 800: "Rp800", 16_800: "Rp16.800", -5_000: "-Rp5.000", 1_234_567_890: "Rp1.234.567.890",
		-1 << 63: "-Rp9.223.372.036.854.775.808",
	} {
		if got := amount.String(); got != want {
			t.Errorf("%d is written %q, want %q", int64(amount), got, want)
		}
	}
}

func TestWhatIsPrintedReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Rupiah(rapid.Int64().Draw(t, "amount"))
		if got, err := ParseRupiah(want.String()); err != nil || got != want {
			t.Fatalf("%s reads back as %d, %v", want, got, err)
		}
	})
}

func FuzzParseRupiah(f *testing.F) {
	for _, seed := range []string{"16rb8", "Rp 16.800,-", "sejuta lima ratus", "2 jutaan", "1jt 200.000", "-Rp5", "0,5jt", "5 ratus setengah"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		amount, err := ParseRupiah(s)
		if err != nil {
			return
		}
		if again, err := ParseRupiah(amount.String()); err != nil || again != amount {
			t.Errorf("%q is %d, printed and read again %d, %v", s, amount, again, err)
		}
	})
}
