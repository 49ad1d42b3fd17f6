import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './run-tool.ts';

/** Paths of a certificate and its key, both PEM. */
export interface KeyPairFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateRequest {
  /** Common name, and start of the files' names. */
  readonly name: string;
  /** Subject alternative names in OpenSSL's form; a client's certificate has none. */
  readonly altNames?: readonly string[];
  readonly isExpired?: boolean;
  /** For a client, whether or not it has alternative names. */
  readonly isForClient?: boolean;
}

export interface CertificateAuthority {
  /** The authority's own certificate, to be trusted. */
  readonly certificate: string;
  issue(request: CertificateRequest): Promise<KeyPairFiles>;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A private certificate authority in `folder`, made by openssl. */
export async function createAuthority(folder: string): Promise<CertificateAuthority> {
  const certificate = join(folder, 'ca.pem');
  const caKey = join(folder, 'ca-key.pem');
  const subject = ['-subj', '/CN=Test authority', '-days', '30'];
  await runTool(['openssl', 'req', '-x509', ...KEY, ...subject, '-keyout', caKey, '-out', certificate]);

  async function issue({
    name,
    altNames = [],
    isExpired = false,
    isForClient,
  }: CertificateRequest): Promise<KeyPairFiles> {
    const files = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) };
    const request = join(folder, `${name}.csr`);
    const extensions = join(folder, `${name}.ext`);
    const usage = (isForClient ?? altNames.length === 0) ? 'clientAuth' : 'serverAuth';
    const lines = ['basicConstraints=CA:FALSE', `extendedKeyUsage=${usage}`];
    if (altNames.length > 0) lines.push(`subjectAltName=${altNames.join(',')}`);
    await writeFile(extensions, `${lines.join('\n')}\n`);
    await runTool(['openssl', 'req', '-new', ...KEY, '-subj', `/CN=${name}`, '-keyout', files.key, '-out', request]);
    const signer = ['-CA', certificate, '-CAkey', caKey, '-CAcreateserial', '-days', isExpired ? '-1' : '30'];
    await runTool([
      'openssl',
      'x509',
      '-req',
      '-in',
      request,
      ...signer,
      '-extfile',
      extensions,
      '-out',
      files.certificate,
    ]);
    return files;
  }

  return { certificate, issue };
}
