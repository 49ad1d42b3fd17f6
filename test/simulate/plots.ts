import type { AttackHour } from './ledger.ts';
import { escapeText } from './text.ts';

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** The value as it is written beside the bar. */
  readonly shown: string;
}

export interface BarPlot {
  readonly bars: readonly Bar[];
  /** Drawn as a line. */
  readonly limit?: number;
  readonly isLogarithmic?: boolean;
}

const NAMES_WIDTH = 310;
const BARS_WIDTH = 520;
const ROW = 20;

/** Bars from left to right, one below the other, as SVG. */
export function renderBarPlot({ bars, limit, isLogarithmic = false }: BarPlot): string {
  const scale = isLogarithmic ? (value: number) => Math.log10(1 + value) : (value: number) => value;
  const most = Math.max(1e-9, ...bars.map(({ value }) => scale(value)), limit === undefined ? 0 : scale(limit));
  const widthOf = (value: number) => ((scale(value) / most) * BARS_WIDTH).toFixed(1);
  const height = bars.length * ROW + 6;
  const rows = bars.map(({ name, value, shown }, i) => {
    const y = i * ROW + 4;
    return (
      `<text x="${NAMES_WIDTH - 8}" y="${y + 12}" text-anchor="end">${escapeText(name)}</text>` +
      `<rect class="bar" x="${NAMES_WIDTH}" y="${y}" width="${widthOf(value)}" height="${ROW - 5}"/>` +
      `<text x="${(NAMES_WIDTH + 5 + Number(widthOf(value))).toFixed(1)}" y="${y + 12}">${escapeText(shown)}</text>`
    );
  });
  const x = limit === undefined ? 0 : (NAMES_WIDTH + Number(widthOf(limit))).toFixed(1);
  const line = limit === undefined ? '' : `<line class="limit" x1="${x}" y1="0" x2="${x}" y2="${height}"/>`;
  const axis = `<line class="axis" x1="${NAMES_WIDTH}" y1="0" x2="${NAMES_WIDTH}" y2="${height}"/>`;
  const width = NAMES_WIDTH + BARS_WIDTH + 80;
  return `<svg viewBox="0 0 ${width} ${height}" role="img">\n${rows.join('\n')}\n${axis}${line}\n</svg>`;
}

const PLOT = { width: 340, height: 120, left: 42, bottom: 100 } as const;

/** Attempts and guesses by the hour, as SVG with a caption. */
export function renderHours(name: string, hours: readonly AttackHour[]): string {
  const { width, height, left, bottom } = PLOT;
  const most = Math.max(1, ...hours.map(({ attempts }) => attempts));
  const heightOf = (count: number) => (Math.log10(1 + count) / Math.log10(1 + most)) * (bottom - 10);
  const step = (width - left) / hours.length;
  const columns = (kind: keyof AttackHour) =>
    hours
      .map((hour, i) => ({ count: hour[kind], i }))
      .filter(({ count }) => count > 0)
      .map(({ count, i }) => {
        const tall = heightOf(count);
        const [x, y] = [left + i * step, bottom - tall].map((place) => place.toFixed(1));
        return `<rect class="${kind}" x="${x}" y="${y}" width="${step.toFixed(2)}" height="${tall.toFixed(1)}"/>`;
      })
      .join('');
  const marks =
    `<line class="axis" x1="${left}" y1="${bottom}" x2="${width}" y2="${bottom}"/>` +
    `<text x="${left - 4}" y="16" text-anchor="end">${most}</text>` +
    `<text x="${left - 4}" y="${bottom}" text-anchor="end">0</text>` +
    `<text x="${left}" y="${height - 4}">0 h</text>` +
    `<text x="${width}" y="${height - 4}" text-anchor="end">${hours.length} h</text>`;
  const plot = `<svg viewBox="0 0 ${width} ${height}" role="img">${columns('attempts')}${columns('asked')}${marks}</svg>`;
  return `<figure>${plot}<figcaption>${escapeText(name)}</figcaption></figure>`;
}
