"""Redact parameters and quoted log lines before they are shown: keys, passwords, names of people, home folders.

Logs carry what the command line, the environment and the git remote held. A parameter whose name says
that it is a secret is hidden whole; in other values only what looks like one. `run.params` in Python stays
as logged: redaction is applied to what loglens writes.

Sources: the forms of tokens are those of gitleaks' default rules (config/gitleaks.toml) and of GitHub's
"token formats"; the names are those of its rule generic-api-key, and of what W&B (wandb-metadata.json),
MLflow (user_id) and Hugging Face (hub_token) write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

HIDDEN = "<hidden>"

#: Names of parameters that are secret whatever their value.
_HUSHED = (
    r"api_?keys?|access_?keys?|secrets?|passw(?:or)?ds?|passwd|passphrase|pwd|credentials?|private_?keys?|cookies?"
    r"|auth|authorization|authentication|bearer|oauth|jwt|dsn|connection_?string|web_?hook(?:_url)?|netrc"
    r"|(?:ssh|encryption|signing|session|license|account|storage|wandb|comet|neptune|kaggle|openai|service)_key"
    r"|(?:db|smtp|ftp|mysql|sudo|proxy)_pass"
)
#: Names of people and of their machines, as the last part of a parameter's name.
_PERSON = r"user|user_?name|user_id|login|e_?mail|author|owner|entity|host|host_?name|git_user"
#: Before "token": what makes it one of access. Others are of text (pad_token, image_token) or are counted.
_ACCESS = (
    r"api|auth|access|hf|hub|push_to_hub|hugging_?face|wandb|git_?hub|gh|git_?lab|refresh|secret|session|slack|bot"
    r"|neptune|aws|comet|bearer|jwt|oauth|id|kaggle|login|mlflow|tracking|clearml|swanlab|personal_access|private"
)
#: Names of things that are long in hexadecimal and no secret.
_REVISION = re.compile(r"commit|sha\d*|hash|revision|digest|checksum|fingerprint")

#: Secrets recognised by their form. Each alternative is bounded in length, so that matching is fast on any text.
_FORMS = r"""
    (?: -----BEGIN\ [A-Z ]{0,30}PRIVATE\ KEY----- (?s:.*?) (?:-----END\ [A-Z ]{0,30}-----|\Z) )
  | (?<![A-Za-z0-9]) (?:
        gh[pousr]_[A-Za-z0-9]{20,255} | github_pat_\w{20,255} | glpat-[\w-]{20,64}     # GitHub, GitLab
      | hf_[A-Za-z0-9]{20,64} | api_org_[A-Za-z0-9]{20,64}                             # Hugging Face
      | sk-[A-Za-z0-9_-]{20,255} | sk_(?:live|test)_[A-Za-z0-9]{10,99}                 # OpenAI, Anthropic, Stripe
      | (?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}                                # AWS
      | AIza[\w-]{35} | ya29\.[\w-]{20,255}                                            # Google
      | xox[a-z]-[\w-]{10,255} | (?:pypi|npm|dop_v1|wandb_v1|nptn|r8)[-_][\w-]{20,255}
      | eyJ[\w+/=-]{17,4000} (?:\.[\w+/=-]{1,4000}){0,2}                               # JSON web tokens, Neptune
    )
  | (?<=://) [^/\s@"']{1,255} (?=@)                                                    # URL with a password
  | (?<=hooks\.slack\.com/services/) [\w/]{10,99}
  | (?<=\bBearer\ ) [\w.~+/=-]{8,4000} | (?<=\bBasic\ ) [\w+/=-]{8,4000}
  | (?<![\w.+-]) (?!git@) [\w.+-]{1,64} @ [A-Za-z][A-Za-z0-9-]{0,62} (?:\.[A-Za-z0-9-]{1,62}){0,5} \.[A-Za-z]{2,24} \b
  | (?<=[/\\]home[/\\]) [^/\\\s:;,"'<>]{1,99} | (?<=[/\\][Uu]sers[/\\]) [^/\\\s:;,"'<>]{1,99}
"""
_HEXADECIMAL = re.compile(r"(?<![A-Za-z0-9])[0-9a-f]{40}(?![A-Za-z0-9])")  # a key of W&B, unless a git commit


def redact_value(name: str, value: Any) -> Any:
    """Redact the value of a parameter: `HIDDEN` instead of what is secret.

    name: with the path to it, as in "env/WANDB_API_KEY".
    """
    if value is None or isinstance(value, bool) or (isinstance(value, str) and not value):
        return value
    secret, person, access, _ = _patterns()
    path = [_snake(part) for part in re.split(r"[/.]", str(name))]
    if any(secret.search(part) for part in path):
        return HIDDEN
    if isinstance(value, int | float):
        return value
    if person.fullmatch(path[-1]) or (access.fullmatch(path[-1]) and _is_word(value)):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: redact_value(f"{name}/{key}", inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return _arguments([redact_value(name, each) for each in value])
    whole = str(value)
    text = scrub(whole)
    if not _REVISION.search(path[-1]):
        text = _HEXADECIMAL.sub(HIDDEN, text)
    return value if text == whole else text


def redact_params(found: Mapping[str, Any]) -> dict[str, Any]:
    """Redact all parameters of a run; every name is kept."""
    return {name: redact_value(name, value) for name, value in found.items()}


def scrub(text: str) -> str:
    """Redact a text, such as a line of a log: `HIDDEN` instead of the secrets in it."""
    text = _patterns()[3].sub(HIDDEN, text)
    for assigned in _assigned():
        text = assigned.sub(rf"\1{HIDDEN}", text)
    return text


def _arguments(values: list[Any]) -> list[Any]:
    """Redact a command line given as a list: the part after "--api-key" is a secret."""
    secret, person, access, _ = _patterns()
    for at, flag in enumerate(values[:-1]):
        if isinstance(flag, str) and flag.startswith("-"):
            word = _snake(flag.lstrip("-"))
            if secret.search(word) or person.fullmatch(word) or access.fullmatch(word):
                values[at + 1] = HIDDEN
    return values


def _snake(name: str) -> str:
    """A name in small letters with "_" between its words."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")


def _is_word(value: Any) -> bool:
    """Whether it can be a token of access: one word, and none in brackets such as "<pad>"."""
    return isinstance(value, str) and re.fullmatch(r"[^\s<>\[\]|]{4,}", value) is not None


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return (
        re.compile(rf"(?:^|_)(?:{_HUSHED})(?:_|$)"),
        re.compile(_PERSON),
        re.compile(rf"(?:.*_)?(?:{_ACCESS})_tokens?|token"),
        re.compile(_FORMS, re.VERBOSE),
    )


@cache
def _assigned() -> tuple[re.Pattern[str], ...]:
    """ "--password x", "API_KEY=x", '"hub_token": "x"' in a text: the name, and then the value."""
    secret = rf"(?:[A-Za-z0-9]+[_-]){{0,6}}(?:{_HUSHED})".replace("_?", "[_-]?")
    token = rf"(?:(?:[A-Za-z0-9]+[_-]){{0,6}}(?:{_ACCESS})[_-])?token"
    value = r"(?!none\b|null\b|true\b|false\b|<)(?:\"[^\"\n]{1,4000}\"?|'[^'\n]{1,4000}'?|[^\s\"',;&)}\]]{1,4000})"
    number = r"(?![-+]?[\d.]+(?:e[-+]?\d+)?(?!\w))"  # of tokens

    def assigned(name: str, value: str) -> re.Pattern[str]:
        flag = rf"--?(?:{name})(?:\s{{1,3}}|\s?=\s?)"
        return re.compile(rf"((?<![\w-])(?:{flag}|(?:{name})[\"']?\s{{0,3}}[=:]\s{{0,3}})){value}", re.IGNORECASE)

    people = re.compile(
        rf"((?<![\w-])--(?:user|username|user[_-]name|email|login)(?:\s{{1,3}}|=)){value}", re.IGNORECASE
    )
    return assigned(secret, value), assigned(token, number + value), people
