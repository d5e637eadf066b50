"""``retouch safety``: the rules of the checks, and what they find."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from retouch.cli.output import exits, product

if TYPE_CHECKING:
    from retouch.safety.policy import SafetyPolicy

__all__ = ["app"]

app = typer.Typer(help="The rules of the safety checks, and what they find.", no_args_is_help=True)

PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy", help="Policy file; the built-in policy when left out.", dir_okay=False, show_default=False
    ),
]


def policy() -> int:
    """Print the built-in policy, a TOML file to begin one of your own with."""
    from retouch.safety.policy_file import builtin_policy_text

    typer.echo(builtin_policy_text(), nl=False)
    return 0


def check(
    pictures: Annotated[
        list[Path] | None, typer.Argument(metavar="[PICTURE]...", help="Pictures to score.", show_default=False)
    ] = None,
    policy: PolicyOption = None,
    prompt: Annotated[str | None, typer.Option("--prompt", "-p", help="A prompt to check.", show_default=False)] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where models are kept.", show_default=False)] = None,
) -> int:
    """Check a policy file, and tell what it says of a prompt and of pictures.

    Exit code 0: the file is good, whatever was found; 1: a picture can't be read; 2: the file is not good.
    """
    from retouch.safety.policy_file import load_policy

    rules = load_policy(policy)
    highest = f"safety_tolerance up to {rules.max_tolerance}"
    product.print(f"policy: {len(rules.prompt_rules)} rules for prompts, {highest}")
    if prompt is not None:
        product.print(f"prompt: {_judge_prompt(prompt, rules)}")
    for path in pictures or ():
        product.print(f"{escape(str(path))}: {_judge_picture(path, rules, data_dir)}", soft_wrap=True)
    return 0


def _judge_prompt(prompt: str, rules: "SafetyPolicy") -> str:
    from retouch.safety.prompts import find_rule

    rule = find_rule(prompt, rules.prompt_rules, 1)
    if rule is None:
        return "breaks no rule"
    upto = (
        "at every safety_tolerance" if rule.refused_up_to == 6 else f"up to a safety_tolerance of {rule.refused_up_to}"
    )
    return f'breaks the rule "{rule.name}" {upto}'


def _judge_picture(path: Path, rules: "SafetyPolicy", data_dir: Path | None) -> str:
    from retouch.errors import InvalidValueError
    from retouch.images.codec import decode
    from retouch.library import create_picture_check

    try:
        data = path.read_bytes()
    except OSError as exc:
        raise InvalidValueError("PICTURE", "a file that can be read", str(path)) from exc
    score = create_picture_check(data_dir).score(decode(data).pixels)
    needed = {"input": rules.inputs.lowest_tolerance(score), "answer": rules.outputs.lowest_tolerance(score)}
    said = ", ".join(
        f"as an {name} {'never passes' if tolerance is None else f'passes from {tolerance} on'}"
        for name, tolerance in needed.items()
    )
    return f"score {score:.4f}; {said}"


app.command("policy")(exits(policy))
app.command("check")(exits(check))
