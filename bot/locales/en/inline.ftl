inline-ask = Ask the bot in a private chat
inline-none = No passage on this – ask in a private chat
inline-busy = Too many searches at once – wait a moment
