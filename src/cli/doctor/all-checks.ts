import type { Check } from './check.ts';
import { ACCESS_CHECKS } from './checks/access-checks.ts';
import { DATABASE_CHECKS } from './checks/database-checks.ts';
import { DOVECOT_CHECKS } from './checks/dovecot-checks.ts';
import { FILE_CHECKS } from './checks/file-checks.ts';
import { LOGIN_CHECKS } from './checks/login-checks.ts';
import { NAME_CHECKS } from './checks/name-checks.ts';
import { SERVICE_CHECKS } from './checks/service-checks.ts';

/** All checks of a Dovecot, in the order in which they are told. Those that others need come first. */
export const ALL_CHECKS: readonly Check[] = [
  ...DOVECOT_CHECKS,
  ...FILE_CHECKS,
  ...DATABASE_CHECKS,
  ...SERVICE_CHECKS,
  ...NAME_CHECKS,
  ...ACCESS_CHECKS,
  ...LOGIN_CHECKS,
];
