"""Name the results of COCO's evaluation, which DETR and its descendants log as a list without names."""

from __future__ import annotations

import re
from typing import Any

#: The order in which pycocotools' COCOeval.summarize lists precision and recall of boxes and of masks. -1 says that
#: there was no object of that size.
_NAMES = "AP AP50 AP75 AP_small AP_medium AP_large AR1 AR10 AR100 AR_small AR_medium AR_large".split()
_KEY = re.compile(r"coco_eval_(?:bbox|masks)$")


def named(row: dict[str, Any]) -> dict[str, Any]:
    """Give the results in such lists their names."""
    found = {key: value for key, value in row.items() if type(value) is list and _KEY.search(key)}
    return row if not found else row | {key: dict(zip(_NAMES, value, strict=False)) for key, value in found.items()}
