import type { Check } from '../check.ts';
import { fail, ok, warn } from '../finding.ts';

const PLAIN_MECHANISMS = new Set(['plain', 'login', 'external', 'oauthbearer', 'xoauth2']);

export const DATABASE_CHECKS: readonly Check[] = [
  {
    name: 'passdb',
    needs: ['doveconf'],
    find({ dovecot }) {
      const all = dovecot.databases('passdb').filter(({ isMaster }) => !isMaster);
      const others = all.filter(({ driver }) => driver !== 'lua').map(({ driver }) => driver);
      if (others.length === all.length)
        return fail('no passdb asks the service', 'include auth-nauthilus.conf.ext in 10-auth.conf');
      if (others.length > 0)
        return warn(
          `other passdbs let users in as well: ${others.join(', ')}`,
          'take their include out of 10-auth.conf, unless it is meant so',
        );
      return ok('logins are asked of the Lua script alone');
    },
  },
  {
    name: 'userdb',
    needs: ['doveconf'],
    find({ dovecot }) {
      const drivers = dovecot.databases('userdb').map(({ driver }) => driver);
      const lua = drivers.indexOf('lua');
      const prefetch = drivers.indexOf('prefetch');
      if (lua < 0)
        return fail(
          'no userdb asks the service: nothing can be delivered',
          'include auth-nauthilus.conf.ext in 10-auth.conf',
        );
      if (prefetch < 0)
        return warn(
          'without a prefetch userdb each login costs a second request',
          'put "userdb prefetch" before the Lua userdb',
        );
      if (prefetch > lua)
        return warn(
          'the prefetch userdb stands behind the Lua userdb, where it never serves: each login costs a second request',
          'put it before the Lua userdb',
        );
      return ok('fields of a login come with its answer (prefetch), all others from the Lua script');
    },
  },
  {
    name: 'mechanisms',
    needs: ['doveconf'],
    find({ dovecot }) {
      const mechanisms = dovecot.get('auth_mechanisms').toLowerCase().split(/\s+/);
      const others = mechanisms.filter((name) => name !== '' && !PLAIN_MECHANISMS.has(name));
      if (others.length === 0) return ok('mechanisms give the password away to the service');
      return warn(
        `mechanisms that need the stored password cannot work: ${others.join(', ')}`,
        'auth_mechanisms = plain login',
      );
    },
  },
  {
    name: 'auth-cache',
    needs: ['doveconf'],
    find({ dovecot, script }) {
      if (!dovecot.isAboveZero('auth_cache_size')) return ok('Dovecot keeps no answers');
      const mend = 'auth_cache_size = 0';
      if (dovecot.generation === '2.4')
        return judgeKey24(script?.kind === 'read' ? script.bytes.toString('utf8') : '', mend);
      const keys = dovecot.databases('passdb').filter(({ driver, isMaster }) => driver === 'lua' && !isMaster);
      for (const { cacheKey } of keys) {
        if (cacheKey === '') return fail('"cache_key=" with nothing behind it crashes Dovecot 2.3', mend);
        const lacks = lacking(cacheKey ?? '%u', { '%s': /%s|%\{service\}/, '%r': /%r|%\{rip\}/ });
        if (lacks.length > 0)
          return fail(
            `the auth cache answers later logins by name, whatever ${lacks.includes('%r') ? 'address' : 'protocol'} they come from`,
            `${mend}, or cache_key=%u%s%r in the args of the passdb`,
          );
      }
      return judgeLifetime(dovecot.get('auth_cache_ttl'));
    },
  },
];

function judgeKey24(script: string, mend: string) {
  const key = /function\s+auth_passdb_get_cache_key\s*\(\s*\)[^]*?return\s+(['"])([^]*?)\1/.exec(script)?.[2];
  if (key === undefined) return ok('Dovecot keeps no answers: the script gives no key for them');
  const lacks = lacking(key, { protocol: /%\{\s*protocol/, address: /%\{\s*remote_ip/ });
  if (lacks.length === 0) return ok('kept answers serve the same account, protocol and address only');
  return fail(
    `the auth cache answers later logins whatever their ${lacks.join(' and ')}`,
    `${mend}, or the glue of this version`,
  );
}

function lacking(key: string, parts: Readonly<Record<string, RegExp>>): string[] {
  return Object.entries(parts)
    .filter(([, pattern]) => !pattern.test(key))
    .map(([part]) => part);
}

function judgeLifetime(lifetime: string) {
  return ok(`kept answers serve the same name, protocol and address only, for ${lifetime || 'a while'}`);
}
