/** State could not be read or written. `overloaded` says that a bound was reached, `detail` is for operators only. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly overloaded: boolean;
  readonly detail: string;
}

/** What is answered to who does not want to know any more. */
export const WITHDRAWN: Unavailable = { kind: 'unavailable', overloaded: false, detail: 'the question was withdrawn' };

/** Nothing is known that may be used: never known, ended, forgotten, or not to be understood. */
export interface NotRemembered {
  readonly kind: 'not-remembered';
}

export const NOT_REMEMBERED: NotRemembered = { kind: 'not-remembered' };

/** A value that is there at once or later: state in memory need not make the fast path wait. */
export type MaybePromise<T> = T | Promise<T>;
