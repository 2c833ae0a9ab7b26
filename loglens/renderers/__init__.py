"""One module an output format."""

RENDERERS: tuple[str, ...] = ("terminal", "json", "markdown", "sarif", "junit", "github", "html")
