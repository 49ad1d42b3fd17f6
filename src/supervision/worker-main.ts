/**
 * The program of a worker. It is apart from the command line, whose commands it would read in vain at each start.
 *
 * @module
 */
import { readConfigText } from '../config/load.ts';
import { readVersion } from '../version.ts';
import { runWorker } from './worker.ts';

// Who reads standard error may go away at any time; that must not end a service.
process.stderr.on('error', () => {});
await runWorker(readVersion(), ({ text, file }) => readConfigText(text, file, process.env).config);
