import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { renderPage } from './page.ts';
import { SCENARIOS } from './scenarios/all.ts';
import type { Result } from './simulate.ts';
import { escapeText } from './text.ts';

const NOTHING: Omit<Result, 'scenario'> = {
  attempts: 1234,
  guesses: 50,
  ownersRefused: 0,
  ownersRefusedElsewhere: 0,
  ownersLetIn: 1000,
  victimsRefused: 0,
  officesBlocked: 0,
  sprayedAccounts: 20,
  longestWaitSeconds: 25,
  accountsLost: 0,
  msToBlock: 1500,
  sharedAddressesTold: 1,
  uncounted: 0,
  attackHours: [
    { attempts: 0, asked: 0 },
    { attempts: 500, asked: 50 },
  ],
  bytes: 1 << 20,
  usPerAttempt: 20,
};

/** The names of elements in order. @throws where the page is not well-formed */
function parseElements(page: string): readonly string[] {
  const open: string[] = [];
  const names: string[] = [];
  const body = page.replace(/^<!DOCTYPE html>\n/, '').replace(/<style>[^<]*<\/style>/, '<style></style>');
  const rest = body.replaceAll(/<(\/?)([a-z][a-z0-9]*)((?: [a-zA-Z0-9-]+="[^"<>]*")*)(\/?)>/g, (...found) => {
    const [, closes, name, , isEmpty] = found as string[];
    if (closes === '/') assert.equal(open.pop(), name, `</${name}> closes what is not open`);
    else {
      names.push(name ?? '');
      if (isEmpty === '') open.push(name ?? '');
    }
    return '';
  });
  assert.deepEqual(open, [], 'all elements are closed');
  assert.doesNotMatch(rest, /[<>]|&(?!(amp|lt|gt|quot);)/, 'what is text is escaped');
  return names;
}

function count(names: readonly string[], name: string): number {
  return names.filter((one) => one === name).length;
}

describe('the page with plots', () => {
  const results = SCENARIOS.map(({ name }) => ({ scenario: name, ...NOTHING }));

  it('is well-formed, and holds all scenarios in its table and each of its plots', () => {
    const page = renderPage(results, SCENARIOS);
    const names = parseElements(page);

    assert.deepEqual([count(names, 'html'), count(names, 'title'), count(names, 'table')], [1, 1, 1]);
    assert.equal(count(names, 'tr'), 1 + SCENARIOS.length);
    assert.equal(count(names, 'svg'), 3 + SCENARIOS.length);
    for (const { name, about } of SCENARIOS) {
      assert.equal(page.split(`>${escapeText(name)}<`).length - 1, 5, `${name}: table, three plots, hours`);
      assert.ok(page.includes(escapeText(about)));
    }
    assert.match(page, /All bars are held by all \d+ scenarios/);
  });

  it('refers to nothing outside, and runs nothing', () => {
    assert.doesNotMatch(renderPage(results, SCENARIOS), /https?:|url\(|@import|src=|href=|<script/i);
  });

  it('says which bars are missed', () => {
    const page = renderPage([{ scenario: 'a <worse> & "longer" one', ...NOTHING, guesses: 101 }], []);

    parseElements(page);
    assert.ok(page.includes('<li>a &lt;worse&gt; &amp; &quot;longer&quot; one: 101 guesses'));
  });

  it('has no hole where nobody attacks or nothing was measured', () => {
    const quiet = { ...NOTHING, scenario: 'quiet', attackHours: [], msToBlock: undefined, bytes: 0, guesses: 0 };
    const page = renderPage([quiet], []);

    parseElements(page);
    assert.doesNotMatch(page, /NaN|Infinity|undefined/);
  });

  it('is written by the command, by the rules of a configuration', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nauthilus-simulate-'));
    try {
      const file = join(folder, 'page.html');
      const run = fileURLToPath(new URL('run.ts', import.meta.url));
      const { status, stdout, stderr } = spawnSync(process.execPath, [run, '--html', file, 'traveller'], {
        encoding: 'utf8',
      });

      assert.equal(status, 0, stderr);
      assert.match(stdout, /^scenario +attempts[^]*\ntraveller +\d/);
      const page = await readFile(file, 'utf8');
      parseElements(page);
      assert.match(page, /<td>traveller<\/td>/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
