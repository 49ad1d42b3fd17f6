import { BARS, missedBars } from './bars.ts';
import { renderBarPlot, renderHours } from './plots.ts';
import type { Scenario } from './scenarios/scenario.ts';
import type { Result } from './simulate.ts';
import { COLUMNS } from './tables.ts';
import { escapeText } from './text.ts';

const STYLE = `body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 75rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; font-size: 13px; width: 100% }
th, td { border-bottom: 1px solid #ddd; padding: 0.25rem 0.5rem; text-align: right; vertical-align: top }
th:first-child, td:first-child { text-align: left }
.missed { color: #b00020 }
.held { color: #1b6e3c }
.hours { display: grid; grid-template-columns: repeat(auto-fill, minmax(21rem, 1fr)); gap: 1rem }
figure { margin: 0 } figcaption { font-size: 13px }
svg { width: 100%; height: auto; font: 11px system-ui, sans-serif }
.bar, .asked { fill: #2f6db5 } .attempts { fill: #ccd6e0 } .limit { stroke: #b00020; stroke-dasharray: 4 3 } .axis { stroke: #888 }`;

/** One page with a table and plots of what came of scenarios. It holds all that it needs. */
export function renderPage(results: readonly Result[], scenarios: readonly Scenario[]): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Nauthilus: what protection does to attackers and owners</title>
<style>${STYLE}</style>
</head>
<body>
<h1>What protection does to attackers and owners</h1>
${renderVerdict(results)}
<h2>All scenarios</h2>
${renderResults(results, scenarios)}
<h2>Guesses at one account within a day</h2>
<p>Most different wrong passwords of one account that a backend was asked about within any 24 hours. At most ${BARS.guesses}.</p>
${renderBarPlot({
  bars: results.map(({ scenario, guesses }) => ({ name: scenario, value: guesses, shown: String(guesses) })),
  limit: BARS.guesses,
})}
<h2>Guesses over time</h2>
<p>Attempts of attackers in each hour (grey), and those that a backend was asked about (blue); the scale is logarithmic.</p>
<div class="hours">
${results
  .filter(({ attackHours }) => attackHours.length > 0)
  .map((result) => renderHours(result.scenario, result.attackHours))
  .join('\n')}
</div>
<h2>Time to block</h2>
<p>From an attacker's first attempt to the first that no backend was asked about, in seconds.</p>
${renderBarPlot({
  isLogarithmic: true,
  bars: results.flatMap(({ scenario, msToBlock }) =>
    msToBlock === undefined
      ? []
      : [{ name: scenario, value: msToBlock / 1000, shown: `${(msToBlock / 1000).toFixed(1)} s` }],
  ),
})}
<h2>Memory</h2>
<p>Most that counters took in a process, in MiB. At most ${BARS.bytes / 2 ** 20}, whatever the number of addresses.</p>
${renderBarPlot({
  bars: results.map(({ scenario, bytes }) => ({
    name: scenario,
    value: bytes / 2 ** 20,
    shown: (bytes / 2 ** 20).toFixed(1),
  })),
  limit: BARS.bytes / 2 ** 20,
})}
</body>
</html>
`;
}

function renderVerdict(results: readonly Result[]): string {
  const missed = results.flatMap((result) => missedBars(result).map((text) => `${result.scenario}: ${text}`));
  if (missed.length === 0) return `<p class="held">All bars are held by all ${results.length} scenarios.</p>`;
  return `<ul class="missed">${missed.map((text) => `<li>${escapeText(text)}</li>`).join('')}</ul>`;
}

function renderResults(results: readonly Result[], scenarios: readonly Scenario[]): string {
  const head = Object.keys(COLUMNS)
    .map((name) => `<th scope="col">${escapeText(name)}</th>`)
    .join('');
  const rows = results.map((result) => {
    const about = scenarios.find(({ name }) => name === result.scenario)?.about ?? '';
    const cells = Object.values(COLUMNS).map((show) => `<td>${escapeText(show(result))}</td>`);
    return `<tr title="${escapeText(about)}">${cells.join('')}</tr>`;
  });
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${rows.join('\n')}\n</tbody>\n</table>`;
}
