import type { Check } from '../check.ts';
import type { Facts, FileReading } from '../facts.ts';
import { fail, type Finding, ok, skipped, warn } from '../finding.ts';
import type { DoorAnswer } from '../service-door.ts';
import { accountsIn } from './dovecot-checks.ts';

const DAY_MS = 86_400_000;
const SOON_MS = 14 * DAY_MS;
/** The service's clock is told in whole seconds. */
const SMALL_SKEW_MS = 5000;

export const SERVICE_CHECKS: readonly Check[] = [
  {
    name: 'ca',
    needs: ['settings'],
    find(facts) {
      const { dovecot, settings, trust } = facts;
      if (typeof settings !== 'object') return skipped('the service is not known');
      if (settings.url.protocol === 'http:') return ok('the service is asked without TLS, on this machine');
      if (dovecot.get('ssl_client_require_valid_cert') === 'no')
        return fail(
          'Dovecot does not check the certificate: whoever stands in between gets every password',
          'ssl_client_require_valid_cert = yes',
        );
      if (trust.caFile !== undefined) return judgeCaFile(trust.caFile, facts);
      if (trust.pems.length > 0) return ok('Dovecot trusts public authorities (ssl_client_ca_dir)');
      return fail(`ssl_client_ca_file is not set: Dovecot trusts nobody${insteadOf(dovecot)}`, SET_CA);
    },
  },
  {
    name: 'reach',
    needs: ['settings'],
    find({ settings, reach }) {
      if (typeof settings !== 'object' || reach === undefined) return skipped('the service is not known');
      const { origin } = settings.url;
      if (reach.kind === 'unreachable')
        return fail(
          `${origin} cannot be reached: ${reach.message}`,
          'start the service, or mend url, firewall or name server',
        );
      return ok(`${origin} takes connections`);
    },
  },
  { name: 'certificate', needs: ['ca', 'reach'], find: findCertificate },
  {
    name: 'caller',
    needs: ['secret', 'certificate'],
    find({ answers, credential }) {
      const first = answers?.logins[0];
      if (first === undefined || credential?.kind !== 'credential') return skipped('the service was not asked');
      if (typeof first === 'string') return fail(`no answer: ${first}`, LOOK_AT_SERVICE);
      if (first.status === 401 && !first.body.includes('scope'))
        return fail(
          `the service does not accept the credential of ${credential.name} from this machine`,
          'compare the secret file with callers[].secret, and callers[].networks with the address of this machine',
        );
      if (first.status === 429)
        return fail(
          'the service has had too many wrong credentials from this machine',
          'mend the secret file and wait a minute',
        );
      return ok(`the service knows the caller ${credential.name}`);
    },
  },
  {
    name: 'service-passdb',
    needs: ['caller'],
    find({ answers }) {
      const answer = answers?.logins[0];
      if (accepted(answer))
        return fail(
          'the service lets in a user that cannot exist, with any password',
          'look at the backends of the service',
        );
      return judgeRefusal(answer, 'authenticate', 'a login that nobody can have is refused');
    },
  },
  {
    name: 'service-userdb',
    needs: ['caller'],
    find({ answers }) {
      const answer = answers?.lookUp;
      if (accepted(answer))
        return warn('the service finds a user that cannot exist', 'look at the backends of the service');
      return judgeRefusal(answer, 'lookup', 'an account that nobody can have is not found');
    },
  },
  {
    name: 'service-list',
    needs: ['caller'],
    find({ answers }) {
      const answer = answers?.list;
      if (answer === undefined) return skipped('the service was not asked');
      const problem = problemOf(answer, 'list');
      if (problem !== undefined) return problem;
      if (typeof answer === 'object' && answer.status !== 200)
        return fail(`the list has status ${answer.status}`, LOOK_AT_SERVICE);
      return ok(`${accountsIn(answer)} accounts can be listed`);
    },
  },
  {
    name: 'clock',
    needs: ['caller'],
    find({ answers }) {
      const answer = answers?.logins[0];
      if (typeof answer !== 'object' || answer.date === undefined) return skipped('the service does not tell its time');
      const skewMs = answer.arrivedMs - Date.parse(answer.date);
      if (Math.abs(skewMs) <= SMALL_SKEW_MS) return ok('the clocks of both machines agree');
      return warn(
        `the clocks differ by ${Math.round(Math.abs(skewMs) / 1000)} s: logs, expiry of accounts and delays will not fit`,
        'let both machines follow the same time servers (chrony, systemd-timesyncd)',
      );
    },
  },
];

const SET_CA = 'ssl_client_ca_file = FILE, with the certificate that signed that of the service';

function judgeCaFile(file: FileReading, { authUser }: Facts): Finding {
  const { path } = file;
  if (file.kind === 'unread')
    return fail(`ssl_client_ca_file: ${path}: ${file.message}`, 'install the file, mode 0644');
  const hindrance = file.hindranceOfAuth;
  if (hindrance !== undefined)
    return fail(
      `${path}: ${authUser?.name ?? 'dovecot'} cannot read it, because of ${hindrance}`,
      `chmod a+rX ${hindrance}`,
    );
  if (!file.bytes.includes('-----BEGIN CERTIFICATE-----'))
    return fail(`${path}: holds no certificate in PEM form`, 'install the certificate that signed that of the service');
  return ok(`Dovecot trusts ${path}`);
}

const LOOK_AT_SERVICE = "look at the service's log";

/** Settings that look right and do nothing here. */
function insteadOf(dovecot: Facts['dovecot']): string {
  const others = ['ssl_ca', 'ssl_client_ca_dir', 'ssl_server_ca_file'].filter((name) => dovecot.get(name) !== '');
  return others.length === 0 ? '' : ` (${others.join(', ')} does not count here)`;
}

function findCertificate({ settings, reach, trust }: Facts): Finding {
  if (typeof settings !== 'object' || reach === undefined) return skipped('the service is not known');
  switch (reach.kind) {
    case 'unreachable':
      return skipped('the service cannot be reached');
    case 'untrusted':
      return fail(
        `the certificate of ${settings.url.host} is not trusted (${reach.message})`,
        trust.caFile === undefined ? SET_CA : `put the certificate that signed it into ${trust.caFile.path}`,
      );
    case 'misnamed':
      return fail(
        `the certificate has another name: ${reach.message}`,
        'use a name of the certificate in url, or make a certificate with this one',
      );
    case 'reached':
      return judgeEnd(reach.certificateEnd);
  }
}

function judgeEnd(end: Date | undefined): Finding {
  if (end === undefined) return ok('no certificate: the service is asked on this machine without TLS');
  const left = end.getTime() - Date.now();
  const day = end.toISOString().slice(0, 10);
  if (left < SOON_MS)
    return warn(`the service's certificate ends on ${day}`, 'renew it, and install the new one as trusted first');
  return ok(`the service's certificate is trusted, named right, and valid until ${day}`);
}

function accepted(answer: DoorAnswer | string | undefined): boolean {
  return typeof answer === 'object' && answer.status === 200;
}

function problemOf(answer: DoorAnswer | string, scope: string): Finding | undefined {
  if (typeof answer === 'string') return fail(`no answer: ${answer}`, LOOK_AT_SERVICE);
  if (answer.status === 401 && answer.body.includes('scope'))
    return fail(`the caller lacks the scope ${scope}`, `add ${scope} to callers[].scopes of the service`);
  return undefined;
}

function judgeRefusal(answer: DoorAnswer | string | undefined, scope: string, text: string): Finding {
  if (answer === undefined) return skipped('the service was not asked');
  const problem = problemOf(answer, scope);
  if (problem !== undefined) return problem;
  if (typeof answer === 'string' || answer.status !== 403)
    return fail(
      `status ${typeof answer === 'string' ? answer : answer.status} in the place of an answer`,
      LOOK_AT_SERVICE,
    );
  if (!answer.body.includes('"dovecot"'))
    return fail('the answer has no fields for Dovecot: the service is older than the glue', 'update the service');
  return ok(text);
}
