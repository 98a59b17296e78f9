// Package telegramtest plays Telegram for tests: a strict Bot API server, and people with phones who write and press.
package telegramtest
