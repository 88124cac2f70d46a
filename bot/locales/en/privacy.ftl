privacy-title = <b>Privacy</b>
privacy-recorded =
    • To improve the collection, questions are recorded with my answers and your votes: under a pseudonym, never with your name, username or Telegram number.
    • Phone numbers, e-mail addresses, card numbers and the like are removed before that.
    • Editors may publish a question in the collection, without who asked; it stays there after /forget.
privacy-off = • Questions are not recorded by this bot at present.
privacy-kept =
    • A message waits in a queue on my server until it is answered; then it is erased there.
    • I keep the language you chose and, for seven days, which answer belongs to which message, without names.
    • In groups I read only messages addressed to me.
privacy-retention = • Records are deleted after { $days ->
        [one] { $days } day
       *[other] { $days } days
    } at the latest.
privacy-commands = /mydata sends you what is recorded about you, /forget deletes it. You can also ask without being recorded:
privacy-commands-off = /mydata sends you what was recorded about you before, /forget deletes it.
privacy-commands-group = In the private chat with me you can see and delete what is recorded about you, or ask without being recorded.
button-privacy = My data
button-opt-out = Do not record my questions
button-opt-in = Record my questions again
opted-out = From now on your questions are not recorded. What was recorded before stays until you delete it with /forget.
opted-in = Your questions are recorded again, under a pseudonym.
data-in-private = Please send this command in the private chat, so that nobody else sees your data.
data-caption = Everything recorded about you.
data-later = I cannot do that at the moment. Please try again later.
forget-ask = <b>Delete everything recorded about you?</b> Your questions, votes, wishes and choice of language are erased. This cannot be undone.
button-forget = Delete everything
button-keep = Keep it
forget-erasing = The last traces in my files are being overwritten. With a long log this takes about a minute. I will tell you when it is done. If I am restarted meanwhile, I finish it afterwards.
forget-erased = The last traces are overwritten: nothing of yours is left in my files.
forget-kept = Nothing was deleted.
forget-done = { $count ->
        [one] Done: { $count } question was deleted, with everything else about you.
       *[other] Done: { $count } questions were deleted, with everything else about you.
    }
