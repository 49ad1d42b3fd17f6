/** Both begin at 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Something about a configuration file that operators should know. It never holds a secret. */
export interface ConfigProblem {
  readonly file: string;
  /** Line and column begin at 1; both are 0 where it is about the file as a whole. */
  readonly line: number;
  readonly column: number;
  /** The setting, such as `callers[0].scopes[1]`; empty where it is about the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** What knows where a setting stands. */
export interface Locator {
  readonly file: string;
  locate(path: string): Position | undefined;
}

/** A configuration cannot be used. Holds all problems that were found; its message has one on each line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'config-unusable';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join('\n'), options);
    this.problems = problems;
  }

  /** The error for a setting that was well-formed and turned out to be unusable when it was put to use. */
  static at(config: Locator, path: string, message: string, options?: ErrorOptions): ConfigError {
    return new ConfigError([problemAt(config, path, message)], options);
  }
}

/** A problem with the place of the setting it is about. */
export function problemAt(config: Locator, path: string, message: string): ConfigProblem {
  const { line, column } = config.locate(path) ?? { line: 0, column: 0 };
  return { file: config.file, line, column, path, message };
}

/** A problem as one line, `FILE:LINE:COLUMN: PATH: MESSAGE`, which editors and terminals can follow. */
export function formatProblem({ file, line, column, path, message }: ConfigProblem): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return path === '' ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
}
