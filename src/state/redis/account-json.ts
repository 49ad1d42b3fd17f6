import type { Account, Attributes } from '../../login/account.ts';
import { parseAccountName } from '../../login/account-name.ts';

/** An account as it is kept. */
export function renderAccount({ name, backend, accountField, attributes, isDisabled }: Account): object {
  return { name, backend, accountField, attributes, isDisabled };
}

/** An account that was kept, or `undefined` for anything else. */
export function parseAccount(kept: unknown): Account | undefined {
  if (!isRecord(kept)) return undefined;
  const { name, backend, accountField, isDisabled } = kept;
  const attributes = parseAttributes(kept['attributes']);
  if (typeof name !== 'string' || typeof backend !== 'string' || typeof accountField !== 'string') return undefined;
  const accountName = parseAccountName(name);
  if (accountName === undefined || typeof isDisabled !== 'boolean' || attributes === undefined) return undefined;
  return { name: accountName, backend, accountField, attributes, isDisabled };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseAttributes(kept: unknown): Attributes | undefined {
  if (!isRecord(kept)) return undefined;
  const isTexts = (value: unknown) => Array.isArray(value) && value.every((text) => typeof text === 'string');
  return Object.values(kept).every(isTexts) ? (kept as Attributes) : undefined;
}
