import { setImmediate } from 'node:timers/promises';
import Type from 'typebox';
import type { CallerGate } from '../caller-gate.ts';
import type { Door, Exchange } from '../exchange.ts';
import { type DocumentParts, type JsonMap, openApiDocument } from './document.ts';
import { SESSION_HEADERS } from './header-shapes.ts';
import type { Operation, Operations } from './operation.ts';
import { CALLER_PROBLEMS, problemAnswers } from './problem-answers.ts';
import { yamlText } from './yaml-text.ts';

const JSON_PATH = '/api/v1/openapi.json';
const YAML_PATH = '/api/v1/openapi.yaml';
const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';

/** What can be asked about what can be asked. */
const OWN_OPERATIONS: Operations = {
  [JSON_PATH]: [descriptionOperation('describeByJson', JSON_TYPE)],
  [YAML_PATH]: [descriptionOperation('describeByYaml', YAML_TYPE)],
};

function descriptionOperation(id: string, type: string): Operation {
  return {
    id,
    methods: ['get', 'head'],
    tag: 'Description',
    summary: 'This description, of the paths that are served.',
    description: 'For any caller, whatever its scopes.',
    access: { kind: 'caller', scopes: [] },
    answers: {
      ...problemAnswers(CALLER_PROBLEMS),
      200: {
        description: 'OpenAPI 3.1.',
        headers: SESSION_HEADERS,
        bodies: {
          [type]:
            type === JSON_TYPE
              ? Type.Object({ openapi: Type.String() }, { additionalProperties: true })
              : Type.String(),
        },
      },
    },
  };
}

/**
 * `GET /api/v1/openapi.json` and `.yaml`: what can be asked of the service, for callers whatever their scopes. It tells nothing of
 * the configuration but which doors are there. Written when it is asked for first.
 */
export function openApiDoors(
  { version, operations, paths }: DocumentParts,
  gate: CallerGate,
): readonly (readonly [path: string, door: Door])[] {
  let known: Promise<JsonMap> | undefined;
  const all = { ...operations, ...OWN_OPERATIONS };
  const document = () =>
    (known ??= openApiDocument({ version, operations: all, paths: [...paths, JSON_PATH, YAML_PATH] }));
  return [
    [JSON_PATH, textDoor(JSON_TYPE, gate, async () => JSON.stringify(await document()))],
    [YAML_PATH, textDoor(YAML_TYPE, gate, async () => writeYaml(await document()))],
  ];
}

/** Others are not to wait for all of it. */
async function writeYaml(document: JsonMap): Promise<string> {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(document)) {
    if (key !== 'paths') {
      parts.push(yamlText({ [key]: value }));
      continue;
    }
    parts.push(`${key}:\n`);
    for (const [path, item] of Object.entries(value as JsonMap)) {
      parts.push(yamlText({ [path]: item }, '  '));
      await setImmediate();
    }
  }
  return parts.join('');
}

function textDoor(type: string, gate: CallerGate, write: () => Promise<string>): Door {
  let written: Promise<string> | undefined;
  const send = async ({ res, session }: Exchange) => {
    const text = await (written ??= write());
    const length = String(Buffer.byteLength(text));
    const about = ['Content-Type', `${type}; charset=utf-8`, 'Cache-Control', 'no-store', 'Content-Length', length];
    res.writeHead(200, ['X-Nauthilus-Session', session, ...about]);
    res.end(text);
  };
  return {
    name: 'openapi',
    open(exchange) {
      const { method } = exchange;
      if (method !== 'GET' && method !== 'HEAD')
        return exchange.reject({
          status: 405,
          error: 'only GET and HEAD are allowed',
          headers: ['Allow', 'GET, HEAD'],
        });
      gate.enter(exchange, () => {
        send(exchange).catch((cause: unknown) => exchange.fail(cause));
      });
    },
  };
}
