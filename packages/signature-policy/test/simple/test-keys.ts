import * as openpgp from 'openpgp'

/** A moment at which every key made here is valid, unless it says otherwise. */
export const NOW = new Date('2026-03-01T12:00:00Z')
export const HOUR_MS = 3_600_000

export interface TestKey {
  readonly secret: openpgp.PrivateKey
  readonly publicBytes: Uint8Array
  readonly secretBytes: Uint8Array
  /** Of the primary key, in capitals. */
  readonly fingerprint: string
}

export interface TestKeyOptions extends Partial<openpgp.KeyOptions> {
  /** Whether a sub-key of its own signs. */
  readonly signingSubkey?: boolean
}

/** A key of Ed25519, two hours older than `NOW`, which never expires. */
export async function makeKey({ signingSubkey = false, ...options }: TestKeyOptions = {}): Promise<TestKey> {
  const { privateKey } = await openpgp.generateKey({
    userIDs: { name: 'Tess', email: 'tess@example.com' },
    curve: 'ed25519Legacy',
    date: before(2 * HOUR_MS),
    subkeys: signingSubkey ? [{ sign: true }] : [],
    ...options,
    format: 'object',
  })
  return asTestKey(privateKey)
}

export function asTestKey(secret: openpgp.PrivateKey): TestKey {
  return {
    secret,
    publicBytes: secret.toPublic().write(),
    secretBytes: secret.write(),
    fingerprint: secret.getFingerprint().toUpperCase(),
  }
}

export function before(milliseconds: number): Date {
  return new Date(NOW.getTime() - milliseconds)
}

export interface SigningOptions {
  readonly date?: Date
  readonly config?: openpgp.PartialConfig
}

/** A signed message over text, made by the library. */
export async function signText(
  text: string,
  { secret }: TestKey,
  { date = before(HOUR_MS), config = {} }: SigningOptions = {},
): Promise<Uint8Array> {
  return await openpgp.sign({
    message: await openpgp.createMessage({ binary: Buffer.from(text), date }),
    signingKeys: secret,
    format: 'binary',
    date,
    config,
  })
}
