export type AccountEditCode =
  | 'account-exists'
  | 'no-such-account'
  | 'invalid-name'
  | 'invalid-field'
  | 'file-locked'
  | 'file-changing'
  | 'file-unusable';

/** An edit was not made and the file is as it was; the message is for whoever asked for the edit. */
export class AccountEditError extends Error {
  override readonly name = 'AccountEditError';
  readonly code: AccountEditCode;

  constructor(code: AccountEditCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
