import type { Attempt } from '../../login/attempt.ts';
import type { LdapBackendConfig } from './ldap-config.ts';
import type { NameField, NameTemplate } from './names/name-template.ts';

/** Gives what of an attempt, beside name and password, the answers of a backend depend on: what its templates are made of. */
export function answerScope(config: LdapBackendConfig): (attempt: Attempt) => string {
  const fields = new Set<NameField>(templatesOf(config).flatMap(({ values }) => values.map(({ field }) => field)));
  if (config.protocols.size > 0) fields.add('protocol');
  return ({ protocol, clientAddress, localAddress }) => {
    const parts = [
      fields.has('protocol') ? protocol : '',
      fields.has('client_ip') ? (clientAddress ?? '') : '',
      fields.has('local_ip') ? (localAddress ?? '') : '',
    ];
    return `${parts.join(',')};`;
  };
}

function templatesOf({ search, protocols, disabled, master, groups }: LdapBackendConfig): readonly NameTemplate[] {
  const searches = [search, ...protocols.values()].flatMap(({ baseDn, filter }) => [baseDn, filter.template]);
  const filters = [
    ...(disabled?.kind === 'filter' ? [disabled.filter] : []),
    ...(master === undefined ? [] : [master.filter]),
    ...(groups !== undefined && 'filter' in groups ? [groups.filter] : []),
  ];
  const masterBase = master?.baseDn === undefined ? [] : [master.baseDn];
  return [...searches, ...filters.map(({ template }) => template), ...masterBase];
}
