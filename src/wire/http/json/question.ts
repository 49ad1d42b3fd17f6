import type { Mode } from '../../../login/attempt.ts';
import type { Problem } from '../answer.ts';
import type { Scope } from '../callers.ts';
import type { WholeExchange } from '../exchange.ts';
import { DIALECTS, type Dialect } from './dovecot-fields-rules.ts';

type Operation = Mode | 'list-accounts';

/** What is asked for. */
interface Question {
  readonly operation: Operation;
  /** The version of Dovecot whose fields the answer is to have. */
  readonly dialect: Dialect | undefined;
}

/** The scope that a caller needs. */
export const SCOPES: Readonly<Record<Operation, Scope>> = {
  authenticate: 'authenticate',
  'look-up': 'lookup',
  'list-accounts': 'list',
};

/** A question about one login or one account. */
export interface LoginQuestion extends Question {
  readonly operation: Mode;
}

/** What is asked for, by method, `mode` and `fields`; other query parameters are left alone. */
export function questionOf({ method, query }: WholeExchange): Question | Problem {
  const usual = method === 'POST' ? USUAL_QUESTIONS.get(query) : undefined;
  return usual ?? readQuestion(method, query);
}

function readQuestion(method: string | undefined, query: string): Question | Problem {
  const { mode, fields } = readQuery(query);
  const operation = operationOf(method, mode);
  if (typeof operation === 'object') return operation;
  const dialect = DIALECTS.find((known) => known === fields);
  if (fields === undefined || dialect !== undefined) return { operation, dialect };
  return { status: 400, error: `fields: must be ${DIALECTS.join(' or ')}, or be left out`, field: 'fields' };
}

const METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'POST']);

function operationOf(method: string | undefined, mode: string): Operation | Problem {
  if (!METHODS.has(method))
    return { status: 405, error: 'only GET, HEAD and POST are allowed', headers: ['Allow', 'GET, HEAD, POST'] };
  switch (mode) {
    case 'list-accounts':
      return 'list-accounts';
    case '':
    case 'no-auth':
      if (method === 'POST') return mode === '' ? 'authenticate' : 'look-up';
      return { status: 405, error: 'GET serves mode=list-accounts only; use POST', headers: ['Allow', 'POST'] };
    default:
      return { status: 400, error: 'mode: must be no-auth or list-accounts, or be left out', field: 'mode' };
  }
}

interface Query {
  readonly mode: string;
  readonly fields: string | undefined;
}

function readQuery(query: string): Query {
  const parameters = new URLSearchParams(query);
  const only = (values: readonly string[]) => (values.length > 1 ? 'given twice' : values[0]);
  return { mode: only(parameters.getAll('mode')) ?? '', fields: only(parameters.getAll('fields')) };
}

/** What mail servers send, so that it need not be read each time. */
export const USUAL_QUESTIONS: ReadonlyMap<string, LoginQuestion> = new Map<string, LoginQuestion>(
  [undefined, ...DIALECTS].flatMap((dialect): [string, LoginQuestion][] => [
    [dialect === undefined ? '' : `fields=${dialect}`, { operation: 'authenticate', dialect }],
    [dialect === undefined ? 'mode=no-auth' : `mode=no-auth&fields=${dialect}`, { operation: 'look-up', dialect }],
  ]),
);
