import { existsSync } from 'node:fs';

const NEARBY = './data/nauthilus.yaml';
const INSTALLED = '/etc/nauthilus/nauthilus.yaml';

/**
 * Which configuration file a command uses: the one it was given, else the one that the environment variable
 * `NAUTHILUS_CONFIG` names, else `./data/nauthilus.yaml` where that is there, else `/etc/nauthilus/nauthilus.yaml`.
 */
export function locateConfig(given: string | undefined, env: NodeJS.ProcessEnv): string {
  const named = given ?? env['NAUTHILUS_CONFIG'];
  if (named !== undefined && named !== '') return named;
  return existsSync(NEARBY) ? NEARBY : INSTALLED;
}
