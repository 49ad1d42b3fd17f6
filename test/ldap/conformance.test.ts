import { describeBackend, type ConformanceAccount } from '../../src/backends/conformance.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { startSlapd } from '../daemons/slapd.ts';
import { accountLdif } from './support/account-ldif.ts';
import { openTestBackend, settingsFor } from './support/ldap-backend.ts';

const BASE_DN = 'dc=example,dc=test';

async function openBackend(check: 'bind' | 'compare', accounts: readonly ConformanceAccount[]): Promise<Backend> {
  const ldif = await Promise.all(accounts.map((account, i) => treeAccount(account, i)));
  const slapd = await startSlapd({ access: check, tree: 'sample', ldif: ldif.join('\n') });
  for (const uid of ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'plain', 'grace'])
    await slapd.modify(`dn: uid=${uid},ou=people,${BASE_DN}\nchangetype: delete\n`);
  const { backend } = await openTestBackend(
    settingsFor([slapd], {
      password_check: check,
      attributes: [
        { from: 'nauthilusMailPath', as: 'mail' },
        { from: 'employeeNumber', as: 'quota' },
        { from: 'ou', as: 'group' },
        'title',
      ],
    }),
  );
  return closedWith(backend, slapd);
}

function treeAccount({ name, password, aliases, attributes, isDisabled }: ConformanceAccount, i: number) {
  const { mail = [], quota = [], group = [], title = [] } = attributes;
  return accountLdif(
    {
      uid: `conformance${i}`,
      name,
      password,
      aliases,
      attributes: {
        nauthilusMailPath: mail,
        employeeNumber: quota,
        ou: group,
        title,
        nauthilusEnabled: isDisabled ? ['FALSE'] : [],
      },
    },
    BASE_DN,
  );
}

/** The backend, which takes its slapd with it. */
function closedWith(backend: Backend, slapd: AsyncDisposable): Backend {
  const dispose = backend[Symbol.asyncDispose].bind(backend);
  return Object.assign(backend, {
    async [Symbol.asyncDispose]() {
      await dispose();
      await slapd[Symbol.asyncDispose]();
    },
  });
}

for (const check of ['bind', 'compare'] as const)
  describeBackend(`LDAP proved by ${check}`, { open: (accounts) => openBackend(check, accounts) });
