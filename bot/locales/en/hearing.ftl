# Asking the editors, and hearing back from them.

hear-offer = The editors will see your question. Shall I write to you here once there is an answer?
button-tell-me = Yes, tell me
hear-noted = I will write to you here once when your question is answered, if that happens within 90 days.
button-stop-telling = Do not tell me
hear-stopped = You will not be told.
hear-not-kept = You asked not to be recorded, so this is not kept and the editors do not see it.
hear-answered =
    <b>Your question has an answer now.</b>
    You asked: { $question }
privacy-hear = • If you ask to be told of an answer, only the number of your chat is kept for that, until you are told or stop it, and for at most 90 days.

digest-title =
    <b>Not answered in the last day</b>
    { $questions ->
        [one] { $questions } question
       *[other] { $questions } questions
    } of { $people ->
        [one] { $people } person
       *[other] { $people } people
    }:
digest-people = { $people ->
        [one] { $people } person
       *[other] { $people } people
    }
digest-review = Review
