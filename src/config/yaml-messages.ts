import type { YAMLError } from 'yaml';

const MESSAGES = {
  ALIAS_PROPS: 'an alias can have no anchor or tag of its own',
  BAD_ALIAS: 'an alias needs an anchor with its name above it',
  BAD_COLLECTION_TYPE: 'the tag does not fit a table or list',
  BAD_DIRECTIVE: 'a directive (a line that begins with %) is not understood; put a text that begins with % in quotes',
  BAD_DQ_ESCAPE: 'a backslash in double quotes is not followed by an escape that exists; use single quotes',
  BAD_INDENT: 'the indentation does not fit what stands around it',
  BAD_PROP_ORDER: 'an anchor or tag stands in the wrong place',
  BAD_SCALAR_START: 'a text begins with a character that needs quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a key and its value are not where they can be; check the indentation and that a text with ": " is in quotes',
  BLOCK_IN_FLOW: 'within [ ] and { } a list or table is written with [ ] or { } too',
  DUPLICATE_KEY: 'the key is there twice',
  IMPOSSIBLE: 'cannot be read as YAML',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters',
  MISSING_CHAR: 'a character is missing: a quote, a bracket, a comma or a space',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line; check that a ":" follows it',
  MULTIPLE_ANCHORS: 'a value can have one anchor only',
  MULTIPLE_DOCS: 'the file must hold one document: "---" may stand at its beginning only',
  MULTIPLE_TAGS: 'a value can have one tag only',
  NON_STRING_KEY: 'a key must be a text',
  RESOURCE_EXHAUSTION: 'is nested too deeply',
  TAB_AS_INDENT: 'a tab cannot indent a line; use spaces',
  TAG_RESOLVE_FAILED: 'a tag (a word that begins with !) is not known; put a text that begins with ! in quotes',
  UNEXPECTED_TOKEN: 'something stands where nothing can',
} satisfies Record<YAMLError['code'], string>;

const OPEN_BRACE = /:\s*\{[A-Za-z0-9.-]+\}\S/;

/**
 * What is wrong with the syntax, in words of our own: the parser's would show parts of the file, which may be secret.
 * @param line the line it was found in, looked at only for what is likely meant
 */
export function describeYamlError(code: YAMLError['code'], line: string): string {
  const message = MESSAGES[code];
  if (OPEN_BRACE.test(line)) return `${message}; a hash that begins with { must be in quotes`;
  if (line.includes('${')) return `${message}; within [ ] and { } a text with \${…} must be in quotes`;
  return message;
}
