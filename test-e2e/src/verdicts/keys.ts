import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A GnuPG home with the keys that signatures of the tables are made with. None of them is of use to anybody. */
export interface GnuPg {
  /** Primary fingerprints by name of the key. */
  readonly fingerprints: Readonly<Record<string, string>>
  /** What gpg writes for these bytes; `at` is the time that it believes it is, long ago by
   * default, so that signatures are of the past on every clock. */
  readonly run: (args: readonly string[], input?: Uint8Array, at?: string) => Buffer
  /** Revokes the sub-key and the key that are to be revoked, after everything was signed, and writes the public keys. */
  readonly finish: () => void
  /** The public keys of these names, as a binary ring. */
  readonly ring: (names: readonly string[]) => Buffer
}

interface KeyForm {
  readonly algorithm: string
  readonly usage?: string
  readonly expires?: string
  readonly at?: string
}

const FORMS: Readonly<Record<string, KeyForm>> = {
  good: { algorithm: 'rsa3072' },
  second: { algorithm: 'rsa2048' },
  ed25519: { algorithm: 'ed25519' },
  nistp256: { algorithm: 'nistp256' },
  nistp521: { algorithm: 'nistp521' },
  dsa: { algorithm: 'dsa2048' },
  weak: { algorithm: 'rsa1024' },
  expired: { algorithm: 'rsa2048', expires: '20210101T000000', at: '20200101T000000' },
  revoked: { algorithm: 'rsa2048' },
  subkey: { algorithm: 'ed25519', usage: 'cert' },
  subkeyRevoked: { algorithm: 'ed25519', usage: 'cert' },
}

export function createGnuPg(home: string, keysFolder: string): GnuPg {
  mkdirSync(home, { mode: 0o700, recursive: true })
  writeFileSync(join(home, 'gpg-agent.conf'), 'allow-loopback-pinentry\n')
  const run: GnuPg['run'] = (args, input = new Uint8Array(), at = '20240101T000000') =>
    execFileSync(
      'gpg',
      [
        '--homedir',
        home,
        '--batch',
        '--yes',
        '--no-tty',
        '--pinentry-mode',
        'loopback',
        '--passphrase',
        '',
        '--trust-model',
        'always',
        '--faked-system-time',
        at,
        ...args,
      ],
      { input, stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 256 * 1024 * 1024 },
    )
  const fingerprints = Object.fromEntries(
    Object.entries(FORMS).map(([name, form]) => [name, createKey(run, name, form)]),
  )
  addSubkey(run, fingerprints['subkey'] ?? '')
  addSubkey(run, fingerprints['subkeyRevoked'] ?? '')
  const gnupg: GnuPg = {
    fingerprints,
    run,
    ring: (names) => run(['--export', ...names.map((name) => fingerprints[name] ?? '')]),
    finish: () => {
      revokeSubkey(run, fingerprints['subkeyRevoked'] ?? '')
      revoke(gnupg, { home })
      writeRings(gnupg, keysFolder)
      execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'])
    },
  }
  return gnupg
}

function createKey(
  run: GnuPg['run'],
  name: string,
  { algorithm, usage = 'sign', expires = 'never', at }: KeyForm,
): string {
  run(['--quick-gen-key', `${name} <${name}@example.com>`, algorithm, usage, expires], undefined, at)
  const listed = run(['--with-colons', '--list-keys', `=${name} <${name}@example.com>`]).toString()
  return /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? ''
}

function addSubkey(run: GnuPg['run'], fingerprint: string): void {
  run(['--quick-add-key', fingerprint, 'rsa2048', 'sign', 'never'])
}

function revokeSubkey(run: GnuPg['run'], fingerprint: string): void {
  run(['--command-fd', '0', '--no-batch', '--edit-key', fingerprint], Buffer.from('key 1\nrevkey\ny\n0\n\ny\nsave\n'))
}

/** With the certificate that gpg made beside the key. */
function revoke({ fingerprints, run }: GnuPg, { home }: { readonly home: string }): void {
  const file = join(home, 'openpgp-revocs.d', `${fingerprints['revoked'] ?? ''}.rev`)
  run(['--import'], Buffer.from(readFileSync(file, 'utf8').replace(/^:-----/m, '-----')))
}

function writeRings(gnupg: GnuPg, folder: string): void {
  mkdirSync(folder, { recursive: true })
  const write = (name: string, bytes: Uint8Array): void => writeFileSync(join(folder, name), bytes)
  for (const name of Object.keys(FORMS)) write(`${name}.gpg`, gnupg.ring([name]))
  write('both.gpg', gnupg.ring(['good', 'second']))
  write('good.asc', gnupg.run(['--armor', '--export', gnupg.fingerprints['good'] ?? '']))
  write(
    'both.asc',
    Buffer.concat(['second', 'good'].map((name) => gnupg.run(['--armor', '--export', gnupg.fingerprints[name] ?? '']))),
  )
  write('empty.gpg', new Uint8Array())
  write('garbage.gpg', Buffer.from('this is no key\n'))
}
