"""What can go wrong, one class for each thing a caller would do differently.

::

    UserFacingError
    ├── KnowledgeError   the knowledge folder needs an editor
    ├── EncoderError     the encoder needs to be installed, set or exported
    ├── ArtifactError    the index needs to be built
    └── BuildError       a build needs space, memory, a free lock or better answers
"""


class UserFacingError(Exception):
    """Base of every error this project raises on purpose; its text is fit to be shown to an operator."""


def reason(error: BaseException) -> str:
    """Name a foreign error in one short line: its type and, where it has one, the first line of its text."""
    return f"{type(error).__name__}: {error}".splitlines()[0].removesuffix(": ")[:300]


class KnowledgeError(UserFacingError):
    """A knowledge folder cannot be used; the text lists every problem in it."""


class EncoderError(UserFacingError):
    """An encoder cannot be found, loaded or exported."""


class ArtifactError(UserFacingError):
    """A published index is missing, damaged or of another format."""


class BuildError(UserFacingError):
    """A build cannot run or its result must not be published."""
