import type { Account } from '../../login/account.ts';

// Measured with Node 24: object, entry of the cache and its links, owner, key.
const FIXED_BYTES = 450;
const VALUE_BYTES = 24;

/** About how many bytes of memory an account takes that is kept under a key. Texts count a byte a character, as Latin ones take. */
export function approximateBytes(key: string, account: Account | undefined): number {
  let characters = key.length;
  if (account === undefined) return FIXED_BYTES + characters;
  characters += account.name.length;
  let values = 0;
  for (const [name, texts] of Object.entries(account.attributes)) {
    characters += name.length;
    values += 1 + texts.length;
    for (const text of texts) characters += text.length;
  }
  return FIXED_BYTES + characters + VALUE_BYTES * values;
}
