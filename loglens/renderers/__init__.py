"""One module an output format."""

RENDERERS: tuple[str, ...] = ("terminal.report", "json", "jsonl", "markdown", "sarif", "junit", "github", "html.report")
