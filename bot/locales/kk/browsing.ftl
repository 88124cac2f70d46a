topics-title = <b>Тақырыптар</b>
topic-count = { $count ->
        [one] { $count } үзінді
       *[other] { $count } үзінді
    }
topic-other = Басқа үзінділер
topic-only = Барлық үзінді
page-number = { $page } / { $pages }
button-everything = ☰ Барлық үзінді
sources-title = <b>Дереккөздер</b>
sources-none = Бұл жинақта дереккөздер көрсетілмеген.
about-title = <b>Жинақ туралы</b>
about-operator = Ботқа жауапты: { $operator }
about-official = Бұл ресми бот па? { $official }
about-contact = Байланыс: { $contact }
about-topics = { $count ->
        [one] { $count } тақырып
       *[other] { $count } тақырып
    }
about-sources = { $count ->
        [one] { $count } дереккөз
       *[other] { $count } дереккөз
    }
about-languages = Тілдері: { $languages }
about-newest = Ең жаңа дерек: { $date }
about-published = Жарияланған күні: { $date }
about-version = Нұсқасы: <code>{ $version }</code>
language-title = <b>Тіл</b>
    Үзінді сол тілде болса, сұрақ қойылған тілде жауап беремін. Батырмалар мен түсіндірмелердің тілін таңдаңыз:
language-auto = Telegram тілімен бірдей
language-set = Тіл өзгертілді: батырмалар мен түсіндірмелер қазақша болады.
language-set-auto = Тіл өзгертілді: Telegram тілімен бірдей болады.
