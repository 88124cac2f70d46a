"""Find what makes sound knowledge answer badly: duplicates, dead links, markup, texts that are too long."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from index.evaluation.evaluation_set import check_evaluation, normal, read_evaluation
from index.knowledge.files import EVALUATION_FILE, NOT_COVERED_FILE, SYNONYMS_FILE, TOPICS_FILE
from index.knowledge.look_alikes import look_alikes
from index.knowledge.reader import Knowledge
from index.knowledge.registers import read_not_covered, read_synonyms
from index.knowledge.snippet import Snippet
from index.knowledge.yaml_lines import Problem, Severity, suggested
from index.text.language import legibility
from index.text.terms import Terms

HTML = re.compile(r"</?[a-zA-Z][^<>\n]*>|<!--")
"""What titles and questions must not hold."""
_WORD = re.compile(r"\w+")
_SEPARATOR = re.compile(r"(?<=\d)[.,](?=\d)")
_THOUSANDS = re.compile(r"(?<!\d)\d{1,3}(?:[\s'’]\d{3})+(?!\d)")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_SUFFIXED = re.compile(r"\.[a-z]{2}\.[a-zA-Z]+$")
"""The name of a file that says its language."""
_SHINGLE = 3
_NEAR_DUPLICATE = 0.8
_COMMON_SHINGLE = 50
_LEGIBLE = 0.1


def lint(knowledge: Knowledge, count_tokens: Callable[[str], int] | None, max_tokens: int) -> list[Problem]:
    """Return everything about ``knowledge`` that an editor should correct, beyond what reading it has reported.

    Args:
        knowledge: the folder as read.
        count_tokens: counts the tokens of a text as the encoder does; without it no length is checked.
        max_tokens: how many tokens the encoder reads.
    """
    checks = (
        _markup(knowledge) if knowledge.is_curated else iter(()),
        _names(knowledge),
        _topics(knowledge),
        _links(knowledge),
        _translations(knowledge),
        _claimed_questions(knowledge),
        _near_duplicates(knowledge),
        _evaluation(knowledge),
        _synonyms(knowledge),
        _not_covered(knowledge),
        _lengths(knowledge, count_tokens, max_tokens) if count_tokens else iter(()),
    )
    return sorted(problem for check in checks for problem in check)


def _flaw(knowledge: Knowledge, snippet: Snippet, field: str, reason: str) -> Problem:
    return knowledge.locations[snippet.id, snippet.language].problem(field, reason, Severity.FLAW)


def _markup(knowledge: Knowledge) -> Iterator[Problem]:
    for snippet in knowledge.snippets:
        for field, texts in (
            ("title", (snippet.title,)),
            ("questions", snippet.questions),
            ("does_not_answer", snippet.does_not_answer),
        ):
            if any(HTML.search(text) for text in texts):
                yield _flaw(knowledge, snippet, field, "HTML is not allowed")


def _names(knowledge: Knowledge) -> Iterator[Problem]:
    for name, other in look_alikes(place.file for place in knowledge.locations.values()):
        reason = f"its name looks like {other} and is written with other characters; rename one"
        yield Problem(name, 1, "file", reason, Severity.FLAW)


def _topics(knowledge: Knowledge) -> Iterator[Problem]:
    """Tell of each unknown topic once."""
    if not (knowledge.folder / TOPICS_FILE).exists():
        return
    missing = dict.fromkeys(knowledge.unregistered_topics, 0)
    first: dict[str, Snippet] = {}
    for snippet in knowledge.snippets:
        if snippet.topic in missing:
            first.setdefault(snippet.topic, snippet)
            missing[snippet.topic] += 1
    for topic, snippet in first.items():
        where = f"unknown topic '{topic}'" if topic else "lies in no topic folder"
        others = f" ({missing[topic] - 1} more like this)" if missing[topic] > 1 else ""
        yield _flaw(knowledge, snippet, "topic", f"{where}; add it to {TOPICS_FILE}{others}")


def _links(knowledge: Knowledge) -> Iterator[Problem]:
    known = {snippet_id for snippet_id, _ in knowledge.locations}
    for snippet in knowledge.snippets:
        for target in snippet.see_also:
            if target not in known and knowledge.lacks(target):
                yield _flaw(knowledge, snippet, "see_also", f"unknown snippet '{target}'{suggested(target, known)}")


def _translations(knowledge: Knowledge) -> Iterator[Problem]:
    """Compare what a translation must keep: numbers, the digits of dates, and names in Latin letters."""
    originals = {
        snippet.id: snippet
        for snippet in knowledge.snippets
        if snippet.language == "en" or not _SUFFIXED.search(knowledge.locations[snippet.id, snippet.language].file)
    }
    for snippet in knowledge.snippets:
        original = originals.get(snippet.id, snippet)
        if original is snippet:
            continue
        wanted, given = _numbers(original.text), _numbers(snippet.text)
        differences = [
            f"{' '.join(sorted(numbers.elements()))} {what}"
            for numbers, what in ((wanted - given, "is missing"), (given - wanted, "is not in the original"))
            if numbers
        ]
        if differences:
            yield _flaw(knowledge, snippet, "body", f"numbers differ from the original: {'; '.join(differences)}")
        if invented := _numbers(snippet.title) - _numbers(f"{original.title} {original.text}"):
            yield _flaw(knowledge, snippet, "title", f"{' '.join(sorted(invented))} is not in the original")
        if names := _foreign_names(snippet, original):
            yield _flaw(knowledge, snippet, "body", f"names that the original does not have: {', '.join(names)}")


def _numbers(text: str) -> Counter[str]:
    """Count the numbers of ``text``, without what separates their decimals and thousands."""
    joined = _THOUSANDS.sub(lambda match: re.sub(r"\D", "", match[0]), _SEPARATOR.sub("", text))
    return Counter(re.findall(r"\d+", joined))


def _foreign_names(snippet: Snippet, original: Snippet) -> list[str]:
    """Return the Latin names of a text in another script that its original does not have; abbreviations may differ."""
    if sum(map(len, _LATIN_WORD.findall(snippet.text))) * 2 > len(snippet.text):
        return []
    known = " ".join([original.title, original.text, *original.questions, *original.speakers]).casefold()
    known += " ".join(f"{source.publisher} {source.title}" for source in original.sources).casefold()
    names = dict.fromkeys(name for name in _LATIN_WORD.findall(snippet.text) if not name.isupper())
    return [name for name in names if name.casefold() not in known]


def _claimed_questions(knowledge: Knowledge) -> Iterator[Problem]:
    # Headings of different texts may ask the same; nobody chose them as example questions.
    severity = Severity.FLAW if knowledge.is_curated else Severity.NOTE
    owners: dict[tuple[str, str], Snippet] = {}
    for snippet in knowledge.snippets:
        for question in snippet.questions:
            owner = owners.setdefault((snippet.language, normal(question)), snippet)
            if owner.id != snippet.id:
                place = knowledge.locations[snippet.id, snippet.language]
                yield place.problem("questions", f"'{question}' is also a question of {owner.id}", severity)
    for snippet in knowledge.snippets:
        for question in snippet.does_not_answer:
            if answering := owners.get((snippet.language, normal(question))):
                reason = f"'{question}' is a question that {answering.id} answers"
                yield _flaw(knowledge, snippet, "does_not_answer", reason)


def _near_duplicates(knowledge: Knowledge) -> Iterator[Problem]:
    """Compare the three-word shingles of texts that share rare ones (Broder 1997, resemblance of documents).

    A text is told once, with the one before it that is most alike.
    """
    shingles: list[frozenset[int]] = []
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for number, snippet in enumerate(knowledge.snippets):
        words = _WORD.findall(snippet.text.casefold())
        own = frozenset(hash(tuple(words[i : i + _SHINGLE])) for i in range(max(1, len(words) - _SHINGLE + 1)))
        shared: set[int] = set()
        for shingle in own:
            earlier = holders[shingle]
            if len(earlier) < _COMMON_SHINGLE:
                shared.update(earlier)
                earlier.append(number)
        shingles.append(own)
        alike = {other: len(own & shingles[other]) / len(own | shingles[other]) for other in sorted(shared)}
        nearest = max(alike, key=alike.__getitem__, default=None)
        if nearest is not None and alike[nearest] >= _NEAR_DUPLICATE:
            twin = knowledge.snippets[nearest]
            reason = f"says nearly the same as {twin.id} ({alike[nearest]:.0%} alike)"
            yield _flaw(knowledge, snippet, "body", reason)


def _lengths(knowledge: Knowledge, count_tokens: Callable[[str], int], max_tokens: int) -> Iterator[Problem]:
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for snippet in knowledge.snippets:
        texts[snippet.language].append(snippet.text)
    # Snippets in a language that the encoder cannot read are found by their terms, which are never cut off.
    read = {language for language, lines in texts.items() if legibility(lines, count_tokens) > _LEGIBLE}
    for snippet in knowledge.snippets:
        tokens = count_tokens(snippet.text) if snippet.language in read else 0
        if tokens > max_tokens:
            reason = f"{tokens} tokens; the encoder reads {max_tokens}: split it into two snippets"
            yield _flaw(knowledge, snippet, "body", reason)


def _evaluation(knowledge: Knowledge) -> Iterator[Problem]:
    found = read_evaluation(knowledge.folder / EVALUATION_FILE)
    yield from found.problems
    yield from check_evaluation(found, knowledge)


def _not_covered(knowledge: Knowledge) -> Iterator[Problem]:
    """No question is listed twice, or answered all the same."""
    answering = {
        normal(text): f"is a question that {snippet.id} answers"
        for snippet in reversed(knowledge.snippets)
        for text in snippet.questions
    }
    for question in read_evaluation(knowledge.folder / EVALUATION_FILE).questions:
        if question.answerable:
            answering.setdefault(normal(question.text), f"is answered in {EVALUATION_FILE}, line {question.line}")
    seen: dict[str, int] = {}
    for item in read_not_covered(knowledge.folder, []):
        wording = normal(str(item.value))
        first = seen.setdefault(wording, item.line)
        reason = f"stands on line {first} already" if first != item.line else answering.get(wording)
        if reason:
            yield Problem(NOT_COVERED_FILE, item.line, "questions", f"'{item.value}' {reason}", Severity.FLAW)


def _synonyms(knowledge: Knowledge) -> Iterator[Problem]:
    """A term may stand in one group only: two terms are the same when their stems are."""
    problems: list[Problem] = []
    groups = read_synonyms(knowledge.folder, problems)
    yield from problems
    terms = Terms()
    owners: dict[tuple[str, tuple[str, ...]], tuple[int, str, int]] = {}
    for number, group in enumerate(groups):
        for item in group:
            # Terms are stemmed in the language of whatever text they stand in.
            forms = {(language, tuple(terms.stems(str(item.value), language))) for language in ("", "en", "ru")}
            own = (number, str(item.value), group[0].line)
            overlaps = {owners.setdefault(form, own) for form in sorted(forms)}
            for owner, other, line in sorted(overlaps):
                if owner != number:
                    reason = f"'{item.value}' means the same as '{other}' in the group on line {line}"
                    yield Problem(SYNONYMS_FILE, item.line, "term", reason, Severity.FLAW)
                    break
