conversation-same = In the same passage:
conversation-nothing = This passage does not say more about that.
conversation-more = More about this
conversation-no-more = I have nothing more about this.
conversation-no-quote = I cannot tell which answer you mean. Reply to it, or ask a question first.
fact-no-source = The editors name no source for this.
fact-no-speaker = The editors name no single speaker for this.
fact-reported = Published by { $sources }
fact-no-date = The editors give no date for this.
fact-how = { $count ->
        [one] The editors wrote it from this source: { $sources }
       *[other] The editors wrote it from these sources: { $sources }
    }
fact-how-no-source = The editors wrote it, and name no source for it.
fact-own-words = The speaker’s own words are only these: “{ $words }”. The rest is the editors’ wording.
fact-no-own-words = This is the editors’ wording, not a speaker’s own words.
