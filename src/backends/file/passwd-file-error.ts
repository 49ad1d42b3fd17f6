import type { PasswdFileProblem } from './passwd-file.ts';

/** A file of accounts cannot be served; the message is for operators and names the file and its broken lines. */
export class PasswdFileError extends Error {
  override readonly name = 'PasswdFileError';
  readonly code = 'accounts-file-unusable';
  readonly problem: PasswdFileProblem;

  constructor(path: string, problem: PasswdFileProblem) {
    super(messageFor(path, problem));
    this.problem = problem;
  }
}

function messageFor(path: string, problem: PasswdFileProblem): string {
  if (problem.kind !== 'broken') return `${path}: ${describeProblem(problem)}`;
  const lines = problem.lines.map(({ line, reason }) => `${path}:${line}: ${reason}`);
  return [...lines, ...(problem.hasMore ? [`${path}: more lines are broken`] : [])].join('\n');
}

/** The problem in one sentence. */
export function describeProblem(problem: PasswdFileProblem): string {
  switch (problem.kind) {
    case 'changing':
      return 'the file is being written to all the time';
    case 'unreadable':
      return problem.reason;
    case 'broken': {
      const [first] = problem.lines;
      const others = problem.lines.length > 1 ? ', and other lines are broken' : '';
      return first === undefined ? 'lines are broken' : `line ${first.line}: ${first.reason}${others}`;
    }
  }
}
