import type { RefusalReason } from '../../../login/verdict.ts';
import { authHeaders, jsonAnswer, ACCEPTED_TEXT, REFUSAL_TEXTS, TEMPORARY_TEXT } from '../answer.ts';
import type { Answer } from '../exchange.ts';

const REFUSED = -1;

/** The mail server may look at the password after so many seconds. */
export function mayTryAnswer(session: string, delaySeconds: number): Answer {
  return allowAnswer(session, ACCEPTED_TEXT, delaySeconds, '');
}

/**
 * The answer to `allow` where the login must not be tried. Dovecot shows a message to the mail user as it does for nothing else, so
 * that without one the answer is that of a wrong password.
 */
export function refusedAnswer(session: string, reason: RefusalReason, message: string): Answer {
  const text = REFUSAL_TEXTS[reason];
  return allowAnswer(session, text, REFUSED, reason === 'tls-required' ? text : message);
}

/** What is asked cannot be told now. Dovecot does then what its `auth_policy_reject_on_fail` says. */
export function laterAnswer(session: string): Answer {
  return failure(503, authHeaders(TEMPORARY_TEXT, session), TEMPORARY_TEXT);
}

/** What was told was taken, or what was asked for was done. */
export function doneAnswer(session: string, more: object = {}): Answer {
  return jsonAnswer(200, authHeaders(ACCEPTED_TEXT, session), JSON.stringify({ status: 'ok', ...more }));
}

/** An answer that is no problem as it is, another in weakforced's form. */
export function inWforceForm(answer: Answer): Answer {
  if (answer.status < 400) return answer;
  const { error, status } = JSON.parse(answer.body) as { readonly error?: string; readonly status?: string };
  if (status !== undefined) return answer;
  const names = new Set(['content-type', 'cache-control', 'content-length']);
  const kept = answer.headers.filter((_, i) => !names.has((answer.headers[i - (i % 2)] ?? '').toLowerCase()));
  return failure(answer.status, kept, error ?? '');
}

function allowAnswer(session: string, statusText: string, status: number, msg: string): Answer {
  return jsonAnswer(200, authHeaders(statusText, session), JSON.stringify({ status, msg, r_attrs: {} }));
}

function failure(status: number, headers: readonly string[], reason: string): Answer {
  return jsonAnswer(status, headers, JSON.stringify({ status: 'failure', reason }));
}
