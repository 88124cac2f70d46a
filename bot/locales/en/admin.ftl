admin-status =
    <b>Status</b>
    Version: <code>{ $version }</code>, published { $built } (UTC)
    Answers in the collection: { $passages }
    Running for: { $uptime }
    Questions answered: { $answered }
    Waiting: { $waiting }
    Failures: { $failures }
    Memory: { $memory } MB
admin-reload-same = The live version is <code>{ $version }</code> already.
admin-reload-done = Now answering from version <code>{ $version }</code>.
admin-reload-failed = The new version was refused; <code>{ $version }</code> stays in use. Reason: { $reason }
admin-stats-empty = Nothing is recorded yet.
admin-failure = ⚠️ { $kind }: { $text } (number <code>{ $id }</code>). Further failures of this kind are reported after an hour.
