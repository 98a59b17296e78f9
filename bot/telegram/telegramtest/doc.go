// Package telegramtest plays Telegram for tests: a strict server of the Bot API for one bot, and people with phones who
// write, press and read. It knows nothing of the program that it tests; whatever speaks the Bot API can be tried with it.
//
//	srv := telegramtest.New(t, telegramtest.Config{})
//	start a bot with srv.Token and srv.URL() // or with srv.Client() and telegramtest.InProcess
//	pak := srv.User("Sulaiman Contoh")
//	pak.Start("KODE1234")                      // https://t.me/contoh_bot?start=KODE1234
//	m, err := pak.Talk(ctx, "daftar pekerja")  // writes, waits for the answer
//	m, err = pak.Talk(ctx, "[Tukang becak]")   // presses
//	fmt.Print(pak.Screen())                    // what he sees now
//
// # The server
//
// It has getMe, getUpdates, the three methods of webhooks, sendMessage, sendPhoto, sendDocument, sendChatAction,
// answerCallbackQuery, editMessageText, editMessageCaption, editMessageReplyMarkup, deleteMessage, getFile with the
// download of files, and those for commands, descriptions and the menu button. Parameters come in a form, as JSON or as
// multipart.
//
// It is stricter than Telegram: parameters, fields and methods that it does not know are refused, because Telegram would
// silently do something else than was meant. Refusals that Telegram makes have its code and words, as far as they are
// known; those that it would not make, or not in these words, begin with "telegramtest:". Texts are counted in UTF-16
// units after the markup is read. A press is answered once and soon. Each message has its keyboard, which is gone when
// it was edited away.
//
// Updates wait until an offset confirms them, for a day at most. A second getUpdates ends the first with 409, and so
// does setWebhook. Webhooks come with the secret, one after the other in a chat and side by side otherwise, and again
// after growing pauses until the bot answers 2xx; plain http is taken for the loopback only. What a bot answers to a
// webhook is not read, and a repeated short poll is not held for three seconds, as Telegram does.
//
// # What goes wrong
//
// Inject orders faults for all calls, one method or one chat: refusals, delays and cut connections, before the effect or
// after it (Late: delivered, but the answer is lost). Each can be limited in number or left to chance; chance is seeded.
//
//	srv.Inject(telegramtest.Fault{Answer: telegramtest.BadGateway, Chance: 0.01})
//	srv.Inject(telegramtest.Fault{Method: "sendMessage", Cut: true, Late: true, Times: 1})
//	srv.Inject(telegramtest.Fault{Chat: pak.ID, Delay: 30 * time.Second})
//
// Limit switches Telegram's limits on, RealLimits or others; with Harsh one message too many closes everything for a
// while. DisturbUpdates repeats and reorders updates. People block the bot, close their accounts and vanish, pass messages
// on (Forward) and press what no button holds (PressData); groups throw it out and migrate.
//
// # What to look at
//
// Calls is the record of what was called, with what and how it ended; Count, Gaps, Queries, Unanswered and Pending say
// what is asked most. User.Read and Wait hand out the bot's messages in order, User.Messages and Screen show the chat as
// it stands, User.Keyboards what can still be pressed.
//
// # Time
//
// Config.Now dates messages and measures limits; pauses and delays use timers. With Client, which calls the server in
// process, everything works in a bubble of testing/synctest, where half a minute of silence takes no time.
// Config.Lean keeps a server small and fast for benchmarks.
package telegramtest
