topics-title = <b>Тақырыптар</b>
topic-count = { $count ->
        [one] { $count } мәтін
       *[other] { $count } мәтін
    }
topic-page = { $pages } беттің { $page }-сі
sources-title = <b>Дереккөздер</b>
about =
    <b>Жинақ туралы</b>

    { $passages ->
        [one] { $passages } мәтін
       *[other] { $passages } мәтін
    }, { $topics ->
        [one] { $topics } тақырып
       *[other] { $topics } тақырып
    }, { $sources ->
        [one] { $sources } дереккөз
       *[other] { $sources } дереккөз
    }.
    Тілдері: { $languages }
    Жарияланған уақыты: { $built } (UTC)
    Нұсқасы: <code>{ $version }</code>

    Жауаптар – сөзбе-сөз дәйексөз. Сандар қасында көрсетілген күнге сәйкес.
about-newest = Мәтіндердегі ең соңғы күн: { $date }
language-title = <b>Тіл</b>
    Мәтін бар болса, сұрағыңыздың тілінде жауап беремін. Батырмалар мен түсіндірмелердің тілін таңдаңыз:
language-auto = Telegram тіліндей
language-set = Дайын: батырмалар мен түсіндірмелер қазақша болады.
language-set-auto = Дайын: Telegram тіліңізге сай боламын.
