answer-as-of = As of { $date }
answer-position = { $number } of { $count }
answer-shortened = Shortened to the part that answers.
answer-question-cut = Your question was long; I read only its beginning.
answer-caption = I can only read text, so this answers your caption alone.
answer-follow-up = Understood together with your previous question.
answer-read-as = Read as: { $question }
answer-repeated = ↻ Sent once more: the connection broke while I was answering.
answer-more-sources = { $count ->
        [one] and { $count } more source
       *[other] and { $count } more sources
    }
answer-more-about = { $count ->
        [one] { $count } more answer is about this.
       *[other] { $count } more answers are about this.
    }
differs-found = You asked about “{ $asked }”; the closest I have says “{ $found }”.
differs-missing = The closest I have does not mention “{ $asked }”.
differs-negation = You asked about what is not so; the closest I have tells what is.
differs-roles = In the closest I have, the roles are the other way round.
closest-note = The closest I have; it may not be exactly this.
likely-note = This may be what you asked.
several-closest = I have no sure answer to this. Button { $number } opens the closest I have.
several-left-out = I answer at most { $count } questions at a time. Left out: { $questions }
none-intro = My collection does not cover this.
not-covered = Thank you for your question. The editors have decided not to cover it here.
passage-gone = This is no longer in the collection.
topic-gone = This topic is no longer in the collection.
link-gone = This link points to something that is no longer in the collection. /topics shows what there is.
