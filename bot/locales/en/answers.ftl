answer-as-of = As of { $date }
answer-position = Passage { $number } of { $count }
answer-shortened = The passage is longer; this is the part that answers.
answer-question-cut = Your question was long; I read only its beginning.
answer-caption = I can only read text, so this answers your caption alone.
answer-follow-up = Understood together with your previous question.
answer-read-as = Read as: { $question }
answer-repeated = ↻ Sent once more: the connection broke while I was answering.
answer-more-sources = { $count ->
        [one] and { $count } more source
       *[other] and { $count } more sources
    }
differs-found = You asked about “{ $asked }”; the first passage says “{ $found }”.
differs-missing = The first passage does not mention “{ $asked }”.
differs-negation = You asked about what is not so; the first passage tells what is.
differs-roles = In the first passage the roles are the other way round.
answer-more-about = { $count ->
        [one] { $count } more passage is about this.
       *[other] { $count } more passages are about this.
    }
several-closest = I have no sure answer to this. Button { $number } opens the closest passage.
several-none = My collection does not cover this. Button { $number } opens the nearest passage.
several-left-out = I answer at most { $count } questions at a time. Left out: { $questions }
closest-intro = <b>These passages may not answer your question.</b> They are the closest I have:
none-intro = <b>My collection does not cover this.</b>
none-nearest = The nearest questions I can answer, and my topics:
none-topics = These are my topics:
passage-gone = This passage is no longer in the collection.
topic-gone = This topic is no longer in the collection.
link-gone = This link points to something that is no longer in the collection. /topics shows what there is.
