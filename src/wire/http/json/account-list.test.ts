import assert from 'node:assert/strict';
import { ServerResponse, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { decode } from 'cborg';
import fc from 'fast-check';
import type { AccountName } from '../../../login/account-name.ts';
import { sendAccountList } from './account-list.ts';
import type { ListForm } from './account-list-form.ts';

async function* pagesOf(names: readonly string[], size: number): AsyncGenerator<readonly AccountName[]> {
  yield [];
  for (let i = 0; i < names.length; i += size) yield names.slice(i, i + size) as AccountName[];
}

/** The body of a list, as a client that takes it at once has it. */
async function bodyOf(form: ListForm, names: readonly string[], size = 2): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const res = new ServerResponse(new IncomingMessage(new Socket()));
  res.write = (chunk: string | Uint8Array) => chunks.push(Buffer.from(chunk as string)) > 0;
  const signal = AbortSignal.timeout(10_000);
  const outcome = await sendAccountList({ res, session: 'S', form, signal, hasBody: true }, pagesOf(names, size));
  assert.deepEqual(outcome, { accounts: names.length });
  return Buffer.concat(chunks);
}

const READERS: Readonly<Record<ListForm, (body: Buffer) => unknown>> = {
  json: (body) => JSON.parse(body.toString()) as unknown,
  cbor: (body) => decode(body, { allowIndefinite: false, strict: true }) as unknown,
  form: (body) => new URLSearchParams(body.toString()).getAll('account'),
  text: (body) => body.toString().split('\r\n').slice(0, -1),
};

describe('an account list', () => {
  for (const form of ['json', 'cbor', 'form', 'text'] as const)
    it(`has every account in each form, however its pages are cut: ${form}`, async () => {
      const name = fc.string({
        minLength: 1,
        maxLength: 12,
        unit: fc.constantFrom('a', '@', '.', '&', '=', '%', '+', '"', 'ü', '€'),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(name, { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), async (names, size) => {
          assert.deepEqual(READERS[form](await bodyOf(form, names, size)), names);
        }),
        { numRuns: 50 },
      );
    });

  it('in CBOR has the shortest head, and its length before the accounts', async () => {
    assert.equal((await bodyOf('cbor', [])).toString('hex'), '80');
    assert.equal((await bodyOf('cbor', ['a', 'b', 'c'])).toString('hex'), '83616161626163');
    const many = await bodyOf(
      'cbor',
      Array.from({ length: 300 }, (_, i) => `u${i}`),
    );
    assert.equal(many.toString('hex', 0, 3), '99012c');
  });
});
