// Package bot plays conversations over channels: it takes updates in, keeps them, plays them one chat at a time,
// and delivers the replies.
//
// It knows nothing of insurance, budgets or SQL. What is said and asked is a Flow of somebody else's; where things
// are kept is behind Sessions; how they travel is behind Channel. A turn is a value: session and update in, session
// and replies out, so that it can be played again after a crash with the same result.
package bot
