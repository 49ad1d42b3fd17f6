import { describeBackend } from '../../src/backends/conformance.ts';
import { MemoryBackend } from './memory-backend.ts';

describeBackend('memory', {
  open: (accounts) => Promise.resolve(new MemoryBackend(accounts)),
});
