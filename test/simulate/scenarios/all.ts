import { EVERYDAY } from './everyday.ts';
import { GUESSING } from './guessing.ts';
import type { Scenario } from './scenario.ts';
import { SPRAYING } from './spraying.ts';

export const SCENARIOS: readonly Scenario[] = [...EVERYDAY, ...GUESSING, ...SPRAYING];
