import type { DovecotSettings } from './dovecot-settings.ts';
import type { MailHost } from './mail-host.ts';

/** What Dovecot has of Lua. */
export interface LuaInstallation {
  /** The module with the Lua drivers; `undefined` where there is none. */
  readonly module: string | undefined;
  /** Whether scripts can ask over HTTP; `undefined` where the library was not found. */
  readonly hasHttpClient: boolean | undefined;
  /** Such as "5.4"; `undefined` where the module does not tell. */
  readonly luaVersion: string | undefined;
  /** Where cjson lies; `undefined` where it was not found for this version of Lua. */
  readonly cjson: string | undefined;
}

const LIBRARY = 'libdovecot-lua.so.0';

/** Looks for Dovecot's Lua drivers and what they need, in the folders of Debian, of others and of own builds. */
export async function findLua(host: MailHost, dovecot: DovecotSettings): Promise<LuaInstallation> {
  const modules = dovecot.get('mail_plugin_dir') || '/usr/lib/dovecot/modules';
  const module = await firstThere(host, [
    `${modules}/auth/libauthdb_lua.so`,
    '/usr/lib64/dovecot/auth/libauthdb_lua.so',
  ]);
  const library = await firstThere(host, [`${modules}/../${LIBRARY}`, `${modules}/${LIBRARY}`]);
  const text = library === undefined ? '' : await latin1(host, library);
  const hasHttpClient = library === undefined ? undefined : text.includes('dlua_dovecot_http_register');
  const linked = text + (module === undefined ? '' : await latin1(host, module));
  const luaVersion = /liblua-?(5\.\d)/.exec(linked)?.[1];
  return { module, hasHttpClient, luaVersion, cjson: await findCjson(host, luaVersion) };
}

async function findCjson(host: MailHost, luaVersion: string | undefined): Promise<string | undefined> {
  if (luaVersion === undefined) return undefined;
  const libraries = ['/usr/lib', '/usr/lib64', '/usr/local/lib'];
  const perMachine = (await host.list('/usr/lib')).filter((name) => name.includes('-linux-'));
  const folders = [...libraries, ...perMachine.map((name) => `/usr/lib/${name}`)];
  return firstThere(host, [
    ...folders.map((folder) => `${folder}/lua/${luaVersion}/cjson.so`),
    `/usr/share/lua/${luaVersion}/cjson.lua`,
    `/usr/local/share/lua/${luaVersion}/cjson.lua`,
  ]);
}

async function firstThere(host: MailHost, files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const status = await host.status(file).catch(() => undefined);
    if (status !== undefined && !status.isFolder) return file;
  }
  return undefined;
}

async function latin1(host: MailHost, file: string): Promise<string> {
  return (await host.read(file).catch(() => Buffer.alloc(0))).toString('latin1');
}
