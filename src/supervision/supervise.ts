import { Crew } from './crew.ts';
import { LoneProcess } from './lone-process.ts';
import type { Supervised, SupervisionOptions } from './supervised.ts';

/** Starts the service in as many processes as its configuration says. @throws {ConfigError | WorkerStartError} */
export async function supervise(options: SupervisionOptions): Promise<Supervised> {
  const source = await options.readSource();
  const config = options.readConfig(source);
  return config.workers > 1 ? Crew.start({ source, config }, options) : LoneProcess.start(config, options);
}
