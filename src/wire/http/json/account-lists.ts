import type { ServerResponse } from 'node:http';
import type { ListAccounts } from '../../../decision/list-accounts.ts';
import type { Events } from '../../../telemetry/events.ts';
import { problemAnswer } from '../answer.ts';
import type { Exchange, WholeExchange } from '../exchange.ts';
import { chooseListForm, LISTED_TYPES, type ListForm } from './account-list-form.ts';
import { sendAccountList } from './account-list.ts';

export interface AccountListsParts {
  readonly listAccounts: ListAccounts;
  readonly events: Events;
  /** Gives the signal that ends a list which takes too long. */
  readonly listDeadline: () => AbortSignal;
}

/** How a door wants its lists. */
export interface ListManner {
  /** The forms, most welcome first. */
  readonly forms?: readonly ListForm[];
  /** Where problems are sent, if not as all others. */
  readonly problems?: WholeExchange;
}

/** Answers callers that ask for all accounts. */
export class AccountLists {
  readonly #parts: AccountListsParts;

  constructor(parts: AccountListsParts) {
    this.#parts = parts;
  }

  /** Sends the list in the form that `Accept` asks for. */
  send(exchange: Exchange, caller: string, { forms, problems = exchange }: ListManner = {}): void {
    const form = chooseListForm(exchange.headers.accept, forms);
    if (form === undefined)
      return problems.reject({ status: 406, error: `the list can be had as ${LISTED_TYPES}` }, caller);
    this.#list(exchange, caller, form, problems).catch((cause: unknown) => {
      if (exchange.isAnswered) exchange.fail(cause);
      else problems.fail(cause);
    });
  }

  async #list(exchange: Exchange, caller: string, form: ListForm, problems: WholeExchange): Promise<void> {
    const { res, session, method } = exchange;
    const started = performance.now();
    const signal = AbortSignal.any([this.#parts.listDeadline(), goneSignal(res)]);
    const answer = { res, session, form, signal, hasBody: method !== 'HEAD' };
    const { accounts, error } = await sendAccountList(answer, this.#parts.listAccounts(signal));
    const ms = performance.now() - started;
    this.#parts.events.listed({ session, caller, accounts, ms, ...(error !== undefined && { error }) });
    if (error === undefined) return;
    if (res.headersSent || res.destroyed) res.destroy();
    else problems.send(problemAnswer(session, { status: 500, error: 'the account list cannot be had now' }));
  }
}

/** Fires when the client goes away before it has its answer. */
function goneSignal(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort(new Error('the client went away'));
  });
  return gone.signal;
}
