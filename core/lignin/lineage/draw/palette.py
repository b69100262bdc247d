"""Colours of pictures, light and dark: classes rather than values stand in the drawings."""

import zlib
from collections.abc import Iterable, Mapping

__all__ = ["FONT", "STYLE", "engine_styles"]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# Chosen to stay apart from each other, and from the red of failure, on white and on near-black.
_ENGINES = {
    "": "#64748b",
    "nextflow": "#0d9488",
    "prefect": "#3b6fe0",
    "redun": "#b7791f",
    "snakemake": "#4d8b31",
}
_OTHERS = ("#8b5cf6", "#c0569b", "#0e88b8", "#a16250", "#6d7f1e")

STYLE = f"""
.lignin {{ font-family: {FONT}; font-size: 12px; }}
.lignin .ground {{ fill: #ffffff; }}
.lignin text {{ fill: #0f172a; }}
.lignin .minor {{ fill: #64748b; font-size: 10.5px; }}
.lignin .heading {{ font-size: 15px; font-weight: 600; }}
.lignin .artifact .shape {{ fill: #f8fafc; stroke: #94a3b8; stroke-width: 1.2; }}
.lignin .artifact .fold {{ fill: #e2e8f0; stroke: #94a3b8; stroke-width: 1.2; stroke-linejoin: round; }}
.lignin .absent .shape {{ stroke-dasharray: 4 3; }}
.lignin .absent .name {{ fill: #64748b; }}
.lignin .run .name {{ font-weight: 600; }}
.lignin .run .shape {{ stroke-width: 1.5; }}
.lignin .focus .shape {{ stroke-width: 3; }}
.lignin .artifact.focus .shape {{ stroke: #334155; }}
.lignin .disc {{ fill: #ffffff; stroke-width: 1.4; }}
.lignin .sign {{ fill: none; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }}
.lignin .good {{ stroke: #15803d; }}
.lignin .bad {{ stroke: #dc2626; }}
.lignin .busy {{ stroke: #b45309; }}
.lignin .idle {{ stroke: #64748b; }}
.lignin .run.broken .shape {{ stroke: #dc2626; fill: #dc2626; }}
.lignin .edge path {{ fill: none; stroke: #94a3b8; stroke-width: 1.5; }}
.lignin .edge.recreated path {{ stroke: #b45309; }}
.lignin .edge.inferred path {{ stroke: #9333ea; stroke-dasharray: 5 4; }}
.lignin .edge.call path {{ stroke-dasharray: 0.1 4; stroke-linecap: round; stroke-width: 2; }}
.lignin .tip {{ fill: #94a3b8; }}
.lignin .tip.recreated {{ fill: #b45309; }}
.lignin .tip.inferred {{ fill: #9333ea; }}
.lignin .role {{ fill: #64748b; font-size: 9.5px; }}
@media (prefers-color-scheme: dark) {{
.lignin .ground {{ fill: #0f1521; }}
.lignin text {{ fill: #e6ebf4; }}
.lignin .minor, .lignin .role, .lignin .absent .name {{ fill: #94a3b8; }}
.lignin .artifact .shape {{ fill: #1a2333; stroke: #56657d; }}
.lignin .artifact .fold {{ fill: #2b3850; stroke: #56657d; }}
.lignin .artifact.focus .shape {{ stroke: #cbd5e1; }}
.lignin .disc {{ fill: #0f1521; }}
.lignin .good {{ stroke: #4ade80; }}
.lignin .bad, .lignin .run.broken .shape {{ stroke: #f87171; }}
.lignin .busy {{ stroke: #fbbf24; }}
.lignin .idle {{ stroke: #94a3b8; }}
.lignin .edge path {{ stroke: #5b6a82; }}
.lignin .tip {{ fill: #5b6a82; }}
.lignin .edge.recreated path {{ stroke: #fbbf24; }}
.lignin .edge.inferred path {{ stroke: #c084fc; }}
.lignin .tip.recreated {{ fill: #fbbf24; }}
.lignin .tip.inferred {{ fill: #c084fc; }}
}}
"""


def engine_styles(engines: Iterable[str]) -> Mapping[str, str]:
    """By engine (empty for scripts and notebooks) its colour, the same in every drawing."""
    return {
        engine: _ENGINES.get(engine) or _OTHERS[zlib.crc32(engine.encode()) % len(_OTHERS)]
        for engine in sorted(set(engines))
    }
