import { runCommandLine } from './cli/command-line.ts';
import { processIo } from './cli/process-io.ts';

await runCommandLine(process.argv.slice(2), processIo());
