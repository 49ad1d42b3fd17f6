import type { Check } from '../check.ts';
import type { DovecotSettings } from '../dovecot-settings.ts';
import type { DoorAnswers } from '../facts.ts';
import { fail, ok, warn } from '../finding.ts';
import { isLoopback } from './file-checks.ts';

const EVERYBODY = /(^|[\s,])(0\.0\.0\.0|::|\*)\/0(?=$|[\s,])/;
/** Dovecot's own number. */
const USUAL_WORKERS = 30;
const FEW_WORKERS = 10;
const SLOW_LOGINS = 20;

export const ACCESS_CHECKS: readonly Check[] = [
  {
    name: 'cleartext',
    needs: ['doveconf'],
    find({ dovecot }) {
      const setting = dovecot.generation === '2.3' ? 'disable_plaintext_auth' : 'auth_allow_cleartext';
      const safe = dovecot.generation === '2.3' ? 'yes' : 'no';
      const addresses = dovecot
        .get('listen')
        .split(/[\s,]+/)
        .filter((address) => address !== '');
      const isAllowed = dovecot.get(setting) !== safe && dovecot.get('ssl') !== 'required';
      if (!isAllowed) return ok('passwords are only taken over TLS, or from this machine');
      if (addresses.length > 0 && addresses.every(isLoopback)) return ok('Dovecot listens on this machine only');
      return fail(
        'passwords are taken over connections without TLS, where anybody can read them',
        `${setting} = ${safe}`,
      );
    },
  },
  {
    name: 'penalty',
    needs: ['doveconf'],
    find({ dovecot }) {
      const trusted = dovecot.get('login_trusted_networks');
      if (EVERYBODY.test(trusted))
        return fail(
          `login_trusted_networks = ${trusted}: every client may claim any address and TLS, and never waits`,
          'name only the addresses of webmail and proxies there',
        );
      if (trusted !== '') return ok(`addresses wait after failed logins, but for ${trusted}`);
      return ok(
        'addresses wait up to 15 s after failed logins: webmail and proxies would belong in login_trusted_networks',
      );
    },
  },
  {
    name: 'workers',
    needs: ['doveconf', 'passdb'],
    find({ dovecot, answers }) {
      const lua = dovecot.databases('passdb').find(({ driver, isMaster }) => driver === 'lua' && !isMaster);
      if (lua?.usesWorkers === false)
        return warn(
          'the passdb asks in the auth process itself: all logins wait for one',
          dovecot.generation === '2.3' ? 'blocking=yes in its args' : 'passdb_use_worker = yes',
        );
      const workers = workersOf(dovecot);
      const ms = usualMs(answers);
      const perSecond = ms === undefined ? undefined : Math.floor((workers * 1000) / ms);
      const text =
        ms === undefined
          ? `${workers} auth workers`
          : `${workers} auth workers and answers within ${Math.ceil(ms)} ms: up to ${perSecond} logins a second`;
      const isTooFew = workers < FEW_WORKERS || (perSecond !== undefined && perSecond < SLOW_LOGINS);
      if (!isTooFew) return ok(text);
      const mend = dovecot.generation === '2.3' ? 'auth_worker_max_count' : 'process_limit of "service auth-worker"';
      return warn(text, `${mend} = ${Math.max(USUAL_WORKERS, workers * 2)}, or a faster backend`);
    },
  },
];

function workersOf(dovecot: DovecotSettings): number {
  const limit =
    dovecot.generation === '2.3'
      ? dovecot.get('auth_worker_max_count')
      : dovecot.ofService('auth-worker', 'process_limit');
  return Number(limit) || USUAL_WORKERS;
}

/** The middle one of what was measured; the first answer also pays for the connection and the caller's proof. */
function usualMs(answers: DoorAnswers | undefined): number | undefined {
  const times = (answers?.logins.slice(1) ?? []).flatMap((one) => (typeof one === 'object' ? [one.ms] : []));
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}
