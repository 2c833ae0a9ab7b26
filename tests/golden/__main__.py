"""python -m tests.golden: write the golden files again."""

from tests.golden.example import FOLDER, pages

for name, text in pages().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
