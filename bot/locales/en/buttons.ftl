button-next = Next passage ▶
button-source = Source 🔗
button-share = Share ↗
button-add = ➕ Please add this
button-topics = ☰ All topics
button-ask-bot = Ask the bot
button-more = More ▶
button-less = ◀ Less
