import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach } from 'node:test';

/** Where tests of `nauthilus generate` have their files: what is generated has a folder of its own in each test. */
export interface GenerateFolder {
  readonly root: string;
  /** Where the running test generates into. Nothing is there before. */
  readonly output: string;
  /** The path of a file that the configuration names. */
  readonly at: (name: string) => string;
  /** What was generated. */
  readonly read: (name: string) => Promise<string>;
  /** From now on the test generates into another place, from another configuration. */
  readonly renew: () => void;
  /** Writes the configuration of the running test, and gives its path. */
  readonly configure: (text: string) => Promise<string>;
}

/** For all tests of the suite that calls it, which are run after `fill` has written what they share. */
export function generateFolder(fill: (folder: GenerateFolder) => Promise<unknown>): GenerateFolder {
  let root = '';
  let count = 0;
  const folder: GenerateFolder = {
    get root() {
      return root;
    },
    get output() {
      return join(root, `out${count}`);
    },
    at: (name) => join(root, name),
    read: (name) => readFile(join(folder.output, name), 'utf8'),
    renew: () => {
      count += 1;
    },
    configure: async (text) => {
      const file = join(root, `${count}.yaml`);
      await writeFile(file, text);
      return file;
    },
  };
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'nauthilus-generate-'));
    await fill(folder);
  });
  beforeEach(() => folder.renew());
  after(() => rm(root, { recursive: true }));
  return folder;
}
