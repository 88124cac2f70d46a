admin-status =
    <b>Боттың жай-күйі</b>
    Нұсқасы: <code>{ $version }</code>, жарияланған уақыты: { $built } (UTC)
    Жинақтағы үзінді саны: { $passages }
    Жұмыс уақыты: { $uptime }
    Жауап берілген сұрақтар: { $answered }
    Кезекте: { $waiting }
    Ақаулар: { $failures }
    Жады: { $memory } МБ
admin-reload-same = <code>{ $version }</code> нұсқасы қазірдің өзінде қолданыста.
admin-reload-done = Енді <code>{ $version }</code> нұсқасы бойынша жауап беремін.
admin-reload-failed = Жаңа нұсқа қабылданбады, <code>{ $version }</code> қолданыста қалады. Себебі: { $reason }
admin-stats-empty = Әзірге ештеңе сақталмаған.
admin-failure = ⚠️ { $kind }: { $text } (нөмірі: <code>{ $id }</code>). Осындай ақаулар қайталанса, бір сағаттан кейін ғана хабарлаймын.
