import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CsvRecord, type Delimiter, DELIMITERS, delimiterOf, readCsv } from './csv-records.ts';

async function all(records: AsyncIterable<CsvRecord>): Promise<CsvRecord[]> {
  const read: CsvRecord[] = [];
  for await (const record of records) read.push(record);
  return read;
}

async function read(text: string, sizes: readonly number[] = [], delimiter?: Delimiter): Promise<CsvRecord[]> {
  async function* chunks() {
    let at = 0;
    for (const size of sizes) {
      yield text.slice(at, at + size);
      at += size;
    }
    yield text.slice(at);
  }
  return all(readCsv(chunks(), delimiter));
}

describe('a table', () => {
  it('has fields with or without quotes, and lines that are counted as an editor does', async () => {
    assert.deepEqual(await read('\uFEFFa,b\r\n1,"x, ""y""\nz"\n\n,\r\n"",last'), [
      { line: 1, fields: ['a', 'b'] },
      { line: 2, fields: ['1', 'x, "y"\nz'] },
      { line: 5, fields: ['', ''] },
      { line: 6, fields: ['', 'last'] },
    ]);
  });

  it('may have quotes within fields that are in none, as passwords do', async () => {
    assert.deepEqual(await read('a,b\npass"word,x\ny,"'), [
      { line: 1, fields: ['a', 'b'] },
      { line: 2, fields: ['pass"word', 'x'] },
      { line: 3, fields: [], problem: 'has a quote that is not closed' },
    ]);
    assert.equal((await read('a\n"x"y'))[1]?.problem, 'has text after a field in quotes');
  });

  it('tells its delimiter by its first line', () => {
    assert.equal(delimiterOf('username;password;expected_ok'), ';');
    assert.equal(delimiterOf('username\tpassword'), '\t');
    assert.equal(delimiterOf('"a;b;c",d'), ',');
    assert.equal(delimiterOf('username'), ',');
  });

  it('with a quote that nobody closes is read no further than a record may be long', async () => {
    let given = 0;
    async function* endless() {
      yield 'a\n"';
      for (;;) {
        given += 1;
        yield 'x'.repeat(1000);
      }
    }
    const records = await all(readCsv(endless()));
    assert.match(records.at(-1)?.problem ?? '', /longer than 64 KiB/);
    assert.ok(given < 100);
  });

  it('is read as it was written, however it is cut', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', ';', '\t', '\n', '\r', ' ', 'é') });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(field, { minLength: 2, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...DELIMITERS),
        fc.array(fc.nat(9), { maxLength: 9 }),
        async (rows, delimiter, sizes) => {
          const text = rows
            .map((fields) => fields.map((one) => `"${one.replaceAll('"', '""')}"`).join(delimiter))
            .join('\r\n');
          const records = await read(text, sizes, delimiter);
          assert.deepEqual(
            records.map(({ fields }) => fields),
            rows,
          );
        },
      ),
    );
  });
});
