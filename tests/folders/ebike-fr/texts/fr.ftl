# Interface texts in French, for every name of the program's English ones.

## Answers

answer-as-of = Mise à jour : { $date }
answer-position = { $number } sur { $count }
answer-shortened = Abrégé au passage qui répond.
answer-question-cut = Votre question était longue ; je n’en ai lu que le début.
answer-caption = Je ne lis que le texte : cette réponse porte sur votre légende seule.
answer-follow-up = Compris avec votre question précédente.
answer-read-as = Lu comme : { $question }
answer-repeated = ↻ Envoyé une seconde fois : la connexion s’est coupée pendant ma réponse.
answer-more-sources = { $count ->
        [one] et { $count } autre source
       *[other] et { $count } autres sources
    }
answer-more-about = { $count ->
        [one] { $count } autre réponse en parle.
       *[other] { $count } autres réponses en parlent.
    }
differs-found = Vous demandez « { $asked } » ; ce que j’ai de plus proche dit « { $found } ».
differs-missing = Ce que j’ai de plus proche ne mentionne pas « { $asked } ».
differs-negation = Vous demandez ce qui n’est pas ; ce que j’ai de plus proche dit ce qui est.
differs-roles = Dans ce que j’ai de plus proche, les rôles sont inversés.
closest-note = Voici ce que j’ai de plus proche ; ce n’est peut-être pas tout à fait cela.
likely-note = Voici sans doute ce que vous cherchez.
several-closest = Je n’ai pas de réponse sûre. Le bouton { $number } ouvre ce que j’ai de plus proche.
several-left-out = { $count ->
        [one] Je réponds à { $count } question à la fois.
       *[other] Je réponds à { $count } questions à la fois.
    } Laissé de côté : { $questions }
none-intro = Je n’ai pas de réponse à cette question.
not-covered = Merci pour votre question. Les rédacteurs ont décidé de ne pas la traiter ici.
passage-gone = Cette réponse n’existe plus.
topic-gone = Ce thème n’existe plus.
link-gone = Ce lien mène à une réponse qui n’existe plus. Voici ce qu’il y a : /topics

## Going on from an answer

conversation-same = Dans la même réponse :
conversation-nothing = Cette réponse n’en dit pas plus.
conversation-more = À ce sujet également
conversation-no-more = Je n’ai rien de plus à ce sujet.
conversation-no-quote = Je ne sais pas de quelle réponse vous parlez. Répondez à son message, ou posez d’abord une question.
fact-no-source = Aucune source n’est indiquée.
fact-no-speaker = Ce texte n’est attribué à personne en particulier.
fact-reported = Publié par { $sources }
fact-no-date = Aucune date n’est indiquée.
fact-how = { $count ->
        [one] Ce texte a été rédigé d’après cette source : { $sources }
       *[other] Ce texte a été rédigé d’après ces sources : { $sources }
    }
fact-how-no-source = Ce texte vient de nos rédacteurs, qui n’indiquent pas de source.
fact-own-words = Seuls ces mots ont été dits ainsi : « { $words } ». Le reste est de nos rédacteurs.
fact-no-own-words = Ce sont les mots de nos rédacteurs, et non ceux d’une personne citée.

## Pages

topics-title = <b>Thèmes</b>
topic-count = { $count ->
        [one] { $count } réponse
       *[other] { $count } réponses
    }
topic-other = Autres réponses
topic-only = Toutes les réponses
page-number = { $page } / { $pages }
button-everything = ☰ Toutes les réponses
sources-title = <b>Sources</b>
sources-none = Aucune source n’est indiquée ici.
about-title = <b>À propos</b>
about-operator = Responsable : { $operator }
about-official = Est-ce officiel ? { $official }
about-contact = Contact : { $contact }
about-topics = { $count ->
        [one] { $count } thème
       *[other] { $count } thèmes
    }
about-sources = { $count ->
        [one] { $count } source
       *[other] { $count } sources
    }
about-languages = Langues : { $languages }
about-newest = Date la plus récente dans les réponses : { $date }
about-published = Publié le { $date }
about-version = Version : <code>{ $version }</code>
language-title = <b>Langue</b>
    Je réponds dans la langue de votre question quand je le peux. Choisissez celle des boutons et des notes :
language-auto = Comme dans Telegram
language-set = C’est fait : les boutons et les notes sont désormais en français.
language-set-auto = C’est fait : les boutons et les notes suivent la langue de votre Telegram.

## Buttons

button-next = Suivant ▶
button-source = Source 🔗
button-share = Partager ↗
button-ask-editors = ➕ Demander aux rédacteurs
button-not-asked = Ce n’est pas ma question
button-topics = ☰ Thèmes
button-ask-bot = Poser une question
button-more = Suite ▶
button-less = ◀ Précédent

## Asking the editors, and hearing back from them

hear-offer = Les rédacteurs verront votre question. Dois-je vous écrire ici quand il y aura une réponse ?
button-tell-me = Oui, prévenez-moi
hear-noted = Je vous écrirai ici une seule fois, si votre question reçoit une réponse dans les 90 jours.
button-stop-telling = Ne pas me prévenir
hear-stopped = Vous ne serez pas prévenu.
hear-not-kept = Vous avez demandé que rien ne soit enregistré : votre question n’est donc pas gardée, et les rédacteurs ne la voient pas.
hear-answered =
    <b>Votre question a maintenant une réponse.</b>
    Vous aviez demandé : { $question }
privacy-hear = • Si vous demandez à être prévenu d’une réponse, seul le numéro de votre chat est gardé pour cela : jusqu’au message ou à votre refus, et 90 jours au plus.
digest-title =
    <b>Sans réponse depuis hier</b>
    { $questions ->
        [one] { $questions } question
       *[other] { $questions } questions
    } de { $people ->
        [one] { $people } personne
       *[other] { $people } personnes
    } :
digest-people = { $people ->
        [one] { $people } personne
       *[other] { $people } personnes
    }
digest-review = Examiner

## Inline mode

inline-ask = Poser la question en privé
inline-none = Rien à ce sujet : demandez en privé
inline-busy = Trop de recherches à la fois : un instant

## The menu

command-ask = Poser une question
command-topics = Ce que je sais, par thème
command-sources = Les publications derrière les réponses
command-language = Choisir la langue des boutons et des notes
command-help = Comment demander, ici et dans les groupes
command-about = Ce que je suis, qui me gère, de quand date le contenu
command-privacy = Ce qui est enregistré sur vous
command-mydata = Recevoir ce qui est enregistré sur vous
command-forget = Effacer ce qui est enregistré sur vous

## Notes

quota-note = { $limit ->
        [one] C’était plus de { $limit } question en une minute.
       *[other] C’était plus de { $limit } questions en une minute.
    } Patientez un peu, puis demandez à nouveau.
crowd-note = Il y a ici plus de messages que je ne peux en traiter ; certains restent sans réponse. Demandez à nouveau dans quelques minutes.
busy-note = ⏳ Je suis très sollicité. Votre question est dans la file, j’y répondrai bientôt.
error-note = Une erreur est survenue de mon côté, et je n’ai pas pu répondre. Elle est signalée. Si vous écrivez au responsable, donnez ce numéro : <code>{ $id }</code>

## Privacy

privacy-title = <b>Confidentialité</b>
privacy-recorded =
    • Pour améliorer les réponses, les questions sont enregistrées avec mes réponses et vos votes : sous un pseudonyme, jamais avec votre nom ni votre identifiant ou numéro Telegram.
    • Numéros de téléphone, adresses e-mail, numéros de carte et autres sont retirés auparavant.
privacy-off = • Les questions ne sont pas enregistrées en ce moment.
privacy-kept =
    • Un message attend dans une file sur mon serveur jusqu’à sa réponse, puis y est effacé.
    • Je garde la langue choisie et, pendant sept jours, quelle réponse va avec quel message, sans noms.
    • Dans les groupes, je ne lis que les messages qui me sont adressés.
privacy-retention = • Tout est effacé après { $days ->
        [one] { $days } jour
       *[other] { $days } jours
    } au plus tard.
privacy-commands = /mydata vous envoie ce qui est enregistré sur vous, /forget l’efface. Vous pouvez aussi demander sans être enregistré :
privacy-commands-off = /mydata vous envoie ce qui a été enregistré sur vous auparavant, /forget l’efface.
privacy-commands-group = En privé avec moi, vous pouvez voir et effacer ce qui est enregistré sur vous, ou demander sans être enregistré.
button-privacy = Mes données
button-opt-out = Ne pas enregistrer mes questions
button-opt-in = Enregistrer à nouveau mes questions
opted-out = Vos questions ne sont plus enregistrées. Ce qui l’était déjà reste jusqu’à ce que vous l’effaciez avec /forget.
opted-in = Vos questions sont à nouveau enregistrées, sous un pseudonyme.
data-in-private = Envoyez cette commande en privé, pour que personne d’autre ne voie vos données.
data-caption = Tout ce qui est enregistré sur vous.
data-later = Je ne peux pas le faire en ce moment. Réessayez plus tard.
forget-ask = <b>Effacer tout ce qui est enregistré sur vous ?</b> Vos questions, votes, souhaits et choix de langue disparaissent, sans retour possible.
button-forget = Tout effacer
button-keep = Garder
forget-erasing = Les dernières traces dans mes fichiers sont en train d’être écrasées, ce qui prend une minute environ si le journal est long. Je vous dirai quand ce sera fait. Si je redémarre entre-temps, je terminerai ensuite.
forget-erased = Les dernières traces sont écrasées : il ne reste rien de vous dans mes fichiers.
forget-kept = Rien n’a été effacé.
forget-done = { $count ->
        [one] C’est fait : { $count } question a été effacée, avec tout le reste.
       *[other] C’est fait : { $count } questions ont été effacées, avec tout le reste.
    }

## First words

ask-about = Posez-moi vos questions sur { $subject }.
ask-topics = Je réponds aux questions sur : { $topics }.
ask-topics-more = Je réponds aux questions sur : { $topics }, et plus encore.
ask-texts = Posez-moi vos questions sur les textes réunis ici.
claim-sources = Mes réponses sont de courts textes que des rédacteurs ont écrits d’après les publications indiquées au-dessous. Seuls les mots entre guillemets sont ceux des personnes citées. Quand je n’ai pas de réponse, je le dis.
claim = Mes réponses sont des textes rédigés d’avance ; je n’y ajoute rien. Quand je n’ai pas de réponse, je le dis.
start-try = Essayez l’une de ces questions, ou écrivez la vôtre :
start-write = Écrivez simplement votre question.
help-title = <b>Comment demander</b>
help-here = • Ici : écrivez simplement votre question. Si vous la modifiez, ma réponse change aussi.
help-group = • Dans un groupe : écrivez <code>/ask votre question</code>, mentionnez @{ $username }, ou répondez à l’un de mes messages.
help-inline = • Dans n’importe quel chat : tapez <code>@{ $username }</code> et un mot ou deux, puis choisissez une réponse.
help-votes = 👍 et 👎 sous une réponse aident à l’améliorer.
help-command = /{ $name } – { $what }
group-hello = Bonjour !
group-how = Pour demander ici, écrivez <code>/ask votre question</code>, mentionnez @{ $username }, ou répondez à l’un de mes messages.
group-recorded = Je ne lis que ces messages. Ils sont enregistrés sans noms, pour améliorer les réponses : /privacy
group-not-recorded = Je ne lis que ces messages, et je n’en enregistre aucun : /privacy
ask-usage = Écrivez la question après la commande, ainsi : <code>/ask { $example }</code>
ask-usage-plain = Écrivez la question après la commande : <code>/ask …</code>
unknown-command = Cette commande n’existe pas. Voici ce que je sais faire : /help
reads-text-only = Je ne lis que le texte. Écrivez votre question avec des mots.

## Small talk, and questions about the bot

ask-about-topics = Posez-moi une question sur l’un de mes thèmes : { $topics }.
ask-anything = Écrivez-moi une question.
talk-hello = Bonjour ! { $ask }
talk-how = Je vais bien, merci ! { $ask }
talk-ready = Allez-y : écrivez votre question.
talk-thanks = Je vous en prie !
talk-ok = Très bien 👍
talk-laugh = 🙂
talk-bye = Au revoir !
talk-insult = Désolé de ne pas vous avoir aidé. Demandez avec d’autres mots, et je chercherai à nouveau.
talk-complaint = Désolé, ce n’était donc pas cela. Demandez avec d’autres mots ; un nom ou un chiffre aide.
talk-abilities = { $ask } Je montre le texte qui répond. Quand je n’en ai pas, je le dis.
bot-maker = Responsable de ce bot : { $operator }.
bot-maker-unknown = Le responsable de ce bot n’est pas indiqué ici.
bot-contact = Contact : { $contact }
bot-official-unknown = Je ne peux parler officiellement pour personne. Je montre des textes rédigés d’avance.
bot-machine = Je suis un programme, ni une personne ni ChatGPT. Je cherche le texte qui répond à une question et je le montre tel qu’il a été rédigé. Je n’écris aucune réponse moi-même.
bot-human = Personne ne répond dans ce chat ; je suis un programme.
bot-no-contact = Aucune adresse de contact n’est indiquée ici.
bot-newest-date = Information la plus récente : { $date }.
bot-published = Les réponses ont été publiées pour la dernière fois le { $date }, sur { $topics ->
        [one] { $topics } thème
       *[other] { $topics } thèmes
    }.
bot-languages = Langues que je comprends : { $languages }. Je réponds dans la langue de la question quand j’ai le texte dans cette langue.
bot-trust = Je montre des textes rédigés d’avance, sans rien y ajouter. Chacun indique ses sources : ouvrez-les pour vérifier ce qui compte pour vous. Toutes les { $sources } : /sources
bot-trust-unsourced = Je montre des textes rédigés d’avance, sans rien y ajouter. Ils n’indiquent pas de source : vérifiez ailleurs ce qui compte pour vous.
bot-identity = Je suis un programme qui répond aux questions avec des textes rédigés d’avance.

## Votes and wishes

vote-up = Merci ! C’est noté : utile.
vote-down = Merci ! C’est noté : pas utile.
vote-cleared = Votre vote est retiré.
vote-not-yours = Seule la personne qui a demandé peut voter pour cette réponse.
wish-added = Merci ! Les rédacteurs le verront.
wish-not-yours = Seule la personne qui a demandé peut envoyer ce souhait.
button-stale = Ce bouton ne fonctionne plus. Posez à nouveau votre question.
feedback-off = Rien n’est enregistré ici, votre avis n’est donc pas gardé.
feedback-opted-out = Vous avez demandé que rien ne soit enregistré, votre vote n’est donc pas gardé. Pour changer cela : /privacy

## For administrators

admin-status =
    <b>État</b>
    Version : <code>{ $version }</code>, publiée le { $built } (UTC)
    Réponses : { $passages }
    En marche depuis : { $uptime }
    Questions traitées : { $answered }
    En attente : { $waiting }
    Échecs : { $failures }
    Mémoire : { $memory } Mo
admin-reload-same = La version active est déjà <code>{ $version }</code>.
admin-reload-done = Je réponds désormais avec la version <code>{ $version }</code>.
admin-reload-failed = La nouvelle version a été refusée ; <code>{ $version }</code> reste en service. Raison : { $reason }
admin-stats-empty = Rien n’est encore enregistré.
admin-failure = ⚠️ { $kind } : { $text } (numéro <code>{ $id }</code>). Les échecs suivants de cette sorte sont signalés après une heure.
