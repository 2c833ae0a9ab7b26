"""One module an output format."""

RENDERERS: tuple[str, ...] = ("terminal", "json", "jsonl", "markdown", "sarif", "junit", "github", "html")
