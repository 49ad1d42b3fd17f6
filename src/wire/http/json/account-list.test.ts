import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseListForm } from './account-list.ts';

describe('the form of an account list', () => {
  const choices: readonly (readonly [string | undefined, 'json' | 'text' | undefined])[] = [
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
    ['*/*, application/json;q=0.2, text/plain;q=0.3', 'text'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'json'],
    ['application/xml', undefined],
    ['text/html', undefined],
    ['text/plain;q=x', undefined],
    ['text/plain;q=-1', undefined],
    ['text/plain;q=5, application/json', 'json'],
    [',,text/plain,,', 'text'],
    [',', undefined],
    ['application/json-seq', undefined],
  ];
  for (const [accept, form] of choices) {
    it(`for ${accept === undefined ? 'no Accept' : JSON.stringify(accept)} is ${form ?? 'none'}`, () => {
      assert.equal(chooseListForm(accept), form);
    });
  }
});
