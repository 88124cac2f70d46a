button-next = Следующий текст ▶
button-source = Источник 🔗
button-share = Поделиться ↗
button-add = ➕ Добавьте это, пожалуйста
button-topics = ☰ Все темы
button-ask-bot = Спросить бота
button-more = Дальше ▶
button-less = ◀ Раньше
