import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a certificate for signing says; everything has a good default. */
export interface LeafForm {
  readonly authority?: string
  readonly names?: string
  /** Values of the issuer's extensions, the first and the second version; undefined leaves one out. */
  readonly issuer?: readonly [first?: string | undefined, second?: string]
  readonly usage?: string
  readonly from?: string
  readonly to?: string
}

export interface Leaf {
  readonly key: string
  readonly certificate: string
}

/** Certificates by openssl, in the times of the tables: authorities hold from 2023 to 2123. */
export interface Authorities {
  readonly certificates: Readonly<Record<string, string>>
  leaf(form: LeafForm): Leaf
}

const ISSUER = 'https://issuer.example.com'
export const EMAIL = 'signer@example.com'

export function createAuthorities(folder: string): Authorities {
  mkdirSync(folder, { recursive: true })
  const authority = (name: string, signedBy = name): string => {
    generateKey(folder, name)
    return issue(folder, {
      name,
      signedBy,
      extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign',
    })
  }
  const certificates = {
    root: authority('root'),
    otherRoot: authority('otherRoot'),
    intermediate: authority('intermediate', 'root'),
  }
  let leaves = 0
  const leaf = (form: LeafForm): Leaf => {
    const name = `leaf${(leaves += 1)}`
    generateKey(folder, name)
    const certificate = issue(folder, {
      name,
      signedBy: form.authority ?? 'root',
      extensions: extensionsOf(form),
      ...form,
    })
    return { key: readFileSync(join(folder, `${name}.key`), 'utf8'), certificate }
  }
  return { certificates, leaf }
}

function extensionsOf({
  names = `email:${EMAIL}`,
  issuer = [ISSUER, ISSUER],
  usage = 'codeSigning',
}: LeafForm): string {
  const [first, second] = issuer
  return [
    'keyUsage=critical,digitalSignature',
    ...(usage === '' ? [] : [`extendedKeyUsage=${usage}`]),
    ...(names === '' ? [] : [`subjectAltName=critical,${names}`]),
    ...(first === undefined ? [] : [`1.3.6.1.4.1.57264.1.1=DER:${hex(first)}`]),
    ...(second === undefined ? [] : [`1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:${second}`]),
  ].join('\n')
}

function hex(text: string): string {
  return [...Buffer.from(text)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

function generateKey(folder: string, name: string): void {
  openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', join(folder, `${name}.key`)])
}

interface Issue {
  readonly name: string
  readonly signedBy: string
  readonly extensions: string
  readonly from?: string
  readonly to?: string
}

function issue(
  folder: string,
  { name, signedBy, extensions, from = '20230101000000Z', to = '21230101000000Z' }: Issue,
): string {
  const path = (file: string): string => join(folder, file)
  writeFileSync(path('index.txt'), '')
  writeFileSync(
    path(`${name}.ext`),
    `[ca]\ndefault_ca=d\n[d]\ndatabase=${path('index.txt')}\nnew_certs_dir=${folder}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\nemail_in_dn=no\nunique_subject=no\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\n${extensions}\n`,
  )
  openssl(['req', '-new', '-key', path(`${name}.key`), '-subj', `/CN=${name}`, '-out', path(`${name}.csr`)])
  const signer = name === signedBy ? ['-selfsign'] : ['-cert', path(`${signedBy}.crt`)]
  const files = ['-config', path(`${name}.ext`), '-in', path(`${name}.csr`), '-out', path(`${name}.crt`)]
  const times = ['-startdate', from, '-enddate', to]
  openssl(['ca', '-batch', '-notext', ...files, ...times, '-keyfile', path(`${signedBy}.key`), ...signer])
  return readFileSync(path(`${name}.crt`), 'utf8')
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
