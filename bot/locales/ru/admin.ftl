admin-status =
    <b>Состояние</b>
    Версия: <code>{ $version }</code>, опубликована { $built } (UTC)
    Фрагментов: { $passages }
    Работает: { $uptime }
    Дано ответов: { $answered }
    В очереди: { $waiting }
    Сбоев: { $failures }
    Память: { $memory } МБ
admin-reload-same = Версия <code>{ $version }</code> уже используется.
admin-reload-done = Готово: отвечаю по версии <code>{ $version }</code>.
admin-reload-failed = Новая версия отклонена, в работе остаётся <code>{ $version }</code>. Причина: { $reason }
admin-stats-empty = Пока ничего не записано.
admin-failure = ⚠️ { $kind }: { $text } (номер <code>{ $id }</code>). О новых таких сбоях сообщу не раньше чем через час.
