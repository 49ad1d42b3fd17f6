import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from './config.ts';
import { ConfigError, type ConfigProblem, type Position } from './config-error.ts';
import { readSettings } from './read-settings.ts';
import { type Findings, openResolveContext } from './resolve-context.ts';
import { resolveSettings } from './resolve-settings.ts';
import { type Settings, SettingsSchema } from './schema.ts';
import { parseYamlSource } from './yaml-source.ts';

/** A configuration that was read: as the file and the defaults say it, and as the program works with it. */
export interface LoadedConfig {
  readonly config: Config;
  /** For display only, see `shownSettings`: it holds secrets. */
  readonly settings: Settings;
}

/**
 * Reads, checks and resolves a configuration file, with the secrets it names.
 * @throws {ConfigError} with all problems of the file, for whatever it holds
 */
export async function loadConfig(file: string, env: NodeJS.ProcessEnv): Promise<Config> {
  return (await loadConfigAndSettings(file, env)).config;
}

/** As {@link loadConfig}, with the settings it was made of. @throws {ConfigError} */
export async function loadConfigAndSettings(file: string, env: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  return readConfigText(await readConfigFile(file), file, env);
}

const MAX_BYTES = 1024 * 1024;
const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; `nauthilus init` makes one',
  EACCES: 'may not be read by the user this program runs as',
  EISDIR: 'is a folder; name the file in it',
};

/** The text of a configuration file, for {@link readConfigText}. @throws {ConfigError} where it cannot be read */
export async function readConfigFile(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw aboutFile(file, READ_ERRORS[code] ?? `cannot be read (${code})`, cause);
  }
  if (bytes.length > MAX_BYTES) throw aboutFile(file, 'is larger than 1 MiB');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw aboutFile(file, 'is not in UTF-8', cause);
  }
}

function aboutFile(file: string, message: string, cause?: unknown): ConfigError {
  return new ConfigError([{ file, line: 0, column: 0, path: '', message }], { cause });
}

/** Checks and resolves the text of a configuration file; paths in it are relative to the folder of `file`. @throws {ConfigError} */
export function readConfigText(text: string, file: string, env: NodeJS.ProcessEnv): LoadedConfig {
  const source = parseYamlSource(text, env);
  if (source.kind === 'problems') throw new ConfigError(source.problems.map((one) => ({ file, path: '', ...one })));
  const findings = new FileFindings(file);
  const settings = readSettings(source.root, SettingsSchema, {
    place: (at, position) => findings.place(at, position),
    problem: (at, position, message) => findings.problemThere(at, position, message),
  }) as Settings | undefined;
  const context = openResolveContext(path.dirname(path.resolve(file)), findings);
  const resolved = resolveSettings(settings, context, (at) => findings.isSound(at));
  if (resolved === undefined || settings === undefined || findings.problems.length > 0)
    throw new ConfigError(findings.problems.toSorted(byPlace));
  const config = { ...resolved, file, warnings: findings.warnings, locate: (at: string) => findings.locate(at) };
  return { config, settings };
}

function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  return a.line - b.line || a.column - b.column;
}

class FileFindings implements Findings {
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  readonly #file: string;
  readonly #places = new Map<string, Position>();

  constructor(file: string) {
    this.#file = file;
  }

  place(at: string, position: Position): void {
    this.#places.set(at, position);
  }

  locate(at: string): Position | undefined {
    for (let above = at; above !== ''; above = parentOf(above)) {
      const position = this.#places.get(above);
      if (position !== undefined) return position;
    }
    return this.#places.get('');
  }

  /** True where nothing is known to be wrong with the setting or anything below it. */
  isSound(at: string): boolean {
    return !this.problems.some(({ path: own }) => own === at || own.startsWith(`${at}.`) || own.startsWith(`${at}[`));
  }

  problemThere(at: string, { line, column }: Position, message: string): void {
    this.problems.push({ file: this.#file, line, column, path: at, message });
  }

  problem(at: string, message: string): void {
    this.problemThere(at, this.locate(at) ?? { line: 0, column: 0 }, message);
  }

  warning(at: string, message: string): void {
    const { line, column } = this.locate(at) ?? { line: 0, column: 0 };
    this.warnings.push({ file: this.#file, line, column, path: at, message });
  }
}

function parentOf(at: string): string {
  return at.slice(0, Math.max(at.lastIndexOf('.'), at.lastIndexOf('['), 0));
}
