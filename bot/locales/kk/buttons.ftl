button-next = Келесі мәтін ▶
button-source = Дереккөз 🔗
button-share = Бөлісу ↗
button-add = ➕ Осыны қосыңызшы
button-topics = ☰ Барлық тақырып
button-ask-bot = Боттан сұрау
button-more = Әрі қарай ▶
button-less = ◀ Кері
