import { readFileSync } from 'node:fs';
import Type from 'typebox';
import { type About, Path, type ResolveContext, Section } from '../../config/fields.ts';
import { MAX_SOCKET_PATH_BYTES, type UnixSocketPlace } from './unix-socket.ts';

/** A unix socket to listen on, as listeners of any kind have it in their settings. */
export function UnixSocket(about: About) {
  return Section(
    {
      path: Path({
        description:
          'Path of the unix socket. What a dead process left there is replaced; the socket is removed when the service stops.',
        examples: ['/run/nauthilus/auth.sock'],
      }),
      owner: Type.Optional(
        UserOrGroup({
          description:
            'User who owns the socket, by name or number; without it the one the service runs as. Only root can give it away.',
          examples: ['postfix'],
        }),
      ),
      group: Type.Optional(
        UserOrGroup({
          description:
            'Group of the socket, by name or number; without it that of the user the service runs as, who must be in the group unless it is root.',
          examples: ['postfix'],
        }),
      ),
      mode: Type.String({
        description: 'Permissions of the socket in octal, as a text: who may write to it may ask.',
        default: '0660',
        examples: ['0600'],
        pattern: '^0?[0-7]{3}$',
      }),
    },
    about,
  );
}

function UserOrGroup(about: About) {
  return Type.String({ ...about, pattern: '^([0-9]{1,9}|[A-Za-z_][A-Za-z0-9_.-]{0,31})$' });
}

export interface UnixSocketSettings {
  readonly path: string;
  readonly owner?: string;
  readonly group?: string;
  readonly mode: string;
}

const WRITABLE_BY_ALL = 0o002;

/** Resolves a {@link UnixSocket}; `context` is that of the section itself. */
export function resolveUnixSocket(raw: UnixSocketSettings, context: ResolveContext): UnixSocketPlace {
  const path = context.resolvePath(raw.path);
  const mode = Number.parseInt(raw.mode, 8);
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES)
    context.problem('path', `is longer than ${MAX_SOCKET_PATH_BYTES} bytes, more than the system can take: ${path}`);
  if ((mode & WRITABLE_BY_ALL) !== 0)
    context.warning('mode', 'lets every user of this machine ask about logins; use 0660 and a group');
  const idOf = (key: 'owner' | 'group', file: string) => {
    const name = raw[key];
    if (name === undefined) return undefined;
    const id = /^[0-9]+$/.test(name) ? Number(name) : findId(name, file);
    if (id === undefined) context.problem(key, `${name} is not in ${file}; a number can be given instead`);
    return id;
  };
  return { path, mode, owner: idOf('owner', '/etc/passwd'), group: idOf('group', '/etc/group') };
}

/** The number of a user or group in a file of the form of passwd(5) and group(5). */
function findId(name: string, file: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const line = text.split('\n').find((one) => one.startsWith(`${name}:`));
  const id = line?.split(':')[2];
  return id === undefined || !/^[0-9]+$/.test(id) ? undefined : Number(id);
}
