import type { Check } from '../check.ts';
import { fail, ok, skipped, warn } from '../finding.ts';
import { defaultRealmOf } from '../real-logins.ts';

const DROPS_DOMAIN = /%L?n|%\{\s*user(name)?\s*\|[^}]*\busername\b|%\{\s*username\b/;

export const NAME_CHECKS: readonly Check[] = [
  {
    name: 'name-format',
    needs: ['doveconf'],
    find({ dovecot }) {
      const format = dovecot.get('auth_username_format');
      const keepsDomain = /%L?d|\|\s*domain\b|%\{\s*domain/.test(format);
      if (DROPS_DOMAIN.test(format) && !keepsDomain)
        return warn(
          `auth_username_format = ${format} cuts the domain off: users of the same name in two domains are one to the service`,
          dovecot.generation === '2.3' ? 'auth_username_format = %Lu' : 'auth_username_format = %{user | lower}',
        );
      const realm = defaultRealmOf(dovecot);
      return ok(realm === '' ? 'names reach the service with their domain' : `names without a domain get @${realm}`);
    },
  },
  {
    name: 'probe',
    find({ real }) {
      if (real === undefined || real.wrong.length === 0)
        return skipped('give --account and --probe to try wrong passwords');
      const open = real.wrong.find(({ result }) => result.exitCode === 0);
      if (open !== undefined)
        return fail(
          `${open.name} can log in with a wrong password`,
          'stop Dovecot, install nauthilus.lua of this version, and look at its log for such logins',
        );
      if (real.wrong.some(({ result }) => result.exitCode !== 77 || result.stdout.includes('code=temp_fail')))
        return warn('wrong passwords of rewritten names got no clear answer', 'mend the other findings and try again');
      return ok(`wrong passwords are refused for ${real.wrong.map(({ name }) => name).join(', ')}`);
    },
  },
];
