import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LoadColumns, TableError } from './load-rows.ts';

function readRow(columns: readonly string[], fields: readonly string[]) {
  return new LoadColumns(columns).read({ line: 2, fields }, 1);
}

describe('the columns of a table', () => {
  it('are the fields of the JSON door, by any of their names', () => {
    for (const name of ['username', 'Account', ' user', 'LOGIN', 'email'])
      assert.equal(readRow([name], ['alice']).fields.username, 'alice', name);
    const columns = ['User', 'Password', 'Client IP', 'client-port', 'clientId', 'expectedOk', 'service'];
    const { fields, expected } = readRow(columns, ['alice', ' p ', '192.0.2.1', '1', '', 'TRUE', 'imap']);
    assert.deepEqual(fields, {
      username: 'alice',
      password: ' p ',
      client_ip: '192.0.2.1',
      client_port: '1',
      service: 'imap',
    });
    assert.equal(expected, 'accepted');
  });

  it('leave others alone, and say which', () => {
    const columns = new LoadColumns(['user', 'comment', '', 'constructor']);
    assert.deepEqual(columns.unknown, ['comment', 'constructor']);
    assert.deepEqual(columns.read({ line: 2, fields: ['a', 'b', 'c', 'd'] }, 1).fields, { username: 'a' });
  });

  it('must name the user, and nothing twice', () => {
    assert.throws(() => new LoadColumns(['password']), TableError);
    assert.throws(() => new LoadColumns(['user', 'login']), /"user" and "login" are both username/);
  });
});

describe('a row', () => {
  it('says what it expects in many words, or nothing', () => {
    for (const [word, expected] of [
      ['true', 'accepted'],
      ['1', 'accepted'],
      ['OK', 'accepted'],
      ['false', 'refused'],
      ['0', 'refused'],
      ['fail', 'refused'],
      ['', undefined],
    ] as const)
      assert.equal(readRow(['user', 'expected_ok'], ['a', word]).expected, expected, word);
    assert.equal(readRow(['user', 'no_auth'], ['a', 'true']).isLookUp, true);
    assert.equal(readRow(['user', 'password'], ['a', '']).fields.password, '');
  });

  it('that cannot be asked says why', () => {
    assert.match(
      readRow(['user', 'expected_ok'], ['a', 'maybe']).problem ?? '',
      /found "maybe"; allowed: true or false/,
    );
    assert.equal(readRow(['user', 'password'], ['a']).problem, 'has 1 fields where the first line has 2');
    const broken = new LoadColumns(['user']).read({ line: 2, fields: [], problem: 'is broken' }, 1);
    assert.equal(broken.problem, 'is broken');
  });
});
