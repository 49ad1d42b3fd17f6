import { REQUEST_FIELDS, type RequestField } from '../../wire/http/json/request-fields.ts';
import type { CsvRecord } from './csv-records.ts';

/** What a row expects of its login. */
export type Expectation = 'accepted' | 'refused';

/** One question. Rows begin at 1, the header line not counted. */
export interface LoadRow {
  readonly row: number;
  readonly line: number;
  readonly fields: Readonly<Partial<Record<RequestField, string>>>;
  /** `undefined` where any decision is right. */
  readonly expected: Expectation | undefined;
  /** Only the account is looked up. */
  readonly isLookUp: boolean;
  /** Why the row cannot be asked. */
  readonly problem?: string;
}

/** A table cannot be used at all; the message is for who wrote it. */
export class TableError extends Error {
  override readonly name = 'TableError';
  readonly code = 'table-unusable';
}

/** Other names of columns, in the letters of {@link plain}. */
const SYNONYMS = new Map(
  Object.entries({
    account: 'username',
    user: 'username',
    login: 'username',
    email: 'username',
    pass: 'password',
    pw: 'password',
    ip: 'client_ip',
    clientip: 'client_ip',
    clientport: 'client_port',
    clienthostname: 'client_hostname',
    clientid: 'client_id',
    localip: 'local_ip',
    localport: 'local_port',
    useragent: 'user_agent',
    expected: 'expected_ok',
    expectedok: 'expected_ok',
    noauth: 'no_auth',
  }),
);
const YES = new Set(['1', 'true', 'yes', 'y', 'on', 'ok', 'accept', 'accepted', 'success']);
const NO = new Set(['0', 'false', 'no', 'n', 'off', 'fail', 'failed', 'refuse', 'refused', 'reject', 'rejected']);

type Column = RequestField | 'expected_ok' | 'no_auth' | undefined;

/** The columns of a table, as its header line names them, in any case and with blanks or hyphens for underscores. */
export class LoadColumns {
  /** Columns that mean nothing here. */
  readonly unknown: readonly string[];
  readonly #columns: readonly Column[];

  /** @throws {TableError} where a column is named twice, or there are no names of users */
  constructor(names: readonly string[]) {
    this.#columns = names.map(columnOf);
    this.unknown = names.filter((name, i) => this.#columns[i] === undefined && name.trim() !== '');
    for (const [i, column] of this.#columns.entries()) {
      const first = this.#columns.indexOf(column);
      if (column !== undefined && first < i)
        throw new TableError(`the columns ${quote(names[first])} and ${quote(names[i])} are both ${column}`);
    }
    if (!this.#columns.includes('username'))
      throw new TableError('has no column username (or account, user, login, email) in its first line');
  }

  read({ line, fields: values, problem }: CsvRecord, row: number): LoadRow {
    const fields: Partial<Record<RequestField, string>> = {};
    const own: Partial<Record<'expected_ok' | 'no_auth', string>> = {};
    for (const [i, column] of this.#columns.entries()) {
      const value = values[i];
      if (column === undefined || value === undefined) continue;
      if (column === 'expected_ok' || column === 'no_auth') own[column] = value.trim().toLowerCase();
      // What is empty is not sent, but for a password: that is one too.
      else if (value !== '' || column === 'password') fields[column] = value;
    }
    const common = {
      row,
      line,
      fields,
      expected: expectationOf(own.expected_ok),
      isLookUp: YES.has(own.no_auth ?? ''),
    };
    const wrong = problem ?? this.#problemWith(values.length, own.expected_ok);
    return wrong === undefined ? common : { ...common, problem: wrong };
  }

  #problemWith(count: number, expected: string | undefined): string | undefined {
    const columns = this.#columns.length;
    if (count !== columns) return `has ${count} fields where the first line has ${columns}`;
    if (expected === undefined || expected === '' || YES.has(expected) || NO.has(expected)) return undefined;
    return `expected_ok: found ${quote(expected)}; allowed: true or false, or nothing`;
  }
}

function expectationOf(text: string | undefined): Expectation | undefined {
  if (text === undefined || text === '') return undefined;
  return YES.has(text) ? 'accepted' : 'refused';
}

function columnOf(name: string): Column {
  const plain = name.trim().toLowerCase().replaceAll(/[ -]/g, '_');
  const column = SYNONYMS.get(plain) ?? SYNONYMS.get(plain.replaceAll('_', '')) ?? plain;
  if (column === 'expected_ok' || column === 'no_auth') return column;
  return Object.hasOwn(REQUEST_FIELDS, column) ? (column as RequestField) : undefined;
}

function quote(text: string | undefined): string {
  return JSON.stringify((text ?? '').slice(0, 60));
}
