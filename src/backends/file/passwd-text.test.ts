import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AccountEditError } from './account-edit-error.ts';
import { PasswdText } from './passwd-text.ts';

const RULES = { defaultScheme: 'CRYPT', lowerCase: true } as const;

function edited(before: string | Buffer, edit: (text: PasswdText) => void): string {
  const text = new PasswdText(Buffer.from(before as string), RULES);
  edit(text);
  return text.toBytes().toString();
}

function account(
  name: string,
  changes: { aliases?: string[]; fields?: [string, string][]; storedPassword?: string } = {},
) {
  return { name, storedPassword: '{PLAIN}pw', aliases: [], fields: [], ...changes };
}

function refused(code: string) {
  return (error: unknown) => error instanceof AccountEditError && error.code === code;
}

describe('adding an account to a passwd-file', () => {
  it('appends a line and leaves all others as they are', () => {
    assert.equal(
      edited('', (text) => text.add(account('a'))),
      'a:{PLAIN}pw::::::\n',
    );
    assert.equal(
      edited('# x\n\nb:{PLAIN}1\n', (text) => text.add(account('a'))),
      '# x\n\nb:{PLAIN}1\na:{PLAIN}pw::::::\n',
    );
    assert.equal(
      edited('b:{PLAIN}1', (text) => text.add(account('a'))),
      'b:{PLAIN}1\na:{PLAIN}pw::::::\n',
    );
    assert.equal(
      edited('b:{PLAIN}1\r\n', (text) => text.add(account('a'))),
      'b:{PLAIN}1\r\na:{PLAIN}pw::::::\r\n',
    );
  });

  it('puts fields where they belong', () => {
    const fields: [string, string][] = [
      ['home', '/home/a b'],
      ['quota', '*:storage=1G'],
      ['uid', '5'],
      ['gecos', 'Ä'],
      ['empty', ''],
    ];

    const text = edited('', (file) => file.add(account('Ä@x.test', { fields, aliases: ['C@x.test', 'd@x.test'] })));

    assert.equal(text, 'ä@x.test:{PLAIN}pw:5::Ä:/home/a b::quota=*:storage=1G empty= alias=c@x.test alias=d@x.test\n');
  });

  it('is refused where a name is taken, as a name or as an alias', () => {
    const before = 'a:{PLAIN}1::::::alias=b\n';
    for (const added of [
      account('a'),
      account('A'),
      account('b'),
      account('c', { aliases: ['a'] }),
      account('c', { aliases: ['B'] }),
    ]) {
      assert.throws(() => edited(before, (text) => text.add(added)), refused('account-exists'));
    }
  });

  it('is refused where a name or a field would not be read back', () => {
    for (const name of ['', 'a b', 'a:b', '#a', 'a\nb', 'a"b', 'x'.repeat(1025)]) {
      assert.throws(() => edited('', (text) => text.add(account(name))), refused('invalid-name'), name);
      assert.throws(() => edited('', (text) => text.add(account('a', { aliases: [name] }))), refused('invalid-name'));
    }
    const fields: [string, string][] = [
      ['a b', ''],
      ['a:b', ''],
      ['', 'x'],
      ['a', 'x y'],
      ['a', 'x\ny'],
      ['home', 'x\n'],
      ['home', '/a:b'],
      ['password', 'x'],
      ['user', 'x'],
      ['disabled', 'no'],
      ['userdb_nologin', ''],
      ['alias', 'b'],
    ];
    for (const field of fields) {
      assert.throws(() => edited('', (text) => text.add(account('a', { fields: [field] }))), refused('invalid-field'));
    }
    assert.throws(() => edited('', (text) => text.add(account('a', { aliases: ['a'] }))), refused('invalid-field'));
    assert.throws(
      () => edited('', (text) => text.add(account('a', { storedPassword: '{NO}x' }))),
      refused('invalid-field'),
    );
  });
});

describe('changing an account of a passwd-file', () => {
  const edits: readonly (readonly [string, string, (text: PasswdText) => unknown, string])[] = [
    ['replaces a password', 'a:{PLAIN}1:2:3', (text) => text.setPassword('A', '{PLAIN}4'), 'a:{PLAIN}4:2:3'],
    ['gives a first password', 'a', (text) => text.setPassword('a', '{PLAIN}4'), 'a:{PLAIN}4'],
    ['replaces a broken password', 'a:{NO}x', (text) => text.setPassword('a', '{PLAIN}4'), 'a:{PLAIN}4'],
    ['leaves a lock in place', 'a:!{PLAIN}1', (text) => text.setPassword('a', '{PLAIN}4'), 'a:!{PLAIN}4'],
    ['disables', 'a:{PLAIN}1', (text) => text.disable('a'), 'a:{PLAIN}1::::::nologin'],
    ['disables', 'a:{PLAIN}1::::::q=1:2', (text) => text.disable('a'), 'a:{PLAIN}1::::::q=1:2 nologin'],
    ['disables', 'a:{PLAIN}1:::::::/var/x', (text) => text.disable('a'), 'a:{PLAIN}1::::::userdb_mail=/var/x nologin'],
    ['does not disable twice', 'a:!{PLAIN}1', (text) => text.disable('a'), 'a:!{PLAIN}1'],
    ['enables', 'a:{PLAIN}1::::::q=1 nologin  z', (text) => text.enable('a'), 'a:{PLAIN}1::::::q=1  z'],
    ['enables', 'a:{PLAIN}1::::::disabled=yes z', (text) => text.enable('a'), 'a:{PLAIN}1::::::z'],
    ['enables', 'a:!!{PLAIN}1::::::nologin=x disabled', (text) => text.enable('a'), 'a:{PLAIN}1::::::'],
    [
      'enables nobody who is enabled',
      'a:{PLAIN}1::::::disabled=no',
      (text) => text.enable('a'),
      'a:{PLAIN}1::::::disabled=no',
    ],
  ];
  for (const [what, before, edit, after] of edits) {
    it(`${what}: ${before} becomes ${after}`, () => {
      for (const end of ['\n', '\r\n', '']) {
        assert.equal(edited(`# z\nb:{PLAIN}x\n${before}${end}`, edit), `# z\nb:{PLAIN}x\n${after}${end}`);
      }
      assert.equal(edited(`${before}\nc\n\n`, edit), `${after}\nc\n\n`);
    });
  }

  it('removes its line only', () => {
    assert.equal(
      edited('a:1\n# c\nab:{PLAIN}2\nz\n', (text) => text.remove('AB')),
      'a:1\n# c\nz\n',
    );
    assert.equal(edited('\ufeffa:1\nb\n', (text) => text.setPassword('a', '{PLAIN}2')).endsWith('b\n'), true);
  });

  it('is refused for an account that is not there, with a hint at whose alias the name is', () => {
    for (const edit of ['remove', 'disable', 'enable'] as const) {
      assert.throws(() => edited('a:{PLAIN}1::::::alias=b\n#c:\n', (text) => text[edit]('b')), /alias of a/);
      assert.throws(() => edited('a:{PLAIN}1\n#c:\n', (text) => text[edit]('c')), refused('no-such-account'));
      assert.throws(() => edited('a:{PLAIN}1\n', (text) => text[edit]('a b')), refused('invalid-name'));
    }
  });

  it('keeps every byte of what it does not change, whatever its encoding', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, bytes, (before, after) => {
        const clean = (part: Uint8Array) =>
          Buffer.concat([Buffer.from('#'), Buffer.from(part.filter((byte) => byte !== 10)), Buffer.from('\n')]);
        const file = Buffer.concat([clean(before), Buffer.from('a:{PLAIN}1:\xe9::x\n', 'latin1'), clean(after)]);
        const text = new PasswdText(file, RULES);

        text.setPassword('a', '{PLAIN}2');

        const expected = Buffer.concat([clean(before), Buffer.from('a:{PLAIN}2:\xe9::x\n', 'latin1'), clean(after)]);
        assert.deepEqual(text.toBytes(), expected);
      }),
    );
  });

  it('never changes a file that it did not edit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        assert.deepEqual(new PasswdText(Buffer.from(bytes), RULES).toBytes(), Buffer.from(bytes));
      }),
    );
  });
});
