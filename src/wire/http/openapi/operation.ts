/**
 * How doors say of themselves what can be asked there and how it is answered. What bodies look like is told by schemas: those that
 * bodies are checked by where there are such.
 *
 * @module
 */
import type { TSchema } from 'typebox';
import type { Scope } from '../callers.ts';

export type Method = 'get' | 'head' | 'post' | 'delete';

/** Who may ask. */
export type Access =
  | { readonly kind: 'anybody' }
  /** A caller that has one of the scopes; any caller where there are none. */
  | { readonly kind: 'caller'; readonly scopes: readonly Scope[] }
  /** The request carries a mail user's own credentials. */
  | { readonly kind: 'mail-user' };

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly description: string;
  readonly schema: TSchema;
}

export interface HeaderShape {
  readonly description: string;
  readonly schema: TSchema;
}

/** Bodies by their media types. */
export type Bodies = Readonly<Record<string, TSchema>>;

/** One form of answer. */
export interface AnswerShape {
  readonly description: string;
  /** Headers that are always there, by their names. */
  readonly headers?: Readonly<Record<string, HeaderShape>>;
  /** Headers that may be there. */
  readonly moreHeaders?: Readonly<Record<string, HeaderShape>>;
  /** Absent where there is no body. */
  readonly bodies?: Bodies;
}

/** Answers by their status; `default` stands for all others. */
export type Answers = Readonly<Record<string, AnswerShape>>;

/** What can be asked at a path with one or several methods alike. */
export interface Operation {
  /** Stable name for programs that are made from the description; further methods are told apart by theirs. */
  readonly id: string;
  readonly methods: readonly Method[];
  readonly tag: 'Logins' | 'Operating' | 'Watching' | 'Description';
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  readonly parameters?: readonly Parameter[];
  /** Bodies of the request; it must have one where this is there. */
  readonly bodies?: Bodies;
  readonly answers: Answers;
}

/** What can be asked, by the paths of the doors. */
export type Operations = Readonly<Record<string, readonly Operation[]>>;
