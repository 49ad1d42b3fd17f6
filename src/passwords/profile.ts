// A file of a million accounts has a handful of profiles; whoever makes more of them gains nothing from being remembered.
const MAX_REMEMBERED = 256;
const remembered = new Map<string, string>();

/** The one copy of a profile text, so that a million hashes with the same costs share it. */
export function sharedProfile(text: string): string {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  if (remembered.size < MAX_REMEMBERED) remembered.set(text, text);
  return text;
}
