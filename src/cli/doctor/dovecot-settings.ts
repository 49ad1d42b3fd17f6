import { type DoveconfBlock, parseDoveconf } from './doveconf.ts';

/** A passdb or userdb, in the form that both versions have in common. */
export interface Database {
  readonly driver: string;
  readonly isMaster: boolean;
  /** Of the Lua driver. */
  readonly script: string | undefined;
  /** Asked in auth workers, not in the auth process itself. */
  readonly usesWorkers: boolean;
  /** Key of the auth cache as 2.3 is told; `undefined` where it takes its own. */
  readonly cacheKey: string | undefined;
  /** 2.4's lua_settings. */
  readonly luaSettings: ReadonlyMap<string, string>;
}

export type Generation = '2.3' | '2.4';

/** The settings of an installed Dovecot, as `doveconf -a` prints them. */
export class DovecotSettings {
  /** Such as "2.3.19.1 (9b53102964)"; empty where doveconf does not tell. */
  readonly versionText: string;
  readonly generation: Generation;
  readonly #root: DoveconfBlock;

  constructor(printed: string) {
    this.#root = parseDoveconf(printed);
    this.versionText = /^# (\d+\.\d+\S*(?: \([0-9a-f]+\))?)/m.exec(printed)?.[1] ?? '';
    this.generation = this.isBefore(2, 4) ? '2.3' : '2.4';
  }

  /** Whether it is an older version than the given one. */
  isBefore(...than: readonly number[]): boolean {
    const own = (/^[\d.]+/.exec(this.versionText)?.[0] ?? '').split('.').map(Number);
    for (const [place, number] of than.entries()) {
      const difference = (own[place] ?? 0) - number;
      if (difference !== 0) return difference < 0;
    }
    return false;
  }

  /** A setting outside of blocks by its full name, which 2.4 may print within a block of its prefix; '' where it is not set. */
  get(name: string): string {
    for (const { kind, name: own, settings } of this.#root.blocks) {
      if (own !== '' || !name.startsWith(`${kind}_`)) continue;
      const value = settings.get(name.slice(kind.length + 1)) ?? settings.get(name);
      if (value !== undefined) return value;
    }
    return this.#root.settings.get(name) ?? '';
  }

  isOn(name: string): boolean {
    return this.get(name) === 'yes';
  }

  /** Whether a size or count is set and above 0. */
  isAboveZero(name: string): boolean {
    return Number.parseInt(this.get(name), 10) > 0;
  }

  /** A setting of a service; `undefined` where it is not printed, as 2.4 does with defaults. */
  ofService(service: string, setting: string): string | undefined {
    const blocks = this.#root.blocks.filter(({ kind, name }) => kind === 'service' && name === service);
    return blocks.map(({ settings }) => settings.get(setting)).findLast((value) => value !== undefined);
  }

  /** In the order in which Dovecot asks them. */
  databases(kind: 'passdb' | 'userdb'): Database[] {
    return this.#root.blocks.filter((block) => block.kind === kind).map((block) => readDatabase(block, kind));
  }

  /** The user that Dovecot's auth process runs as. */
  get authUser(): string {
    return this.#userOf('auth', '$default_internal_user');
  }

  /** The user that asks the service: in 2.3 and 2.4, auth workers are root's unless told otherwise. */
  get workerUser(): string {
    return this.#userOf('auth-worker', 'root');
  }

  #userOf(service: string, byDefault: string): string {
    const user = this.ofService(service, 'user') || byDefault;
    return /^\$(SET:)?default_internal_user$/.test(user) ? this.get('default_internal_user') || 'dovecot' : user;
  }
}

function readDatabase({ name, settings, blocks }: DoveconfBlock, kind: 'passdb' | 'userdb'): Database {
  const get = (key: string) => settings.get(key) ?? settings.get(`${kind}_${key}`);
  const args = new Map((get('args') ?? '').split(/\s+/).map((part) => splitOnce(part, '=')));
  const luaSettings = blocks.find((block) => block.kind === 'lua_settings')?.settings ?? new Map<string, string>();
  return {
    driver: get('driver') || name,
    isMaster: get('master') === 'yes',
    script: get('lua_file') ?? args.get('file'),
    usesWorkers: (get('use_worker') ?? args.get('blocking')) !== 'no',
    cacheKey: args.get('cache_key'),
    luaSettings,
  };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
