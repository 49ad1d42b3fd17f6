/**
 * The kinds of values that settings have, as schemas every section is made of, and what a section needs to turn its settings
 * into the values the program works with.
 *
 * A schema says everything once: type, limits, default, description, and what may be shown. A setting with a `default` is never
 * missing once the file was read, so its type is not optional. Keys of our own: `x-form` names the written form of a text, and
 * `x-secret` marks texts that are never shown.
 *
 * @module
 */
import Type from 'typebox';
import type { Secret } from '../login/secret.ts';

/** What a setting says about itself; each must have a description, which becomes the reference. */
export interface About {
  readonly description: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

/**
 * A time as text: a whole number and its unit, `250ms`, `10s`, `5m`, `1h` or `1d`; not more than a timer can wait, 24 days. Read
 * it with `context.durationMs`.
 */
export function Duration(about: About) {
  return Type.String({ ...about, 'x-form': 'duration', pattern: '^[0-9]{1,9}(ms|s|m|h|d)$' });
}

/** A {@link Duration} for what makes no sense without any time. */
export function DurationAboveZero(about: About) {
  return Type.String({ ...about, 'x-form': 'duration-above-zero', pattern: '^0{0,8}[1-9][0-9]{0,8}(ms|s|m|h|d)$' });
}

/** A size as text: a whole number and its unit, `512B`, `7KiB`, `1MiB` or `1GiB`. Read it with `context.byteSize`. */
export function ByteSize(about: About) {
  return Type.String({ ...about, 'x-form': 'byte-size', pattern: '^[0-9]{1,9}(B|KiB|MiB|GiB)$' });
}

/** A name that operators give: what log lines, metrics and messages show. */
export function Name(about: About) {
  return Type.String({ ...about, 'x-form': 'name', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' });
}

/** A network in CIDR form, or one address. Looked at more closely when it is resolved. */
export function Network(about: About) {
  return Type.String({ ...about, 'x-form': 'network', pattern: '^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$' });
}

/** An IP address to listen on. */
export function Address(about: About) {
  return Type.String({ ...about, 'x-form': 'address', pattern: '^[0-9A-Fa-f:.]{2,45}$' });
}

/** Path of a file, relative to the folder of the configuration file. Read it with `context.resolvePath`. */
export function Path(about: About) {
  return Type.String({ ...about, 'x-form': 'path', minLength: 1, maxLength: 4096 });
}

/** True or false. */
export function Flag(about: About) {
  return Type.Boolean({ ...about });
}

/** A whole number within limits. */
export function Count(about: About & { readonly minimum: number; readonly maximum: number }) {
  return Type.Integer({ ...about });
}

/** One of a few words. */
export function Choice<const Words extends string[]>(words: readonly [...Words], about: About) {
  return Type.Enum(words, { ...about });
}

/** A table of settings; keys it does not know are refused. */
export function Section<Properties extends Type.TProperties>(properties: Properties, about: About) {
  return Type.Object(properties, { ...about, additionalProperties: false });
}

function SecretFile() {
  return Type.Object(
    {
      file: Path({
        description: 'File that holds the secret; a line break at its end is not part of it.',
        examples: ['secret.txt'],
      }),
    },
    { additionalProperties: false, description: 'The secret is read from a file.' },
  );
}

/** A secret: `{ file: path }`, or a text that comes whole from the environment. Read it with `context.readSecret`. */
export function SecretText(about: About) {
  return Type.Union([Type.String({ minLength: 1, 'x-secret': 'environment', ...shown(about) }), SecretFile()], {
    ...about,
  });
}

/** A stored hash with its scheme in braces, or a file that holds one. Read it with `context.readSecret`. */
export function StoredHash(about: About) {
  const direct = { 'x-form': 'stored-hash', 'x-secret': 'hash', pattern: '^\\{[A-Za-z0-9.-]+\\}.+$' };
  return Type.Union([Type.String({ ...direct, ...shown(about) }), SecretFile()], { ...about });
}

function shown({ description }: About): { description: string } {
  return { description };
}

/** A secret as a section's settings hold it, before it is read. */
export type UnreadSecret = string | { readonly file: string };

/**
 * What a section's resolver works with. Keys are relative to the section (`networks[1]`), so that a problem is reported with
 * its line. Problems are collected: a resolver goes on after one, and what it returns is then thrown away.
 */
export interface ResolveContext {
  /** The absolute path of a file that settings name, relative to the folder of the configuration file. */
  resolvePath(text: string): string;
  /** Reads a secret, from its file where it has one; a file that cannot be read is a problem at `key`. */
  readSecret(unread: UnreadSecret, key: string): Secret;
  /** Milliseconds of a {@link Duration}. */
  durationMs(text: string): number;
  /** Bytes of a {@link ByteSize}. */
  byteSize(text: string): number;
  /** Refuses the configuration because of the setting at `key`; the message never holds a secret. */
  problem(key: string, message: string): void;
  /** Tells the operator of something that works but should be looked at. */
  warning(key: string, message: string): void;
  /** The context of a section within this one, such as `tls` or `[0]`. */
  at(key: string): ResolveContext;
}
