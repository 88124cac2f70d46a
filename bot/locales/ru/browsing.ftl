topics-title = <b>Темы</b>
topic-count = { $count ->
        [one] { $count } текст
        [few] { $count } текста
       *[many] { $count } текстов
    }
topic-page = страница { $page } из { $pages }
sources-title = <b>Источники</b>
about =
    <b>О собрании</b>

    { $passages ->
        [one] { $passages } текст
        [few] { $passages } текста
       *[many] { $passages } текстов
    }, { $topics ->
        [one] { $topics } тема
        [few] { $topics } темы
       *[many] { $topics } тем
    }, { $sources ->
        [one] { $sources } источник
        [few] { $sources } источника
       *[many] { $sources } источников
    }.
    Языки: { $languages }
    Опубликовано: { $built } (UTC)
    Версия: <code>{ $version }</code>

    Ответы – дословные цитаты. Цифры верны на указанную рядом с ними дату.
about-newest = Самая поздняя дата в текстах: { $date }
language-title = <b>Язык</b>
    Я отвечаю на языке вопроса, если текст на нём есть. Выберите язык кнопок и пояснений:
language-auto = Как в Телеграме
language-set = Готово: кнопки и пояснения будут на русском.
language-set-auto = Готово: я буду следовать языку вашего Телеграма.
