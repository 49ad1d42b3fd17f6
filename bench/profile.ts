/**
 * `node bench/profile.ts [--scenario NAME] [--seconds S] [--top N] [--svg FILE]`: runs one scenario with the server under V8's
 * sampling profiler and prints where its time goes: by function, and from the top down with the share of each call path; with
 * `--svg` also as a flame graph.
 *
 * @module
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type CallNode, callTree, type CpuProfile, selfTimes } from './cpu-profile.ts';
import { renderFlameGraph } from './flame-graph.ts';
import { stopSlapd } from './ldap-server.ts';
import { LoadProcess } from './measure.ts';
import { stopRedis } from './redis-server.ts';
import { SCENARIOS } from './scenarios.ts';
import { startServer } from './servers.ts';

const SLOW_WARM_UP = { warmUpSeconds: 4, warmUpAnswers: 1 } as const;
const WARM_UP = { warmUpSeconds: 4, warmUpAnswers: 20_000 } as const;
const SAMPLE_EVERY_US = 200;

async function record(name: string, seconds: number): Promise<CpuProfile> {
  const scenario = SCENARIOS.find((one) => one.name === name);
  if (scenario === undefined)
    throw new Error(`no scenario ${name}; there are ${SCENARIOS.map((one) => one.name).join(', ')}`);
  const folder = await mkdtemp(path.join(tmpdir(), 'nauthilus-profile-'));
  try {
    const profiles = path.join(folder, 'profiles');
    const nodeOptions = `--cpu-prof --cpu-prof-dir=${profiles} --cpu-prof-interval=${SAMPLE_EVERY_US}`;
    {
      await using server = await startServer(scenario.server, { folder, nodeOptions });
      using load = new LoadProcess();
      await load.measure(scenario, server, { ...(scenario.isSlow === true ? SLOW_WARM_UP : WARM_UP), seconds });
    }
    const files = (await readdir(profiles)).map((file) => path.join(profiles, file));
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    // The launcher asks Node for its version first: the service's own profile is the largest.
    const [largest = ''] = texts.sort((a, b) => b.length - a.length);
    return JSON.parse(largest) as CpuProfile;
  } finally {
    await stopSlapd();
    await stopRedis();
    await rm(folder, { recursive: true, force: true });
  }
}

function renderTree({ name, share, calls }: CallNode, depth: number, least: number): string {
  if (share < least) return '';
  const line = `${(share * 100).toFixed(1).padStart(5)} %  ${'  '.repeat(depth)}${name}\n`;
  return line + calls.map((call) => renderTree(call, depth + 1, least)).join('');
}

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'login-cached' },
    seconds: { type: 'string', default: '5' },
    top: { type: 'string', default: '40' },
    least: { type: 'string', default: '1' },
    svg: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const profile = await record(values.scenario, seconds);
process.stdout.write(`own time by function, ${values.scenario}\n`);
for (const { name, share } of selfTimes(profile, seconds).slice(0, Number(values.top))) {
  process.stdout.write(`${(share * 100).toFixed(1).padStart(5)} %  ${name}\n`);
}
process.stdout.write('\nfrom the top down\n');
const tops = callTree(profile, seconds);
for (const top of tops) process.stdout.write(renderTree(top, 0, Number(values.least) / 100));
if (values.svg !== undefined) await writeFile(values.svg, renderFlameGraph(values.scenario, tops));
