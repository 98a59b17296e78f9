// Package store keeps the records of the programme: places, people and their offices, chats, budgets and their ledger,
// workers and the months that cover them.
//
// DB.Update runs a function in a transaction, in a savepoint of its own; DB.View reads one snapshot. Methods on Tx are
// the vocabulary; each noun has a file with its SQL beside its scan.
//
// There are two engines. A SQLite file has one writer: changes queue, and what waits together is committed together; one
// that fails takes nothing with it. In PostgreSQL changes run side by side, from any number of processes: a change that
// reads something and then writes what follows from it says so first (Tx.alone), and may be run again after a deadlock or
// a broken connection.
//
// What is to be done later is a job: River's, added in the transaction that causes it (Tx.Enqueue) and done by DB.Work.
//
// What tells who somebody is (NIK, name, phone, address, chat id) is sealed in its column, bound to table, column and
// row, and found again only by a keyed index. Money is whole rupiah in BIGINT, times are UTC microseconds, months are
// program.Month numbers, dates ISO text, ids UUIDv7 text. The SQL keeps to what SQLite and PostgreSQL both understand.
package store
