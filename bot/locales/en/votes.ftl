vote-up = Thank you! Noted as helpful.
vote-down = Thank you! Noted as not helpful.
vote-cleared = Your vote is taken back.
vote-not-yours = Only the person who asked can vote on this answer.
wish-added = Thank you! The people who keep the collection will see it.
wish-not-yours = Only the person who asked can send this wish.
button-stale = This button no longer works. Please ask again.
feedback-off = Nothing is recorded here, so your vote is not kept.
