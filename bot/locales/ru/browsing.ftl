topics-title = <b>Темы</b>
topic-count = { $count ->
        [one] { $count } фрагмент
        [few] { $count } фрагмента
       *[many] { $count } фрагментов
    }
topic-other = Прочее
topic-only = Вся подборка
page-number = { $page } / { $pages }
button-everything = ☰ Вся подборка
sources-title = <b>Источники</b>
sources-none = Источники в этой подборке не указаны.
about-title = <b>О подборке</b>
about-operator = Кто ведёт бота: { $operator }
about-official = Это официальный бот? { $official }
about-contact = Для связи: { $contact }
about-topics = { $count ->
        [one] { $count } тема
        [few] { $count } темы
       *[many] { $count } тем
    }
about-sources = { $count ->
        [one] { $count } источник
        [few] { $count } источника
       *[many] { $count } источников
    }
about-languages = Языки: { $languages }
about-newest = Самые свежие данные: { $date }
about-published = Подборка обновлена: { $date }
about-version = Версия: <code>{ $version }</code>
language-title = <b>Язык</b>
    Я отвечаю на языке вопроса, если на нём есть нужный фрагмент. Выберите язык кнопок и пояснений:
language-auto = Как в Telegram
language-set = Готово: кнопки и пояснения теперь на русском.
language-set-auto = Готово: кнопки и пояснения — на языке вашего Telegram.
