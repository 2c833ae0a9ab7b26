"""Make the pictures of the README and the documentation from the sample logs.

python docs/screenshots.py            # docs/images/*; the picture of the page needs playwright and a chromium
python docs/screenshots.py --check    # write nothing; exit with 1 if the picture of the terminal is stale
"""

from __future__ import annotations

import html
import io
import re
import shutil
import sys
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

import loglens
from loglens.model.report import Report
from loglens.renderers.figures import plot
from loglens.renderers.terminal import report as terminal

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SAMPLE = "sample_logs/exploding_gradient_rnn"
COMMAND = f"loglens diagnose {SAMPLE}"
#: Where the picture ends: before the second remedy.
END = re.compile(r"^\W*2\.")
#: Column and row of the dot of each bit of a Braille letter.
BRAILLE = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
#: Pixels of a dot, of a line of the picture (20 of the letters, times 1.22), and from the baseline to the next line.
DOT, LINE, BELOW = 4.0, 24.4, 5.4
BROWSER = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
#: A terminal window as rich draws it, but with the fonts of the reader: nothing is loaded from anywhere.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>loglens diagnose in a terminal</title>
<style>
.{unique_id}-matrix {{
  font-family: "Cascadia Mono", "SF Mono", Menlo, "DejaVu Sans Mono", Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def report() -> Report:
    """The diagnosis of the sample, with its path as a reader of the repository sees it."""
    made = loglens.diagnose(ROOT / SAMPLE)
    return replace(made, runs=tuple(replace(run, run=Path(SAMPLE).name, path=SAMPLE) for run in made.runs))


def screen(made: Report) -> str:
    """What the terminal shows, with its colours."""
    lines = terminal.render(made, width=100, color=True).splitlines()
    shown = takewhile(lambda line: not END.match(Text.from_ansi(line).plain), lines)
    return "\n".join([f"$ {COMMAND}", *shown])


def picture(made: Report) -> str:
    """The terminal as an SVG."""
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True, color_system="256", _environ={})
    console.print(Text.from_ansi(screen(made)), soft_wrap=True)
    text = console.export_svg(title="loglens", code_format=FORMAT, unique_id="loglens")
    text = re.sub(
        r'<text class="([\w-]+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"[^>]*>'
        r"([^<]*[\u2800-\u28ff┊][^<]*)</text>",
        _drawn,
        text,
    )
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _drawn(found: re.Match[str]) -> str:
    """The dots of a plot as a path: many fonts lack Braille, and those that replace them are wider."""
    letters = html.unescape(found[5]).replace("\xa0", " ")
    left, baseline, wide = float(found[2]), float(found[3]), float(found[4]) / len(letters)
    dots = "".join(
        f"M{left + (at + (column + 0.5) / 2) * wide - DOT / 2:.1f} {baseline + BELOW - (4 - row) * LINE / 4:.1f}"
        f"h{DOT}v{DOT}h-{DOT}z"
        for at, letter in enumerate(letters)
        for column, row in _dots(letter)
    )
    return f'<path class="{found[1]}" d="{dots}"/>'


def _dots(letter: str) -> list[tuple[float, int]]:
    """Column and row of the dots of a Braille letter, or of the line that marks the onset."""
    if letter == "┊":
        return [(0.5, 0), (0.5, 2)]
    bits = ord(letter) - 0x2800
    return [BRAILLE[bit] for bit in range(8) if 0 <= bits < 256 and bits >> bit & 1]


def words(svg: str) -> list[str]:
    """What an SVG says, whichever version of rich drew it."""
    said = html.unescape(" ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg)))
    return said.replace("\xa0", " ").split()


def page(made: Report, file: Path) -> None:
    """The top of the HTML page, to the end of its curves, as a PNG of 256 colours."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    address = file.with_suffix(".html")
    address.write_text(made.render("html"), encoding="utf-8")
    with sync_playwright() as driver:
        path = next(filter(None, map(shutil.which, BROWSER)))
        browser: Any = driver.chromium.launch(executable_path=path, args=FLAGS)
        tab = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        tab.goto(address.resolve().as_uri())
        tab.wait_for_timeout(300)
        box = tab.locator(".curves").first.bounding_box()
        height = int(box["y"] + box["height"] + 10)
        data = tab.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": 1280, "height": height})
        browser.close()
    address.unlink()
    with Image.open(io.BytesIO(data)) as image:
        image.convert("RGB").quantize(256, kmeans=1, dither=Image.Dither.NONE).save(file, optimize=True)


def main() -> int:
    """Write the pictures, or say whether that of the terminal is stale."""
    made = report()
    file = IMAGES / "terminal.svg"
    drawn = picture(made)
    if "--check" in sys.argv:
        stale = not file.exists() or words(file.read_text("utf-8")) != words(drawn)
        sys.stdout.write("stale: docs/images/terminal.svg (python docs/screenshots.py)\n" if stale else "")
        return int(stale)
    IMAGES.mkdir(exist_ok=True)
    file.write_text(drawn, "utf-8")
    (job,) = plot.jobs(made)
    plot.draw(job, IMAGES / "evidence.svg", "svg", width=6.5, version=loglens.__version__)
    if any(map(shutil.which, BROWSER)):
        page(made, IMAGES / "report.png")
    else:
        sys.stdout.write("no chromium: docs/images/report.png is as it was\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
