"""The numbers as Markdown."""

from benchmarks.load.measure import Added, Growth, Overload, Throughput

__all__ = ["render"]


def render(
    machine: str,
    added: list[Added],
    throughput: list[Throughput],
    growth: Growth | None,
    overload: list[Overload],
) -> str:
    """Return the report; what was not measured is left out."""
    parts = [f"{machine}\n"]
    if added:
        parts.append(_table(
            ["engine", "photo", "library p50", "service p50", "added p50", "library p99", "service p99", "added p99",
             "GET /health p50", "CPU of the service an edit", "CPU of the library an edit"],
            [[each.engine, f"{each.width}x{each.width * 3 // 4}", _ms(each.direct_p50), _ms(each.service_p50),
              _ms(each.added_p50), _ms(each.direct_p99), _ms(each.service_p99), _ms(each.added_p99), _ms(each.empty_p50),
              _ms(each.service_cpu), _ms(each.direct_cpu)]
             for each in added],
        ))  # fmt: skip
    if throughput:
        parts.append(_table(
            ["engine", "loop", "offered", "edits", "failed", "edits/s", "p50", "p99"],
            [[each.engine, each.loop, each.offered, str(each.edits), str(each.failed), f"{each.per_second:.1f}",
              _ms(each.p50), _ms(each.p99)] for each in throughput],
        ))  # fmt: skip
    if growth is not None:
        parts.append(_growth(growth))
    if overload:
        parts.append(_table(
            ["an edit takes", "can do", "asked for", "goodput", "kept", "answers 200 / 429 / other", "429 without Retry-After",
             "refusal p50", "refusal p99", "success p50", "success p99"],
            [[_ms(1000 * each.step_seconds), f"{each.saturation_per_second:.1f}/s", f"{each.offered_per_second:.1f}/s",
              f"{each.goodput_per_second:.1f}/s", f"{each.kept:.0%}", f"{each.succeeded} / {each.refused} / {each.others}",
              str(each.refused_without_retry_after), _ms(each.refusal_p50), _ms(each.refusal_p99), _ms(each.success_p50),
              _ms(each.success_p99)] for each in overload],
        ))  # fmt: skip
    return "\n".join(parts)


def _growth(growth: Growth) -> str:
    def line(name: str, samples: list[tuple[int, float]]) -> list[str]:
        warm = samples[len(samples) // 5]
        gained = f"{growth.after_warm_up(samples):+.1f} MiB"
        return [name, f"{warm[1]:.0f} MiB at {warm[0]}", f"{samples[-1][1]:.0f} MiB at {samples[-1][0]}", gained]

    rows = [line("API", growth.api), line("workers and decoders", growth.workers)]
    said = f"{growth.requests} requests, {growth.failed} failed, {growth.per_second:.1f} edits/s.\n\n"
    return said + _table(["processes", "after warm-up", "at the end", "growth"], rows)


def _ms(value: float) -> str:
    return f"{value:.1f} ms" if value < 1000 else f"{value / 1000:.2f} s"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
