import type { Check } from '../check.ts';
import { fail, ok, warn } from '../finding.ts';

/** First version whose Lua has an HTTP client. */
const FIRST = [2, 3, 19] as const;
/** First of 2.4 that prints long lists of users to their end. */
const WHOLE_LISTS = [2, 4, 3] as const;
/** Shorter lists were seen whole on a busy machine. */
const LONG_LIST = 5000;

export const DOVECOT_CHECKS: readonly Check[] = [
  {
    name: 'doveconf',
    find({ doveconf, dovecot }) {
      const said = doveconf.stderr.trim().split('\n');
      if (doveconf.exitCode !== 0 || dovecot.versionText === '')
        return fail(
          `doveconf does not print the settings: ${said.at(-1) || 'it said nothing'}`,
          'mend what it complains of, or say where Dovecot is with --doveconf and --config-dir; run as root',
        );
      const warnings = said.filter((line) => /Warning:/.test(line));
      if (warnings.length === 0) return ok('Dovecot reads its configuration without a complaint');
      return warnings.map((line) => warn(line.replace(/^.*Warning: /, ''), 'mend what doveconf complains of'));
    },
  },
  {
    name: 'version',
    needs: ['doveconf'],
    find({ dovecot, answers }) {
      const { versionText } = dovecot;
      if (dovecot.isBefore(...FIRST))
        return fail(`Dovecot ${versionText} has no HTTP client for Lua`, `update it to ${FIRST.join('.')} or later`);
      if (!dovecot.isBefore(2, 5))
        return warn(
          `Dovecot ${versionText} is newer than what the glue was tried with`,
          'try logins, doveadm user and its list',
        );
      const accounts = accountsIn(answers?.list);
      if (dovecot.generation === '2.4' && dovecot.isBefore(...WHOLE_LISTS) && accounts > LONG_LIST)
        return warn(
          `Dovecot ${versionText} may break off a list of ${accounts} users (doveadm user '*' ends with 75)`,
          `update it to ${WHOLE_LISTS.join('.')} or later, or take the list from the service`,
        );
      return ok(`Dovecot ${versionText}`);
    },
  },
  {
    name: 'lua',
    needs: ['version'],
    find({ lua }) {
      if (lua.module === undefined)
        return fail('Dovecot has no Lua driver (libauthdb_lua.so)', 'apt-get install dovecot-auth-lua');
      if (lua.hasHttpClient === false)
        return fail(
          "Dovecot's Lua was built without its HTTP client",
          'install dovecot-auth-lua of Debian 12 or later',
        );
      return ok(`Lua ${lua.luaVersion ?? 'of unknown version'} with an HTTP client: ${lua.module}`);
    },
  },
  {
    name: 'cjson',
    needs: ['lua'],
    find({ lua }) {
      if (lua.cjson !== undefined) return ok(`cjson: ${lua.cjson}`);
      if (lua.luaVersion === undefined)
        return warn(
          'cannot tell which Lua Dovecot uses, and so not whether cjson is there',
          'apt-get install lua-cjson',
        );
      return fail(
        `cjson is not installed for Lua ${lua.luaVersion}: the glue cannot be loaded`,
        'apt-get install lua-cjson',
      );
    },
  },
];

/** How many accounts a list has; 0 where there is none. */
export function accountsIn(list: unknown): number {
  if (typeof list !== 'object' || list === null || !('body' in list) || typeof list.body !== 'string') return 0;
  try {
    const accounts: unknown = JSON.parse(list.body);
    return Array.isArray(accounts) ? accounts.length : 0;
  } catch {
    return 0;
  }
}
