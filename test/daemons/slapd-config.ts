import { readFile } from 'node:fs/promises';
import type { KeyPairFiles } from './certificate-authority.ts';

const SCHEMAS = '/etc/ldap/schema';
const ROOT_BY_SOCKET = 'gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth';

export interface SlapdConfig {
  readonly dataFolder: string;
  readonly baseDn: string;
  readonly sizeLimit: number;
  readonly tls: (KeyPairFiles & { readonly ca: string }) | undefined;
}

/** The cn=config of a bare slapd with an empty database, as a fresh Debian package leaves it, with TLS where wanted. */
export function renderSlapdConfig({ dataFolder, baseDn, sizeLimit, tls }: SlapdConfig): string {
  const tlsLines =
    tls === undefined
      ? ''
      : `olcTLSCACertificateFile: ${tls.ca}
olcTLSCertificateFile: ${tls.certificate}
olcTLSCertificateKeyFile: ${tls.key}
olcTLSVerifyClient: try
olcAuthzRegexp: "^cn=([^,]+)$" "cn=$1,ou=services,${baseDn}"
`;
  return `dn: cn=config
objectClass: olcGlobal
cn: config
olcThreads: 4
olcLogLevel: none
${tlsLines}
dn: olcDatabase={-1}frontend,cn=config
objectClass: olcDatabaseConfig
objectClass: olcFrontendConfig
olcDatabase: {-1}frontend
olcSizeLimit: ${sizeLimit}
olcAccess: {0}to * by dn.exact=${ROOT_BY_SOCKET} manage by * break
olcAccess: {1}to dn.exact="" by * read
olcAccess: {2}to dn.base="cn=Subschema" by * read

dn: olcDatabase=config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: config
olcAccess: to * by dn.exact=${ROOT_BY_SOCKET} manage by * break

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file://${SCHEMAS}/core.ldif
include: file://${SCHEMAS}/cosine.ldif
include: file://${SCHEMAS}/nis.ldif
include: file://${SCHEMAS}/inetorgperson.ldif

dn: cn=module{0},cn=config
objectClass: olcModuleList
cn: module{0}
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb

dn: olcDatabase=mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: mdb
olcDbMaxSize: 2147483648
olcDbNoSync: TRUE
olcSuffix: ${baseDn}
olcRootDN: cn=admin,${baseDn}
olcDbDirectory: ${dataFolder}
olcDbIndex: objectClass eq
olcDbIndex: cn,uid eq
olcDbIndex: uidNumber,gidNumber eq
olcDbIndex: member,memberUid eq
olcAccess: to attrs=userPassword by self write by anonymous auth by * none
olcAccess: to * by * read
`;
}

/** A file of integrations/openldap with the base DN put in place of the sample's. */
export async function readIntegration(name: string, baseDn: string): Promise<string> {
  const text = await readFile(new URL(`../../integrations/openldap/${name}`, import.meta.url), 'utf8');
  return text.replaceAll('dc=example,dc=test', baseDn);
}
