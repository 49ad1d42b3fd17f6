import type { ClientAddress } from '../login/client-address.ts';
import { parseClientAddress } from '../login/client-address.ts';
import type { DnsList, ListAnswer } from '../protection/login-rules/address-lists.ts';
import { NetworkSet } from '../protection/network-set.ts';

/** With these a list refuses who asks: as one of too many, or through a resolver that everybody may use. */
const REFUSALS = new NetworkSet(['127.255.255.0/24']);
/** There is no such name, or none with an address: not listed. */
const NOT_LISTED: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

/** What the addresses mean that a list has answered with. */
export function answerOf(addresses: readonly string[], { codes }: Pick<DnsList, 'codes'>): ListAnswer {
  const parsed = addresses.map(parseClientAddress).filter((address): address is ClientAddress => address !== undefined);
  if (parsed.some((address) => REFUSALS.has(address))) return 'unanswered';
  return parsed.some((address) => codes.has(address)) ? 'listed' : 'not-listed';
}

/** What an error of the resolver means. */
export function answerOfError(cause: unknown): ListAnswer {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  return NOT_LISTED.has(code) ? 'not-listed' : 'unanswered';
}
