"""Writing a new passage, and correcting or translating one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from datasette import Response

from bot.review import snippet_edit
from bot.review.act_checks import knowledge_with
from bot.review.acts import CorrectSnippet
from bot.review.gap_store import Gap, find
from bot.review.knowledge_edit import Change, EditedFolder, TeachError
from bot.review.web.act_previews import Preview, own_changes, previewed
from bot.review.web.frame import Review, Routes, must_be_signed_in, page, review_of, reviewer
from bot.review.web.passage_form import SOURCES, Folder, PassageForm, field_errors, first_values
from bot.review.web.saving import save, wants_to_save
from bot.review.web.wording_rows import CANNOT_TEACH, offered, sent
from bot.settings import Settings
from index.knowledge.reader import Knowledge

_GAP_NUMBER = re.compile(r"[0-9]{1,18}")


def _knowledge(settings: Settings, author: str) -> tuple[Knowledge, list[Change]]:
    """Return the knowledge with the drafts of one reviewer, and what these change."""
    changes = own_changes(settings, author)
    return knowledge_with(settings.knowledge_dir, changes), changes


@must_be_signed_in
async def write_page(datasette: Any, request: Any) -> Response:
    """Show the form of a new passage for a gap and, once it was sent, its preview, or save it as a draft."""
    review, number, me = review_of(datasette), int(request.url_vars["gap"]), reviewer(request) or ""
    gap = await review.read(lambda connection: find(connection, number))
    knowledge, _ = await asyncio.to_thread(_knowledge, review.settings, me)
    folder = Folder.of(knowledge)
    preview, errors = Preview(), {}
    if request.method == "POST":
        given = await request.post_vars()
        rows = await review.read(lambda connection: sent(connection, number, given))
        form = PassageForm(given, folder, rows.questions, number)
        errors = form.errors()
        if problem := next((row.problem for row in rows.picked if row.problem), ""):
            errors["wordings"] = problem
        if not errors:
            act = form.act()
            preview = await asyncio.to_thread(previewed, act, review.settings, me, check=True, snippet=act.snippet)
            errors = field_errors(preview.problems, act.snippet, act.translations[0].language)
            if wants_to_save(given) and preview.can_be_saved:
                return await save(datasette, request, act, given, gap=number, rows=rows)
    else:
        rows = await offered(review, gap, measuring=CANNOT_TEACH)
        form = PassageForm(first_values(folder), folder, rows.questions, number)
    return await page(
        datasette,
        request,
        "write.html",
        status=400 if errors or preview.failure or preview.problems else 200,
        gap=gap,
        rows=rows,
        form=form,
        folder=folder,
        errors=errors,
        preview=preview,
        source_numbers=range(1, SOURCES + 1),
    )


@dataclass(frozen=True, slots=True)
class Correction:
    """A passage in one language in a form."""

    language: str
    title: str
    text: str
    questions: tuple[str, ...]
    seen: str
    """What tells the title and the text from others; empty where there is no translation in this language yet."""

    @property
    def lines(self) -> str:
        """The example questions, one a line."""
        return "\n".join(self.questions)


@must_be_signed_in
async def correct_page(datasette: Any, request: Any) -> Response:
    """Show a passage in one language to be corrected or translated and, once it was sent, save it as a draft."""
    review, me = review_of(datasette), reviewer(request) or ""
    snippet = unquote(request.url_vars["snippet"])
    gap = await _gap(review, request.args.get("gap") or "")
    knowledge, changes = await asyncio.to_thread(_knowledge, review.settings, me)
    languages = {each.language: each.title for each in knowledge.snippets if each.id == snippet}
    if not languages:
        raise TeachError(f"{snippet}: there is no such passage in {review.settings.knowledge_dir}.")
    folder = Folder.of(knowledge)
    language = request.args.get("language") or ""
    if language not in folder.languages:
        language = folder.base_language if folder.base_language in languages else next(iter(languages))
    now = await asyncio.to_thread(_as_it_is, review.settings, changes, snippet, language, language in languages)
    form, preview, errors, seen_lines = now, Preview(), {}, now.lines
    if request.method == "POST":
        given = await request.post_vars()
        form, seen_lines = _sent(given, language), given.get("questions-seen", "").replace("\r\n", "\n")
        errors = {name: "Write something here." for name in ("title", "text") if not getattr(form, name)}
        if not errors:
            act = _correction(snippet, form, _lines(seen_lines))
            preview = await asyncio.to_thread(previewed, act, review.settings, me, check=True, snippet=snippet)
            found = field_errors(preview.problems, snippet, _original(snippet, knowledge))
            errors = {name.removesuffix(f"-{language}"): text for name, text in found.items()}
            if wants_to_save(given) and preview.can_be_saved:
                asked = [each.id for each in gap.asked] if gap else []
                return await save(datasette, request, act, given, gap=gap.id if gap else None, questions=asked)
    return await page(
        datasette,
        request,
        "correct.html",
        status=400 if errors or preview.failure or preview.problems else 200,
        snippet=snippet,
        gap=gap,
        title=languages.get(language) or next(iter(languages.values())),
        language=language,
        languages=[(name, name in languages) for name in folder.languages],
        original=next((each for each in knowledge.snippets if each.id == snippet), None),
        form=form,
        now=now,
        seen_lines=seen_lines,
        was_changed=form.seen != now.seen,
        errors=errors,
        preview=preview,
    )


async def _gap(review: Review, number: str) -> Gap | None:
    """Return the gap from whose page a reviewer came, if they came from one."""
    if not _GAP_NUMBER.fullmatch(number):
        return None
    return await review.read(lambda connection: find(connection, int(number)))


def _as_it_is(settings: Settings, changes: Sequence[Change], snippet: str, language: str, exists: bool) -> Correction:
    if not exists:
        return Correction(language, "", "", (), "")
    folder = EditedFolder(settings.knowledge_dir, changes)
    path = snippet_edit.file_in(folder, snippet, language)
    fields, text = snippet_edit.fields_of(folder, path), snippet_edit.body_of(folder, path)
    title = str(fields.get("title", ""))
    questions = fields.get("questions") or []
    listed = [questions] if isinstance(questions, str) else questions
    return Correction(
        language,
        title,
        text,
        tuple(snippet_edit.one_line(str(each)) for each in listed),
        snippet_edit.seen(title, text),
    )


def _sent(given: dict[str, str], language: str) -> Correction:
    text = snippet_edit.body(given.get("text", ""))
    title = snippet_edit.one_line(given.get("title", ""))
    return Correction(language, title, text, _lines(given.get("questions", "")), given.get("seen", ""))


def _correction(snippet: str, form: Correction, before: Sequence[str]) -> CorrectSnippet:
    return CorrectSnippet(
        snippet,
        form.language,
        form.title,
        form.text,
        form.seen,
        added=tuple(each for each in form.questions if each not in before),
        removed=tuple(each for each in before if each not in form.questions),
    )


def _lines(text: str) -> tuple[str, ...]:
    lines = (snippet_edit.one_line(line) for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def _original(snippet: str, knowledge: Knowledge) -> str:
    """Return the language of the file whose name tells none."""
    for (name, language), place in knowledge.locations.items():
        if name == snippet and place.file.rpartition(".")[0] == snippet:
            return language
    return knowledge.base_language


ROUTES: Routes = [
    (r"^/review/gaps/(?P<gap>\d{1,18})/write$", write_page),
    (r"^/review/passages/(?P<snippet>.+)/correct$", correct_page),
]
