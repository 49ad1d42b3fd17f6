const LONGEST_QUOTE = 160;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;

/** A host is not as it should be. The message is for operators. */
export class ProbeFailure extends Error {
  override readonly name = 'ProbeFailure';
  readonly code = 'probe-failed';
}

/** A line of a server that may be shown: short, without control characters, and with nothing in it that is secret. */
export function shownLine(line: string, secrets: readonly string[] = []): string {
  let text = line;
  for (const secret of secrets) if (secret !== '') text = text.replaceAll(secret, '[redacted]');
  text = text.replace(CONTROLS, ' ').trim();
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
}
