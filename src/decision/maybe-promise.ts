import type { MaybePromise } from '../state/outcome.ts';

/** Goes on with a value at once where it is there, else when it comes. */
export function andThen<T, U>(value: MaybePromise<T>, go: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(go) : go(value);
}

/** All values, at once where all of them are there. */
export function allOf<T>(values: readonly MaybePromise<T>[]): MaybePromise<readonly T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly T[]);
}
