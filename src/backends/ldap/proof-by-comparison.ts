import type { Secret } from '../../login/secret.ts';
import type { DecoyHashes } from '../../passwords/decoy-hashes.ts';
import type { CheckResult, PasswordChecks } from '../../passwords/password-checks.ts';
import type { FoundEntry } from './account-finder.ts';
import { PASSWORD_ATTRIBUTE } from './account-search.ts';
import type { PasswordProof, Proof } from './password-proof.ts';
import { readUserPassword } from './user-password.ts';

const WRONG: Proof = { kind: 'wrong' };

/** Proves passwords here, against the values of `userPassword`: any of them may be the right one. */
export class ProofByComparison implements PasswordProof {
  readonly #checks: PasswordChecks;
  readonly #decoys: DecoyHashes;

  constructor(checks: PasswordChecks, decoys: DecoyHashes) {
    this.#checks = checks;
    this.#decoys = decoys;
  }

  async prove({ entry }: FoundEntry, password: Secret, signal: AbortSignal): Promise<Proof> {
    const values = entry.values(PASSWORD_ATTRIBUTE).map(readUserPassword);
    if (values.length === 0) return unclear(`the entry has no ${PASSWORD_ATTRIBUTE} that the service account may read`);
    let unread: Proof | undefined;
    for (const value of values) {
      if (value.kind === 'problem') {
        unread ??= unclear(`a value of ${PASSWORD_ATTRIBUTE} cannot be used: ${value.message}`);
        continue;
      }
      this.#decoys.count(value);
      const checked = await this.#checks.check(value, password, signal);
      if (checked === 'match') return { kind: 'right' };
      if (checked !== 'mismatch') unread ??= checked;
    }
    // A value that nobody here can read may be the one that the password is for.
    return unread ?? WRONG;
  }

  async proveNobody(name: string, password: Secret, signal: AbortSignal): Promise<void> {
    const checked: CheckResult | Promise<CheckResult> = this.#checks.check(this.#decoys.for(name), password, signal);
    await checked;
  }
}

function unclear(detail: string): Proof {
  return { kind: 'unavailable', overloaded: false, detail };
}
