import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseLuaTable } from './lua-table.ts';

function valuesOf(text: string): Record<string, unknown> {
  const table = parseLuaTable(text);
  assert.equal(table.kind, 'table', JSON.stringify(table));
  return table.kind === 'table' ? Object.fromEntries(table.values) : {};
}

describe('a Lua file that returns a table', () => {
  it('is read with comments, quotes and numbers as Lua has them', () => {
    const text = `-- a comment with { and '
--[[ another
return { ]]
return {
  url = 'https://x/--y', secret_file = "it's";
  ['timeout'] = 10000, -- in ms
  long = [[a
b]],
  yes = true, none = nil,
  fields = { a = { b = '}' }, ['c'] = false },
}
`;

    assert.deepEqual(valuesOf(text), {
      url: 'https://x/--y',
      secret_file: "it's",
      timeout: 10_000,
      long: 'a\nb',
      yes: true,
      fields: undefined,
    });
  });

  it('is read as it is delivered with the glue', () => {
    const file = new URL('../../../integrations/dovecot/nauthilus-settings.lua', import.meta.url);

    assert.equal(valuesOf(readFileSync(file, 'utf8'))['secret_file'], '/etc/dovecot/nauthilus.secret');
  });

  for (const [text, line] of [
    ['', 1],
    ['return', 1],
    ['return {\n  url = os.getenv("X"),\n}', 2],
    ["return {\n  url = 'a' .. 'b' }", 2],
    ["return { url = 'a'\n secret = 'b' }", 2],
    ["return { url = 'a' }\nprint(1)", 2],
    ['return { url = 10x }', 1],
    ['return {', 1],
  ] as const)
    it(`is a problem in line ${line} where it says ${JSON.stringify(text)}`, () => {
      const table = parseLuaTable(text);

      assert.match(table.kind === 'problem' ? table.message : 'no problem', new RegExp(`^line ${line}: expected `));
    });

  it('gives back every text that is written with escapes', () => {
    const text = fc.string({ unit: fc.constantFrom('a', "'", '"', '\\', '{', '}', '-', ' ', ',') });
    fc.assert(
      fc.property(text, (value) => {
        const quoted = `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
        assert.deepEqual(valuesOf(`return { url = ${quoted}, }`), { url: value });
      }),
    );
  });

  it('ends on whatever text', () => {
    const piece = fc.constantFrom('return', '{', '}', '=', "'", '--', '[[', ']]', '\n', 'a', ',', '1', '\\');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        assert.ok(['table', 'problem'].includes(parseLuaTable(`return {${pieces.join('')}`).kind));
      }),
    );
  });
});
