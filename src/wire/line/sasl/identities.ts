/**
 * Who may log in as somebody else. A client can name an authorization identity beside its own (RFC 4616): that is a master login,
 * and is decided as one that a client types as `account*master`. Where nobody is a master it is refused unseen.
 *
 * @module
 */
import type { Decision } from '../../../login/verdict.ts';
import type { Credentials } from './mechanisms.ts';

/** The name that is decided about; `foreign` where the client wants in as somebody else and may not. */
export interface ChosenName {
  readonly kind: 'own' | 'master' | 'foreign';
  readonly text: string;
}

/** The password is not looked at: nobody learns whether it was right. */
export const FOREIGN_IDENTITY: Decision = {
  verdict: { kind: 'refuse', reason: 'invalid-name' },
  trail: [{ step: 'check-authorization-identity', ms: 0 }],
  ms: 0,
};

/** @param separator between account and master; nobody is a master where absent */
export function chooseLoginName(
  { authenticationId, authorizationId }: Pick<Credentials, 'authenticationId' | 'authorizationId'>,
  separator: string | undefined,
): ChosenName {
  if (authorizationId === undefined || authorizationId === authenticationId)
    return { kind: 'own', text: authenticationId };
  const foreign = { kind: 'foreign', text: authenticationId } as const;
  if (separator === undefined) return foreign;
  const text = `${authorizationId}${separator}${authenticationId}`;
  const border = authorizationId.length;
  // A separator that is part of a name would move the border between the two.
  const isClear = text.indexOf(separator) === border && text.lastIndexOf(separator) === border;
  return isClear ? { kind: 'master', text } : foreign;
}

/** An account that happens to have the name of a master login is not what the client asked for. */
export function onlyAsMaster(decision: Decision): Decision {
  const { verdict } = decision;
  if (verdict.kind !== 'accept' || verdict.master !== undefined) return decision;
  return { ...decision, verdict: FOREIGN_IDENTITY.verdict };
}
