quota-note = { $limit ->
        [one] That was more than { $limit } question in a minute.
       *[other] That was more than { $limit } questions in a minute.
    } Please wait a little, then ask again.
crowd-note = There is more at once here than I can answer, so some messages stay unanswered. Please ask again in a few minutes.
busy-note = ⏳ I am busy. Your question is in the queue, and I will answer it soon.
error-note = Something went wrong on my side and I could not answer. It is reported. If you write to the operator, give this number: <code>{ $id }</code>
