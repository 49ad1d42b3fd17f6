import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, describe, it } from 'node:test';
import { Secret } from '../login/secret.ts';
import { openLog } from './log.ts';

const folder = mkdtempSync(join(tmpdir(), 'nauthilus-log-'));
after(() => rmSync(folder, { recursive: true }));

function linesOf(file: string): Record<string, unknown>[] {
  const text = readFileSync(file, 'utf8');
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log', () => {
  it('has level, time, fields and message in each line, and no secret', () => {
    const file = join(folder, 'fields.log');
    {
      using opened = openLog({ level: 'info', destination: file });
      opened.log.warn({ session: 'S', password: Secret.fromText('hunter2') }, 'a\nmessage');
    }
    const [line = {}] = linesOf(file);

    assert.deepEqual(Object.keys(line), ['level', 'time', 'session', 'password', 'msg']);
    assert.equal(line['level'], 'warn');
    assert.ok(Math.abs(Date.parse(String(line['time'])) - Date.now()) < 10_000);
    assert.equal(line['password'], '[redacted]');
    assert.equal(line['msg'], 'a\nmessage');
  });

  it('has all lines once it is disposed of, in the order of writing, whichever way they came', () => {
    const file = join(folder, 'order.log');
    {
      using opened = openLog({ level: 'info', destination: file });
      for (let i = 0; i < 5000; i += 1) {
        if (i % 2 === 0) opened.writeLine(`{"i":${i}}\n`);
        else opened.log.info({ i }, 'odd');
      }
    }

    assert.deepEqual(
      linesOf(file).map((line) => line['i']),
      Array.from({ length: 5000 }, (_, i) => i),
    );
  });

  it('is written within a moment where little happens', async () => {
    const file = join(folder, 'quiet.log');
    using opened = openLog({ level: 'info', destination: file });
    opened.log.info('hello');
    for (let i = 0; i < 50 && linesOf(file).length === 0; i += 1) await sleep(20);

    assert.equal(linesOf(file)[0]?.['msg'], 'hello');
  });

  it('leaves out what is less important than its level', () => {
    const file = join(folder, 'level.log');
    {
      using opened = openLog({ level: 'warn', destination: file });
      opened.log.info('no');
      opened.log.error('yes');
    }

    assert.deepEqual(
      linesOf(file).map((line) => line['msg']),
      ['yes'],
    );
  });

  it('goes on at the end of a file that is there, and is not for everybody', () => {
    const file = join(folder, 'again.log');
    for (const message of ['one', 'two']) {
      using opened = openLog({ level: 'info', destination: file });
      opened.log.info(message);
    }

    assert.deepEqual(
      linesOf(file).map((line) => line['msg']),
      ['one', 'two'],
    );
    assert.equal(statSync(file).mode & 0o007, 0);
  });

  it('says so where its file cannot be opened', () => {
    assert.throws(() => openLog({ level: 'info', destination: join(folder, 'missing', 'x.log') }), { code: 'ENOENT' });
  });

  it('takes nothing down when who reads it has gone', () => {
    const program = `
      import { openLog } from ${JSON.stringify(new URL('./log.ts', import.meta.url).href)};
      using opened = openLog({ level: 'info' });
      for (let i = 0; i < 200; i += 1) {
        opened.log.info({ filling: 'x'.repeat(10000) }, 'line');
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      process.stderr.write('still here');
    `;
    const { stderr } = spawnSync(
      'sh',
      ['-c', '"$0" --input-type=module -e "$1" | head -c 100 >/dev/null', process.execPath, program],
      {
        encoding: 'utf8',
      },
    );

    assert.match(stderr, /still here/);
  });

  it('keeps every character, and lines longer than what is written at a time', () => {
    const file = join(folder, 'long.log');
    const texts = ['\u20ac'.repeat(5000), 'x'.repeat(300_000), '\u{1f600} m\u00fcller', '\u20ac'.repeat(21_000), 'end'];
    {
      using opened = openLog({ level: 'info', destination: file, worker: 3 });
      for (const text of texts) opened.writeLine(`{"text":${JSON.stringify(text)}}\n`);
    }

    assert.deepEqual(
      linesOf(file),
      texts.map((text) => ({ worker: 3, text })),
    );
  });

  it('reaches a slow reader whole and in order', async () => {
    const program = `
      import { openLog } from ${JSON.stringify(new URL('./log.ts', import.meta.url).href)};
      using opened = openLog({ level: 'info' });
      for (let i = 0; i < 3000; i += 1) {
        opened.writeLine(JSON.stringify({ i, filling: 'x'.repeat(500) }) + '\\n');
        if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await opened.settled();
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    for await (const chunk of child.stdout) {
      text += String(chunk);
      await sleep(1);
    }

    assert.deepEqual(
      text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { i: number }).i),
      Array.from({ length: 3000 }, (_, i) => i),
    );
  });
});
