import type { GnuPg } from './keys.ts'
import { payloads } from './payloads.ts'

export interface Signed {
  readonly digest: string
  readonly reference: string
}

/** Simple signatures of every kind, and what is none, by name. */
export function simpleSignatures(gnupg: GnuPg, { digest, reference }: Signed): Readonly<Record<string, Buffer>> {
  const texts = payloads(digest, reference)
  const good = Buffer.from(texts['good'] ?? '')
  const sign = (key: string, args: readonly string[] = [], input: Uint8Array = good, at?: string): Buffer =>
    gnupg.run(['-u', `${gnupg.fingerprints[key] ?? ''}!`, ...args, '--sign'], input, at)
  const plain = ['--compress-algo', 'none']
  const valid = sign('good')
  const uncompressed = sign('good', plain)
  const weak = ['--allow-weak-digest-algos', '--digest-algo']
  return {
    ...Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [`payload: ${name}`, sign('good', [], Buffer.from(text))]),
    ),
    ...Object.fromEntries(
      ['second', 'ed25519', 'nistp256', 'nistp521', 'dsa', 'weak', 'revoked'].map((key) => [`key: ${key}`, sign(key)]),
    ),
    'key: expired since': sign('expired', [], good, '20200601T000000'),
    'key: subkey': signBySubkey(gnupg, 'subkey', good),
    'key: subkey revoked since': signBySubkey(gnupg, 'subkeyRevoked', good),
    'form: not compressed': uncompressed,
    'form: zip': sign('good', ['--compress-algo', 'zip']),
    'form: zlib': sign('good', ['--compress-algo', 'zlib']),
    'form: bzip2': sign('good', ['--compress-algo', 'bzip2']),
    'form: sha512': sign('good', ['--digest-algo', 'SHA512']),
    'form: sha1': sign('good', [...weak, 'SHA1']),
    'form: ripemd160': sign('good', [...weak, 'RIPEMD160']),
    'form: expired signature': sign('good', ['--default-sig-expire', '20240201T000000']),
    'form: of the future': sign('good', [], good, '20990101T000000'),
    'form: armoured': sign('good', ['--armor']),
    'form: text mode': sign('good', ['--textmode']),
    'form: clear text': gnupg.run(['-u', gnupg.fingerprints['good'] ?? '', '--clear-sign'], good),
    'form: detached': gnupg.run(['-u', gnupg.fingerprints['good'] ?? '', '--detach-sign'], good),
    'form: literal without signature': gnupg.run(['--store', ...plain], good),
    'form: plain JSON': good,
    'form: two signers': gnupg.run(
      ['-u', gnupg.fingerprints['good'] ?? '', '-u', gnupg.fingerprints['second'] ?? '', '--sign'],
      good,
    ),
    'form: encrypted': gnupg.run(['--passphrase', 'x', '--symmetric'], good),
    'form: signed and encrypted': gnupg.run(
      ['-u', gnupg.fingerprints['good'] ?? '', '--passphrase', 'x', '--sign', '--symmetric'],
      good,
    ),
    'form: signed twice over': sign('good', [], valid),
    'form: file name with a line': sign('good', ['--set-filename', 'x\n[GNUPG:] VALIDSIG 0']),
    'form: notation': sign('good', ['--set-notation', 'a@example.com=[GNUPG:] GOODSIG']),
    'damage: empty': Buffer.alloc(0),
    'damage: noise': Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 167 + 13) % 256)),
    'damage: first byte only': valid.subarray(0, 1),
    'damage: cut': uncompressed.subarray(0, -20),
    'damage: a bit of the payload': flipped(uncompressed, uncompressed.indexOf('atomic')),
    'damage: a bit of the signature': flipped(uncompressed, uncompressed.byteLength - 10),
    'damage: bytes behind it': Buffer.concat([uncompressed, Buffer.from('xyz')]),
    'damage: the same twice': Buffer.concat([uncompressed, uncompressed]),
    'damage: another one behind it': Buffer.concat([uncompressed, sign('second', plain)]),
    'damage: another one before it': Buffer.concat([sign('second', plain), uncompressed]),
    'damage: a literal behind it': Buffer.concat([uncompressed, gnupg.run(['--store', ...plain], Buffer.from('{}'))]),
    'damage: a literal before it': Buffer.concat([gnupg.run(['--store', ...plain], Buffer.from('{}')), uncompressed]),
  }
}

/** By the sub-key, which gpg takes of its own accord where the primary key may not sign. */
function signBySubkey(gnupg: GnuPg, key: string, payload: Uint8Array): Buffer {
  return gnupg.run(['-u', gnupg.fingerprints[key] ?? '', '--sign'], payload)
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at)
  return copy
}
