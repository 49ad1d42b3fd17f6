import type { LdapFailure } from '../ldap-failure.ts';

/** Figures of a pool as they are now. */
export interface PoolGauges {
  readonly open: number;
  readonly inFlight: number;
  readonly waiting: number;
}

/** What was last seen to go wrong with a server, until something goes well again. */
export class PoolHealth {
  #lastFailure: LdapFailure | undefined;

  get lastFailure(): LdapFailure | undefined {
    return this.#lastFailure;
  }

  sawFailure(failure: LdapFailure): void {
    this.#lastFailure = failure;
  }

  sawAnswer(): void {
    this.#lastFailure = undefined;
  }
}
