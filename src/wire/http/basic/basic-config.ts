import Type from 'typebox';
import { Flag, Network, type ResolveContext, Section } from '../../../config/fields.ts';
import { resolveNetwork } from '../callers-config.ts';

export const BasicSchema = Section(
  {
    enabled: Flag({
      description:
        'Serves `/api/v1/auth/basic`, where the credentials of a request are those of the mail user and no caller proves itself.',
      default: false,
      examples: [true],
    }),
    realm: Type.String({
      pattern: '^[ !#-\\[\\]-~]{1,128}$',
      description:
        'What a browser shows when it asks for the password; printable ASCII without quotes and backslashes.',
      default: 'mail',
      examples: ['Webmail'],
    }),
    networks: Type.Array(Network({ description: 'Network in CIDR form, or one address.', examples: ['10.0.0.0/24'] }), {
      description:
        'Where web servers may ask from, and tell the address of their client. To everybody else nothing is served there.',
      default: ['127.0.0.0/8', '::1'],
      minItems: 1,
      uniqueItems: true,
      examples: [['10.0.0.5', '2001:db8::/64']],
    }),
  },
  {
    description: 'Logins of mail users by HTTP Basic authentication, for web servers that ask on their behalf.',
    default: {},
  },
);

export interface BasicConfig {
  readonly isEnabled: boolean;
  readonly realm: string;
  /** Addresses, or networks in CIDR form. */
  readonly networks: readonly string[];
}

export function resolveBasic(raw: Type.Static<typeof BasicSchema>, context: ResolveContext): BasicConfig {
  return {
    isEnabled: raw.enabled,
    realm: raw.realm,
    networks: raw.networks.map((network, i) => resolveNetwork(network, `networks[${i}]`, context)),
  };
}
