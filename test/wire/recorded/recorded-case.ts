import type { RequestParts } from '../support/requests.ts';

/** Members that must be there; others may be too. Lists are compared in any order. */
export type BodyFacts = { readonly [name: string]: unknown } | readonly unknown[];

/** What a client can see of an answer. */
export interface AnswerFacts {
  readonly status: number;
  /** Values of headers, `*` for any, `undefined` for none. Others may be there too. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Members of a JSON body, `null` for that, a text for text; absent where there is no body, `any` where it does not matter. */
  readonly body?: BodyFacts | string | null | { readonly any: true };
}

/** A request that the Go original, version 3.0, was sent, and what it answered. */
export interface RecordedCase {
  readonly name: string;
  readonly ask: RequestParts;
  readonly recorded: AnswerFacts;
  /** What is answered here instead, and the names of the differences, as docs/compatibility.md has them. */
  readonly ours?: Partial<AnswerFacts>;
  readonly differs?: readonly string[];
}

export const ANY_BODY = { any: true } as const;
