/** Accounts that a service under test must have, as the acceptance scenarios describe them. */
export interface Fixtures {
  readonly basic_auth: { readonly user: string; readonly password: string };
  readonly accounts: readonly {
    readonly account: string;
    readonly aliases?: readonly string[];
    readonly password: string;
    readonly enabled: boolean;
    readonly attributes: Readonly<Record<string, readonly string[]>>;
  }[];
}

/** The accounts in the form of passwd-file. @throws {Error} for values that this form cannot hold */
export function renderFixtures({ accounts }: Fixtures): string {
  return accounts
    .map(({ account, aliases = [], password, enabled, attributes }) => {
      const fields = Object.entries(attributes).flatMap(([name, values]) => values.map((value) => `${name}=${value}`));
      fields.push(...aliases.map((alias) => `alias=${alias}`), ...(enabled ? [] : ['disabled=yes']));
      const unfit =
        [account, password, ...fields].find((text) => /[\r\n]/.test(text)) ?? fields.find((text) => / /.test(text));
      if (unfit !== undefined || /:/.test(account + password))
        throw new Error(`${account}: a passwd-file cannot hold it`);
      return `${account}:{PLAIN}${password}::::::${fields.join(' ')}\n`;
    })
    .join('');
}
