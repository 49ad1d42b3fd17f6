/** What came of a text in which parts stand for environment variables. */
export type Substitution =
  | { readonly kind: 'text'; readonly text: string; readonly isSubstituted: boolean }
  | { readonly kind: 'problem'; readonly message: string };

const PART = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

/**
 * Puts environment variables into a text: `${NAME}` must be set, `${NAME:-text}` stands for the text where it is not set or
 * empty (as in a shell), `$${` stands for `${` itself. What a variable holds is never looked at again.
 */
export function substituteEnvironment(text: string, env: NodeJS.ProcessEnv): Substitution {
  if (!text.includes('${')) return { kind: 'text', text, isSubstituted: false };
  let message: string | undefined;
  let isSubstituted = false;
  const substituted = text.replace(PART, (part: string, name: string | undefined, fallback: string | undefined) => {
    if (part === '$${') return '${';
    if (name === undefined) {
      message ??=
        'a "${" is not followed by the name of an environment variable and "}"; write "$${" for the characters themselves';
      return part;
    }
    isSubstituted = true;
    const value = env[name];
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined)
      message ??= `the environment variable ${name} is not set; \${${name}:-text} would give it a default`;
    return value ?? '';
  });
  return message === undefined ? { kind: 'text', text: substituted, isSubstituted } : { kind: 'problem', message };
}
