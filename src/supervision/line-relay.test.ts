import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { relayLines } from './line-relay.ts';

describe('the log of several workers', () => {
  it('has whole lines only, in the order of each worker, however their pipes are cut', async () => {
    const lines = fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replaceAll('\n', ' ')));
    const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(lines, lines, cuts, async (one, other, sizes) => {
        const written: string[] = [];
        const pipes = [one, other].map((own, i) => {
          const pipe = new PassThrough();
          const ended = relayLines(pipe, (text) => written.push(text));
          return { pipe, ended, bytes: Buffer.from(own.map((line) => `${i}${line}\n`).join('')) };
        });
        for (let turn = 0; pipes.some(({ bytes }) => bytes.length > 0); turn += 1) {
          const from = pipes[turn % 2];
          const size = sizes[turn % sizes.length] ?? 1;
          from?.pipe.write(from.bytes.subarray(0, size));
          if (from !== undefined) from.bytes = from.bytes.subarray(size);
          await new Promise(setImmediate);
        }
        for (const { pipe } of pipes) pipe.end();
        await Promise.all(pipes.map(({ ended }) => ended));

        const text = written.join('');
        const got = text === '' ? [] : text.slice(0, -1).split('\n');
        assert.deepEqual(
          got.filter((line) => line.startsWith('0')),
          one.map((line) => `0${line}`),
        );
        assert.deepEqual(
          got.filter((line) => !line.startsWith('0')),
          other.map((line) => `1${line}`),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('has the last line of a worker that died in it ended', async () => {
    const pipe = new PassThrough();
    const written: string[] = [];
    const ended = relayLines(pipe, (text) => written.push(text));
    pipe.end('{"whole":1}\n{"ha');
    await ended;

    assert.equal(written.join(''), '{"whole":1}\n{"ha\n');
  });

  it('takes lines of any length, those beyond a mebibyte in parts', async () => {
    const pipe = new PassThrough();
    const written: string[] = [];
    const ended = relayLines(pipe, (text) => written.push(text));
    const long = 'x'.repeat(300_000);
    pipe.write(`${long}\n`);
    pipe.end('y'.repeat(3_000_000));
    await ended;

    const lines = written.join('').split('\n');
    assert.equal(lines[0], long);
    assert.equal(lines.slice(1).join('').length, 3_000_000);
    assert.ok(lines.length > 2);
  });
});
