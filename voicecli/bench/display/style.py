"""How the report's page looks: light and dark, on a telephone and on paper.

All text, and the colours of stages and curves, have a contrast of at least 4.5 : 1 to their background in
both schemes (WCAG 2.2, 1.4.3); numbers inside a stage have the colour of the page.
"""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --page: #fff; --ink: #1b1f24; --faint: #59636e; --rule: #d3d9e0;
  --box: #f5f7f9;  --1: #1f5fa8; --2: #8a5a00; --3: #0b7261; --4: #a3326c; --5: #5b46a8; --6: #a8410f;
  --7: #4b6a00; --8: #56606e; --within: #0b7261; --over: #b3261e }
@media screen and (prefers-color-scheme: dark) { :root { --page: #14171c; --ink: #e8ebef; --faint: #a4aeba;
  --rule: #3a424d; --box: #1c2027; --1: #7db4f0; --2: #e0a83e; --3: #4fc9b0; --4: #ef8cc0; --5: #b3a2f5;
  --6: #f59a6b; --7: #a9cc55; --8: #b3bdc9; --within: #4fc9b0; --over: #ff8f85 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 62rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { margin: 0; font-size: 1.5rem } h2 { margin: 2.5rem 0 .5rem; font-size: 1.15rem }
p { margin: .4rem 0 } .faint { color: var(--faint) }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .5rem;
  margin: 1rem 0 }
.figures div { padding: .6rem .8rem; border: 1px solid var(--rule); border-radius: .4rem;
  background: var(--box) }
.figures dt { color: var(--faint) }
.figures dd { margin: 0; font-size: 1.7rem; font-variant-numeric: tabular-nums }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: .5rem 0; padding: 0; list-style: none }
.legend i { display: inline-block; min-width: 1.3em; margin-right: .35em; padding: 0 .3em; color: var(--page);
  font: bold 12px/1.5 system-ui, sans-serif; text-align: center }
.turns { margin: 0; padding: 0; list-style: none } .turns li { margin: .6rem 0;
  break-inside: avoid }
.turns p { display: flex; gap: .6rem; justify-content: space-between; margin: 0 }
.turns b { white-space: nowrap }
.turns p span { flex: 1 }
.plot { padding: 0 8px } .scaled { padding-left: 52px }
figure { margin: .5rem 0; break-inside: avoid } figcaption { color: var(--faint) }
.box { overflow-x: auto; margin: .5rem 0 } .box:focus-visible { outline: 2px solid var(--1) }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal }
th, td { padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--rule); text-align: right;
  vertical-align: top; white-space: nowrap }
thead th { color: var(--faint); font-weight: normal; vertical-align: bottom }
tbody th { font-weight: 600 } .words { text-align: left }
td.words { min-width: 12rem; white-space: normal; overflow-wrap: anywhere }
.drawn { min-width: 9rem; width: 14rem }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .5rem 0 }
.facts dt { color: var(--faint) } .facts dd { margin: 0 }
svg { display: block; overflow: visible; font: 12px system-ui, sans-serif } svg.key { display: inline-block }
text { fill: var(--ink); text-anchor: middle } text.from { text-anchor: start } text.to { text-anchor: end }
text.on { fill: var(--page); font-weight: bold }
.over-lines { paint-order: stroke; stroke: var(--page); stroke-width: 4px }
rect { stroke: var(--page); stroke-width: 1 } .grid { stroke: var(--rule) }
.wire, .dot { fill: var(--ink) } .curve { stroke: var(--ink); stroke-width: 1.5 }
.mark { stroke: var(--faint); stroke-dasharray: 4 3 }
.bar rect { stroke: none } .within { fill: var(--within) } .over { fill: var(--over) }
.reach, .budget { stroke: var(--ink); stroke-width: 2 }
g > g > line, .key > line { stroke-width: 2 }
@media print { body { max-width: none; print-color-adjust: exact; -webkit-print-color-adjust: exact }
  .box { overflow: visible } table { font-size: 9px } tr { break-inside: avoid }
  th, td { padding-right: .3rem; white-space: normal } td.words, .drawn { min-width: 6rem; width: 8rem } }
"""

STAGE_COLOURS = 8
CURVE_COLOURS = 4


def style() -> str:
    """The whole style sheet; it names no address."""
    stages = "".join(
        f"rect.s{n} {{ fill: var(--{n}) }} i.s{n} {{ background: var(--{n}) }}\n"
        for n in range(1, STAGE_COLOURS + 1)
    )
    curves = "".join(
        f".c{n} {{ fill: var(--{n}); stroke: var(--{n}) }}\n" for n in range(1, CURVE_COLOURS + 1)
    )
    return STYLE + stages + curves
