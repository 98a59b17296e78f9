// Package store keeps the records of the programme: places, people and their offices, chats, budgets and their ledger,
// workers and the months that cover them.
//
// All changes go through one writer: DB.Update queues a function, and what waits together is committed together, each
// function in a savepoint of its own, so that one that fails takes nothing with it. DB.View reads one snapshot.
// Methods on Tx are the vocabulary; each noun has a file with its SQL beside its scan.
//
// What tells who somebody is (NIK, name, phone, address, chat id) is sealed in its column, bound to table, column and
// row, and found again only by a keyed index. Money is whole rupiah in BIGINT, times are UTC microseconds, months are
// program.Month numbers, dates ISO text, ids UUIDv7 text. The SQL keeps to what SQLite and PostgreSQL both understand.
package store
