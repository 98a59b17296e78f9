package program

import "errors"

// ErrJakon: the value or the wages of a project are not positive, or too
// large to be real.
var ErrJakon = errors.New("jakon: value out of range")

// jakonMax keeps the products below within int64: a thousand trillion rupiah.
const jakonMax Rupiah = 1_000_000_000_000_000

// JakonBill is the contribution of a building project, paid once, in rupiah.
type JakonBill struct {
	JKK, JKM     Rupiah
	Rule, Source string
}

// Total is the sum of the parts.
func (b JakonBill) Total() Rupiah { return b.JKK + b.JKM }

// jakonSlices are the shares of each slice of the contract value, in
// hundredths of a percent [S50][S50b][S24].
var jakonSlices = []struct{ top, jkk, jkm Rupiah }{
	{100 * juta, 21, 3},
	{500 * juta, 17, 2},
	{1 * miliar, 13, 2},
	{5 * miliar, 11, 1},
	{jakonMax, 9, 1},
}

// JakonByValue is the contribution by contract value without PPN, when the
// wages are not known (rule 34). Each slice has its own share. JKK and JKM are
// each rounded once, at the end, to the nearest rupiah, half upwards.
func JakonByValue(value Rupiah) (JakonBill, error) {
	if value <= 0 || value > jakonMax {
		return JakonBill{}, ErrJakon
	}
	var jkk, jkm, bottom Rupiah
	for _, slice := range jakonSlices {
		part := min(value, slice.top) - bottom
		jkk += part * slice.jkk
		jkm += part * slice.jkm
		if value <= slice.top {
			break
		}
		bottom = slice.top
	}
	return JakonBill{tenThousandths(jkk), tenThousandths(jkm), "rule 34", "[S50][S50b][S24][S44]"}, nil
}

// JakonByWages is the contribution by one month's wages of all workers, when
// they are known: JKK 1,74% and JKM 0,30% (rule 34), rounded as in
// JakonByValue.
func JakonByWages(wages Rupiah) (JakonBill, error) {
	if wages <= 0 || wages > jakonMax {
		return JakonBill{}, ErrJakon
	}
	return JakonBill{tenThousandths(wages * 174), tenThousandths(wages * 30), "rule 34", "[S50][S50b]"}, nil
}

func tenThousandths(r Rupiah) Rupiah { return (r + 5_000) / 10_000 }
