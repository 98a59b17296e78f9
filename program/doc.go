// Package program holds the rules of Kampung Bahagia and of the social
// security that it pays for: what a month of cover costs, who may be
// registered, when a month is due, what a budget can still carry.
//
// Everything here is a pure function of its arguments: no clock, no I/O, no
// text for people. Money is whole rupiah, a month is a contribution month, a
// date is a calendar day in Jambi (WIB, UTC+7). "rule N" and the keys [S..] in
// comments and in returned values name the rule and the source it rests on;
// what no good source confirms is a field of [Settings], never a constant.
//
// The Indonesian terms, once:
//
//   - RT (rukun tetangga): the smallest neighbourhood unit, some 30 to 900
//     families; its number is unique only inside its kelurahan.
//   - ketua: the head of an RT, who registers the workers and holds the money.
//   - kelurahan: the urban ward above the RTs; kecamatan: the district above
//     the kelurahan. Kota Jambi has 68 and 11 of them.
//   - pagu: the ceiling of an RT's budget for one year.
//   - APBD: the city's own budget, from which the pagu comes.
//   - BPU (bukan penerima upah): people who work for themselves and earn no
//     wage, such as becak drivers; the kind of membership used here.
//   - iuran: the monthly contribution for one worker. It pays for JKK (work
//     accident) and JKM (death), and for JHT (old age) when chosen.
//   - Jakon (jasa konstruksi): the cover of a building project, paid once for
//     all who work on it.
package program
