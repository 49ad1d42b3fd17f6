import path from 'node:path';
import Type from 'typebox';
import { Path, type ResolveContext, Section } from '../../config/fields.ts';

export const ControlSchema = Section(
  {
    socket: Type.Optional(
      Path({
        description:
          'Unix socket on which commands such as `nauthilus reload` talk to the running service; only the user it runs as can open it. Without this setting it is `/run/nauthilus/control.sock` for a configuration below `/etc`, else `run/control.sock` beside the configuration.',
        examples: ['/run/nauthilus/control.sock'],
      }),
    ),
  },
  { description: 'How commands reach the running service.', default: {} },
);

export interface ControlConfig {
  readonly socket: string;
  /** Whether the configuration names it; a service that cannot have the usual one goes on without. */
  readonly isNamed: boolean;
}

const INSTALLED = '/run/nauthilus/control.sock';

export function resolveControl({ socket }: Type.Static<typeof ControlSchema>, context: ResolveContext): ControlConfig {
  if (socket === undefined) return { socket: usualControlSocket(context.resolvePath('.')), isNamed: false };
  return { socket: context.resolvePath(socket), isNamed: true };
}

/** Where the control socket is when the configuration in `folder`, an absolute path, does not say. */
export function usualControlSocket(folder: string): string {
  return folder === '/etc' || folder.startsWith('/etc/') ? INSTALLED : path.join(folder, 'run', 'control.sock');
}
