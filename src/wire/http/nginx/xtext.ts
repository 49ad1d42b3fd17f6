const NOT_XTEXT = /[^!-*,-<>-~]/g;

/** Text as xtext (RFC 3461 4): all but printable ASCII, plus and equals signs as `+` and two digits. One character for each byte. */
export function xtextOf(text: string): string {
  return text.replace(NOT_XTEXT, (character) => {
    const hex = character.charCodeAt(0).toString(16).toUpperCase();
    return `+${hex.padStart(2, '0')}`;
  });
}
