#!/usr/bin/env python3
"""Write docs/reference/settings.md from the descriptions in retouch.settings.

scripts/make_settings_reference.py            writes the page
scripts/make_settings_reference.py --check    fails when the page is not current
"""

import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from retouch.settings import ENVIRONMENT_PREFIX, Settings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "settings.md"
HEAD = """# Settings

<!-- Written by scripts/make_settings_reference.py from src/retouch/settings. Change the descriptions there. -->

`retouch serve` reads each setting from the first place that has it: an option of the command line, an environment variable, the
TOML file that `--config FILE` or the variable `RETOUCH_CONFIG` names, the default. An unknown name and a wrong value are errors;
nothing is corrected. In the environment, several values are separated by commas. `retouch edit` and `retouch doctor` read them
in the same way; of `storage` they heed `data_dir` alone, and none of `server`, `limits`, `queue` and `safety`. In the TOML file
each group is a table:

```toml
[server]
port = 9000

[queue]
max_waiting = 8
```
"""

COLUMNS = "| setting | environment | default | what it does |\n|---|---|---|---|\n"


def render() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for group, info in Settings.model_fields.items():
        model = info.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        parts.append(f"\n## {group}\n\n{info.description}\n\n{COLUMNS}")
        parts.extend(_row(group, name, field) for name, field in model.model_fields.items())
    return "".join(parts)


def _row(group: str, name: str, field: FieldInfo) -> str:
    variable = f"{ENVIRONMENT_PREFIX}{group}__{name}".upper()
    limits = _limits(field)
    description = f"{field.description} {limits}".strip().replace("|", "\\|")
    return f"| `{group}.{name}` | `{variable}` | {_default(field.default)} | {description} |\n"


def _default(value: Any) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return f"`{','.join(str(item) for item in value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _limits(field: FieldInfo) -> str:
    """The range of a number, in words."""
    words = {"ge": "at least", "gt": "more than", "le": "at most"}
    found = [
        f"{word} {getattr(rule, attribute):g}"
        for rule in field.metadata
        for attribute, word in words.items()
        if getattr(rule, attribute, None) is not None
    ]
    return f"({', '.join(found)})" if found else ""


def main() -> int:
    """Write or check the page."""
    page = render()
    if "--check" in sys.argv[1:]:
        current = PAGE.exists() and PAGE.read_text() == page
        if not current:
            print("docs/reference/settings.md is not current: run scripts/make_settings_reference.py", file=sys.stderr)
        return 0 if current else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
