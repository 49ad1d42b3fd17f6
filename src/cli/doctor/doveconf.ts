/** One block of doveconf's output; the outermost has neither kind nor name. */
export interface DoveconfBlock {
  readonly kind: string;
  readonly name: string;
  readonly settings: Map<string, string>;
  readonly blocks: DoveconfBlock[];
}

/** Reads what `doveconf` prints, of 2.3 and of 2.4. Never fails: what it does not understand is left out. */
export function parseDoveconf(text: string): DoveconfBlock {
  const root = emptyBlock('', '');
  const open = [root];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '}' && open.length > 1) open.pop();
    else readLine(line, open);
  }
  return root;
}

function readLine(line: string, open: DoveconfBlock[]): void {
  const within = open.at(-1);
  if (within === undefined || line.startsWith('#')) return;
  const [, name, value = ''] = /^([A-Za-z0-9_/.]+) =(?: (.*))?$/.exec(line) ?? [];
  if (name !== undefined) {
    within.settings.set(name, unquoted(value));
    return;
  }
  const [, kind, title = ''] = /^(\S+)(?: (.*?))? ?\{$/.exec(line) ?? [];
  if (kind === undefined) return;
  const block = emptyBlock(kind, unquoted(title));
  within.blocks.push(block);
  open.push(block);
}

function emptyBlock(kind: string, name: string): DoveconfBlock {
  return { kind, name, settings: new Map(), blocks: [] };
}

function unquoted(text: string): string {
  return /^"(.*)"$/.exec(text)?.[1]?.replace(/\\(.)/g, '$1') ?? text;
}
