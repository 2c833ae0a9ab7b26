"""The output formats: one module or package each."""

RENDERERS: tuple[str, ...] = (
    "terminal.report",
    "json",
    "jsonl",
    "markdown",
    "sarif",
    "junit",
    "github",
    "html.report",
    "brief",
)
