import Type from 'typebox';
import { Duration, type ResolveContext, Section } from '../../../config/fields.ts';

export const WforceSchema = Section(
  {
    longest_delay: Duration({
      description:
        'How long a mail server is told to wait at most before it looks at a password, where several have failed (`protection.wait`). The owner waits too, so keep it below what mail programs bear. Whole seconds; 0 for never.',
      default: '10s',
      examples: ['3s', '0s'],
    }),
    message: Type.String({
      maxLength: 200,
      pattern: '^[ -~]*$',
      description:
        'What is said where a login must not be tried; Dovecot shows it to the mail user, as an alert in IMAP. Without it he is told the same as for a wrong password, and a guesser does not learn that he is blocked.',
      default: '',
      examples: ['Too many wrong passwords, try again later'],
    }),
  },
  {
    description:
      "Answers to mail servers that prove passwords by themselves: weakforced's API, `/api/v1/auth/wforce` and `/?command=`. Callers need the scope `policy`.",
    default: {},
  },
);

export interface WforceConfig {
  readonly longestDelaySeconds: number;
  readonly message: string;
}

const MS_PER_SECOND = 1000;
const LONGEST_MS = 60 * MS_PER_SECOND;

export function resolveWforce(raw: Type.Static<typeof WforceSchema>, context: ResolveContext): WforceConfig {
  const ms = context.durationMs(raw.longest_delay);
  if (ms > LONGEST_MS) context.problem('longest_delay', 'must be at most 60s: no mail program waits for longer');
  return { longestDelaySeconds: Math.round(ms / MS_PER_SECOND), message: raw.message };
}
