import type { CallNode } from './cpu-profile.ts';

const WIDTH = 1200;
const ROW = 17;
/** Narrower boxes are left out. */
const LEAST = 0.002;
const CHARACTER = 6.6;

interface Box {
  readonly name: string;
  readonly share: number;
  readonly x: number;
  readonly depth: number;
}

/** A flame graph as SVG: callers below, what they call above them, as wide as the part of the busy time that it took. */
export function renderFlameGraph(title: string, tops: readonly CallNode[]): string {
  const boxes: Box[] = [];
  place(tops, 0, 0, boxes);
  const depth = Math.max(0, ...boxes.map((box) => box.depth)) + 1;
  const height = (depth + 2) * ROW;
  const shapes = boxes.map((box) => renderBox(box, height)).join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="4" y="13">${escaped(title)}</text>`,
    `${shapes}</svg>\n`,
  ].join('\n');
}

function place(calls: readonly CallNode[], from: number, depth: number, boxes: Box[]): void {
  let x = from;
  for (const { name, share, calls: further } of calls) {
    if (share >= LEAST) {
      boxes.push({ name, share, x, depth });
      place(further, x, depth + 1, boxes);
    }
    x += share;
  }
}

function renderBox({ name, share, x, depth }: Box, height: number): string {
  const width = share * WIDTH;
  const left = (x * WIDTH).toFixed(1);
  const top = height - (depth + 1) * ROW;
  const room = Math.floor((width - 4) / CHARACTER);
  const label = room < 3 ? '' : name.length <= room ? name : `${name.slice(0, room - 1)}…`;
  const text = label === '' ? '' : `<text x="${(x * WIDTH + 2).toFixed(1)}" y="${top + 12}">${escaped(label)}</text>`;
  const tip = `${name} ${(share * 100).toFixed(1)} %`;
  return `<g><title>${escaped(tip)}</title><rect x="${left}" y="${top}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colourOf(name)}"/>${text}</g>\n`;
}

/** By whose code it is: ours, a package's, Node's, the engine's. */
function colourOf(name: string): string {
  if (name.startsWith('(')) return '#d0d0d0';
  if (name.includes(' node:')) return '#a9cce3';
  if (/ (?:lru-cache|prom-client|pino)\//.test(name)) return '#d5b8e8';
  return name.includes('.ts:') ? '#f5b971' : '#c8ddc0';
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
