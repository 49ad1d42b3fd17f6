const TYPED = new Set(['auth_user', 'auth_username', 'original_user', 'orig_user']);
const MEANT = new Set(['user', 'username']);

const COMPARISON = /([\w.:()]+)\s*[~=]=\s*([\w.:()]+)/g;

/** The line on which a script compares what was typed with the name that Dovecot made of it; comments do not count. */
export function masterFaultLine(script: string): number | undefined {
  const blank = (text: string) => text.replace(/[^\n]/g, ' ');
  const code = script.replace(/--\[\[[^]*?\]\]/g, blank).replace(/--[^\n]*/g, blank);
  for (const { index, 1: left = '', 2: right = '' } of code.matchAll(COMPARISON)) {
    const isFault =
      (mentions(left, TYPED) && mentions(right, MEANT)) || (mentions(left, MEANT) && mentions(right, TYPED));
    if (isFault) return code.slice(0, index).split('\n').length;
  }
  return undefined;
}

function mentions(operand: string, names: ReadonlySet<string>): boolean {
  return operand.split(/\W+/).some((word) => names.has(word));
}
