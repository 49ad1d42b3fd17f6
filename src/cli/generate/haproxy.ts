import { isIP } from 'node:net';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { locateConfig } from '../../config/locate-config.ts';
import { CommandError, type CommandIo } from '../command-io.ts';
import { type DeliveryOptions, deliverFiles } from './deliver-files.ts';
import {
  HAPROXY_FILES,
  type HaproxyMode,
  type HaproxyNode,
  type HaproxySetup,
  renderConf,
  renderReadme,
} from './haproxy-conf.ts';
import { readPlainPath } from './plain-path.ts';
import type { PlannedFile } from './planned-files.ts';
import { caFileOf, findTrust, type ServiceTrust } from './service-trust.ts';
import type { GenerateTarget } from './target.ts';

const HELP = `
Writes a frontend and a backend with the nodes of the service, whose health is checked at /healthz/ready, and a README with the three
commands that install them. Files that are there and would change are shown as a difference and left alone unless --force is given;
then nothing is written at all.

In the mode tcp connections go through as they are, TLS included, with a header of the PROXY protocol: the nodes need a listener with
proxy_protocol. In the mode http HAProxy speaks TLS itself and tells the client's address in X-Forwarded-For: the nodes need
http.trusted_proxies. All nodes are taken to have the configuration that is read here.

Exit codes: 0 written or nothing to write, 1 not written, 2 wrong arguments.

Examples:
  nauthilus generate haproxy --output haproxy-files --node 10.0.0.11 --node 10.0.0.12
  nauthilus generate haproxy --output haproxy-files --mode http --node auth1.example.org:9443 --node auth2.example.org:9443`;

interface HaproxyOptions extends DeliveryOptions {
  readonly config?: string;
  readonly mode: HaproxyMode;
  readonly node: readonly Partial<HaproxyNode>[];
  readonly bind?: string;
  readonly certificate: string;
  readonly ca?: string;
  readonly tlsName?: string;
  readonly installedIn: string;
}

export const haproxyTarget: GenerateTarget = {
  name: 'haproxy',
  description: 'Files by which HAProxy stands in front of several nodes of this service.',
  complete(command: Command, io: CommandIo): void {
    command
      .requiredOption('-o, --output <folder>', 'where to write; made where it is missing')
      .option('-c, --config <file>', 'the configuration of the service')
      .addOption(new Option('--mode <mode>', 'how connections are handed on').choices(['tcp', 'http']).default('tcp'))
      .option(
        '--node <host[:port]>',
        "a node; may be given several times (default: the listener's address)",
        addNode,
        [],
      )
      .option(
        '--bind <[address]:port>',
        "where HAProxy listens (default: the listener's port on all addresses)",
        readBind,
      )
      .option(
        '--certificate <file>',
        'certificate and key that HAProxy shows in the mode http',
        readPlainPath,
        USUAL_PEM,
      )
      .option(
        '--ca <file>',
        "PEM file of the authority that signed the nodes' certificates, where their chain lacks it",
      )
      .option('--tls-name <name>', "name that the nodes' certificates must have (default: any)", readName)
      .option('--installed-in <folder>', "the folder of HAProxy's configuration", readPlainPath, '/etc/haproxy')
      .option('--force', 'overwrite files that differ')
      .option('--json', 'print an object')
      .addHelpText('after', HELP)
      .action((options: HaproxyOptions) => generateHaproxy(options, io));
  },
};

const USUAL_PEM = '/etc/haproxy/tls/nauthilus.pem';
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?)$/;
const WITH_PORT = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+))(?::([0-9]{1,5}))?$/;
const BIND = /^(?:[0-9A-Fa-f.:*]+|\[[0-9A-Fa-f:.]+\])?:[0-9]{1,5}$/;
const MAX_PORT = 65_535;

function addNode(text: string, nodes: readonly Partial<HaproxyNode>[]): readonly Partial<HaproxyNode>[] {
  const [, six, plain, port] = WITH_PORT.exec(text) ?? (isIP(text) === 6 ? [text, text] : []);
  const host = six ?? plain ?? '';
  if ((isIP(host) === 0 && !HOST.test(host)) || Number(port ?? 1) < 1 || Number(port ?? 1) > MAX_PORT)
    throw new InvalidArgumentError('It must be a name or an address, with a port or without, such as 10.0.0.11:9443.');
  return [...nodes, { host, ...(port !== undefined && { port: Number(port) }) }];
}

function readBind(text: string): string {
  if (BIND.test(text)) return text;
  throw new InvalidArgumentError(
    'It must be a port after a colon, with an address before it or without, such as :9443.',
  );
}

function readName(text: string): string {
  if (HOST.test(text) && isIP(text) === 0) return text;
  throw new InvalidArgumentError('It must be a name.');
}

async function generateHaproxy(options: HaproxyOptions, io: CommandIo): Promise<void> {
  const config = await loadConfig(locateConfig(options.config, io.env), io.env);
  const { mode, installedIn: folder } = options;
  const { place, tls, limits } = listenerFor(mode, config);
  const asked = { caFile: options.ca, host: options.tlsName, asker: { program: 'HAProxy', option: '--tls-name' } };
  const nodes = nodesOf(options.node, place, config);
  const trust = tls && (await findTrust({ ...asked, certificateFile: tls.certificate }));
  const setup: HaproxySetup = {
    mode,
    bind: options.bind ?? `:${place.port}`,
    certificate: options.certificate,
    nodes,
    caFile: trust && caFileOf(trust, `${folder}/${HAPROXY_FILES.ca}`),
    tlsName: trust && options.tlsName,
    folder,
    hasOwnCa: trust?.kind === 'own',
    idleMs: limits.idleTimeoutMs,
  };
  const facts = { target: 'haproxy', mode, bind: setup.bind };
  await deliverFiles({ facts, files: renderFiles(setup, trust), warnings: warningsOf(setup, config) }, options, io);
}

type Listener = Config['listeners'][number];
type TcpPlace = Extract<Listener['place'], { kind: 'tcp' }>;

/** The first listener that such a HAProxy can ask. @throws {CommandError} where there is none */
function listenerFor(mode: HaproxyMode, config: Config): Listener & { readonly place: TcpPlace } {
  for (const listener of config.listeners) {
    const { place, proxyProtocol } = listener;
    if (place.kind === 'tcp' && place.port !== 0 && (proxyProtocol !== undefined) === (mode === 'tcp'))
      return { ...listener, place };
  }
  throw new CommandError(
    mode === 'tcp'
      ? `${config.file}: no listener with an address and port has headers of the PROXY protocol; add proxy_protocol: { from: [ADDRESS] } with HAProxy's address to one, or use --mode http`
      : `${config.file}: every listener with an address and port has headers of the PROXY protocol; use --mode tcp`,
  );
}

const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

function nodesOf(given: HaproxyOptions['node'], { address, port }: TcpPlace, { file }: Config): readonly HaproxyNode[] {
  const inBrackets = (host: string) => (isIP(host) === 6 ? `[${host}]` : host);
  if (given.length > 0) return given.map(({ host = '', port: own = port }) => ({ host: inBrackets(host), port: own }));
  if (EVERYWHERE.has(address))
    throw new CommandError(
      `${file}: the listener answers on all addresses (${address}); name the nodes with --node, such as --node 10.0.0.11:${port}`,
    );
  return [{ host: inBrackets(address), port }];
}

function warningsOf({ mode, nodes, caFile }: HaproxySetup, config: Config): string[] {
  const warnings: string[] = [];
  if (mode === 'http' && config.listeners.every(({ trustedProxies }) => trustedProxies.length === 0))
    warnings.push(
      "http.trusted_proxies is empty: every caller has HAProxy's address until that is in it; callers with networks are refused",
    );
  if (caFile === undefined && nodes.some(({ host }) => !host.startsWith('127.') && host !== '[::1]'))
    warnings.push('the listener has no TLS: passwords cross the network to the nodes unencrypted');
  if (nodes.length > 1 && config.state.redis === undefined)
    warnings.push('state.redis is not set: each node counts and blocks for itself');
  return warnings;
}

const OPEN = 0o644;

function renderFiles(setup: HaproxySetup, trust: ServiceTrust | undefined): PlannedFile[] {
  const open = (path: string, text: string): PlannedFile => ({ path, text, mode: OPEN, isSecret: false });
  return [
    open('README.md', renderReadme(setup)),
    open(HAPROXY_FILES.conf, renderConf(setup)),
    ...(trust?.kind === 'own' ? [open(HAPROXY_FILES.ca, trust.pem)] : []),
  ];
}
