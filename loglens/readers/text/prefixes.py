"""Find where the message of a line begins: behind time stamps, levels, ranks, hosts and other tags of its logger."""

from __future__ import annotations

import re

from loglens.readers.text.templates import MARK

_STAMP = re.compile(
    r"[^\0]{0,40}?(?:\0[^\0]{1,20}){0,2}?\0([-/])\0\1\0[ _,-]{1,2}\0:\0:\0(?P<comma>,\0)?(?:Z(?=[\s\])|]))?"
)
#: What is in brackets names a part of the data.
_PART = r"(?i:train(?:ing)?|eval(?:uation)?|val(?:id(?:ation)?)?|test(?:ing)?|dev)\]"
_LEVELS = r"(?:INFO|DEBUG|WARNING|WARN|ERROR|CRITICAL)"
_LOGGER = re.compile(
    rf"(?:(?:[^{{\0]{{0,60}}?\0)?[^{{\0]{{0,60}}?\b{_LEVELS}\b(?:\|[\w.]{{1,40}}:\0)?[\]\s:|-]*"
    r"(?:\[?[\w.]{1,60}:(?:[\w.<>]{1,60}:\0|\0:[\w.<>]{1,60})(?:\]| -)\s?)?(?:\[Rank \0\] ?)?"
    r"|\[?\0/\0 \0:\0:\0(?: [AP]M| [\w.]{1,60}\]:?)?"
    rf"|\[(?!{_PART})[\w.:-]{{0,20}}\0?\]:(?:\[[\w.]{{1,20}}\])?)[\s\]-]*"
)
_LEAD = re.compile(r"(?:(?<=\0 )[AP]M\b:?|(?<=\0)[AP]M\b:?)?(?:[\s\])]|-(?=[\s\[]))*")
#: A word that says what follows is no tag: it counts, or names a part of the data.
_TELLING = r"(?:train|val|eval|test|dev|epoch|step|iter|batch|ep\b|update|global|round|episode|metric|sample)"
#: What may stand before a message, in any number and order; each is followed by blanks, colons, bars or dashes.
_TAG = re.compile(
    r"""(?:
        [\[(]?\0([-/.])\0\1\0[\ ,_-]{0,2}\0:\0:\0(?:,\0)?(?:Z|\ ?\+\0:?\0?)?[\])]?     # date and time
      | [\[(]?\0[-/.]\0[\ ,_-]{1,2}\0:\0:\0(?:,\0)?[\])]?(?=[\s|:\[\]])                    # month and day, time
      | [\[(]?\0:\0:\0(?:,\0)?[\])]?(?=[\s|:\]])                                       # time
      | (?:\[\ ?)?[A-Z][a-z]{2}\ [A-Z][a-z]{2}\ \0\ \0:\0:\0\ \0(?:\ ?\])?              # Tue Mar 14 09:12:44 2023
      | (?:[A-Z][a-z]{2}\ )?[A-Z][a-z]{2}\ \0\ \0:\0:\0(?:\ [\w.-]{1,40}\ [\w.-]{1,40}(?:\[\0\])?:)?   # syslog
      | [A-Z][a-z]{2},?\ \0\ [A-Z][a-z]{2}\ \0\ \0:\0:\0                               # Tue 14 Mar 2023 09:12:44
      | \0\ [A-Z][a-z]{2}\ (?:\0\ )?\0:\0(?::\0)?(?:,\0)?(?=\s)                         # 14 Mar 09:12
      | [IWEF]\d{4,8}\ \0:\0:\0\ \0\ [\w./-]{1,60}:\0\]                                # glog, absl
      | std(?:out|err)\ [FP](?=\s)                                                     # a container's log
      | \[\0,\0\]<std(?:out|err)>:                                                     # mpirun
      | \((?:[\w.<>+-]{1,60}\ )?pid=\0(?:,\ ?ip=[^)\s]{1,40})?\)                       # ray
      | [\[(<]?\ ?(?i:rank|worker|gpu|node|proc(?:ess)?|local_rank|default|replica|pid)[\ _:=\#-]?(?:\0|\d{1,6})
            (?:[/:,]\ ?(?:\0|\d{1,6}))?[\])>]?(?=[\s:|\[({])(?!\s*[:|]\s*\0\ ?%?$)  # a rank, no accuracy
      | [A-Za-z][\w.]{0,40}-\d{1,6}\ ?(?=\|\ )                                         # a service of docker compose
      | \[(?:INFO|DEBUG|WARNING|WARN|ERROR|CRITICAL|NOTICE|TRACE|info|debug|warning|error)\]
      | (?:INFO|DEBUG|WARNING|WARN|ERROR|CRITICAL|NOTICE|TRACE)\b
      | \[?\ ?(?:Info|Warning|Debug|Error):(?=\ )                                        # Julia
      | \[[\w./<>-]{1,60}\.(?:py|cc|cpp|h):\0\]
      | \[(?!""" + _TELLING + r"|" + _PART + r""")
            (?=[A-Za-z])(?=[^\]\0=]{0,40}\])[\w./@-]{1,40}\](?=[\s:\[(])
    )[\s:|>\]-]*""",
    re.X,
)  # fmt: skip
#: The name of a logger behind another tag.
_NAME = re.compile(
    rf"(?<=:)[\w.-]{{1,60}}:(?=[\[A-Za-z=]|[^\x00-\x7f])"
    rf"|(?!{_TELLING})[\w.<>]{{1,60}}(?::[\w.<>]{{1,60}})?(?::\0)? (?:-|\||>>) ",
    re.I,
)
#: The rank or worker before each line, as srun and pdsh write it; a loop of one's own counts steps so.
NUMBERED = re.compile(r"(?:\[\0\]:?|\0:) (?=\S)")
#: Behind the stamp in one bracket, as NeMo writes it: "[NeMo I 2024-03-11 09:00:01 wer:319] ", and others:
#: "[2020-03-11 10:02:47,344 INFO train.py line 293 31833] ".
_FILE = re.compile(
    rf" [\w.]{{1,60}}:\0\]\s*|[ ,|:-]+(?:{_LEVELS}\b)?[^\[\](){{}}=]{{0,80}}\.py\b[^\[\](){{}}=]{{0,40}}\]\s*"
)
_MAX_TAGS = 8
_IN_BRACKETS = re.compile(r"\[([A-Za-z][\w.@/-]*)\][\s:|-]*$")


def stamp(text: str) -> tuple[int, bool, int]:
    """The slot of the first number of a date and time, whether milliseconds follow, and where it ends."""
    found = _STAMP.match(text)
    if not found:
        return -1, False, 0
    comma = found["comma"] is not None
    return text.count(MARK, 0, found.end()) - 6 - comma, comma, found.end()


def after_logger(text: str, at: int) -> int:
    """Where the message begins behind a level and the name of a logger."""
    if at and text[0] == "[" and (file := _FILE.match(text, at)):
        return file.end()
    if prefix := _LOGGER.match(text, at):
        at = prefix.end()
    elif at and text[at : at + 1] == " ":
        at += 1
    if lead := _LEAD.match(text, at):
        at = lead.end()
    return at


def last_tag(text: str, begin: int, end: int) -> str:
    """What the last tag in brackets says before a message, "[lfw]"; "" where another one or none stands there."""
    found = _IN_BRACKETS.search(text, begin, end)
    return found[1] if found else ""


def after_tags(text: str, at: int) -> int:
    """Where the message begins behind any run of tags."""
    for _ in range(_MAX_TAGS):
        found = _TAG.match(text, at) or (_NAME.match(text, at) if at else None)
        if not found or found.end() == len(text):
            break
        at = found.end()
    return at
