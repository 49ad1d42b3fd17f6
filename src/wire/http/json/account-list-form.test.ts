import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseListForm, type ListForm } from './account-list-form.ts';

describe('the form of an account list', () => {
  const choices: readonly (readonly [string | undefined, ListForm | undefined])[] = [
    [undefined, 'json'],
    ['', 'json'],
    ['  ', 'json'],
    ['*/*', 'json'],
    ['application/json', 'json'],
    ['Application/JSON; charset=utf-8', 'json'],
    ['application/*', 'json'],
    ['text/plain', 'text'],
    ['TEXT/PLAIN', 'text'],
    ['text/*', 'text'],
    ['text/plain, application/json', 'json'],
    ['text/plain, */*', 'json'],
    ['text/plain, */*;q=0.1', 'text'],
    ['text/plain;q=0.5, application/json;q=0.4', 'text'],
    ['application/json;q=0, */*', 'text'],
    ['application/json;q=0', undefined],
    ['*/*;q=0', undefined],
    ['*/*, application/json;q=0.2, text/plain;q=0.3', 'cbor'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'json'],
    ['application/xml', undefined],
    ['text/html', undefined],
    ['text/plain;q=x', undefined],
    ['text/plain;q=-1', undefined],
    ['text/plain;q=5, application/json', 'json'],
    [',,text/plain,,', 'text'],
    [',', undefined],
    ['application/json-seq', undefined],
    ['application/cbor', 'cbor'],
    ['application/x-www-form-urlencoded', 'form'],
    ['application/cbor, application/json', 'json'],
    ['application/json;q=0, application/*', 'cbor'],
    ['application/json;q=0, application/cbor;q=0, application/*', 'form'],
    ['text/*;q=0.9, application/cbor', 'cbor'],
    ['image/png', undefined],
  ];
  for (const [accept, form] of choices) {
    it(`for ${accept === undefined ? 'no Accept' : JSON.stringify(accept)} is ${form ?? 'none'}`, () => {
      assert.equal(chooseListForm(accept), form);
    });
  }

  it('is the first of those that a door likes, where the client does not care', () => {
    const forms = ['cbor', 'json'] as const;

    assert.equal(chooseListForm(undefined, forms), 'cbor');
    assert.equal(chooseListForm('*/*', forms), 'cbor');
    assert.equal(chooseListForm('application/json', forms), 'json');
    assert.equal(chooseListForm('text/plain', forms), undefined);
  });
});
