import type { LuaValue } from './lua-table.ts';

/** Settings of the glue, checked. */
export interface GlueSettings {
  readonly url: URL;
  readonly secretFile: string;
  readonly timeoutMs: number;
  readonly listTimeoutMs: number;
  /** Names that the glue does not know. */
  readonly unknown: readonly string[];
}

const KNOWN = new Set(['url', 'secret_file', 'timeout', 'list_timeout', 'master_separator']);

/** The settings, or what is wrong with them. Milliseconds may be given as text, as in 2.4's lua_settings. */
export function readGlueSettings(values: ReadonlyMap<string, LuaValue | undefined>): GlueSettings | string {
  const text = values.get('url');
  const secretFile = values.get('secret_file');
  if (typeof text !== 'string' || text === '') return 'url must be set to a text';
  if (typeof secretFile !== 'string' || secretFile === '') return 'secret_file must be set to a text';
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return `url: "${text}" is no http or https URL`;
  const timeoutMs = Number(values.get('timeout') ?? 10_000);
  const listTimeoutMs = Number(values.get('list_timeout') ?? 50_000);
  for (const [name, value] of Object.entries({ timeout: timeoutMs, list_timeout: listTimeoutMs }))
    if (!(value >= 1 && value <= 600_000)) return `${name} must be a number of milliseconds, 1 to 600000`;
  const unknown = [...values.keys()].filter((name) => !KNOWN.has(name));
  return { url, secretFile, timeoutMs, listTimeoutMs, unknown };
}
