import { ImageError, type ImageSigner, quoteForeign } from '@crossdock/core'
import type * as OpenPgp from 'openpgp'
import { loadOpenPgp } from './openpgp-library.ts'
import { readSecretKeys } from './secret-keys.ts'
import { simpleSigner, type SimpleSignerOptions } from './simple-signer.ts'
import { checkKeyStrength, verifyConfig } from './strength.ts'
import { verifySimpleSignature } from './verify-simple.ts'

export interface OpenPgpSignerOptions extends SimpleSignerOptions {
  /** As `gpg --export-secret-keys` writes it, binary or armoured. */
  readonly secretKey: Uint8Array
  /** What the key is protected with, if it is. */
  readonly passphrase?: string | undefined
  /** Which key of several it is: the fingerprint of a primary key or of a sub-key. */
  readonly fingerprint?: string | undefined
}

/**
 * Signs with an exported secret key. Of a key with sub-keys the newest one that may sign does so, as with GnuPG. The key is unlocked
 * and judged here, once: what it signs is accepted by `verifySimpleSignature`.
 *
 * Throws `INVALID_DATA` for a file without a secret key, with several or without the one that is asked for, for a wrong passphrase,
 * and for a key that is expired, revoked, weak or not for signing.
 */
export async function openPgpSigner({
  secretKey,
  passphrase,
  fingerprint,
  ...options
}: OpenPgpSignerOptions): Promise<ImageSigner> {
  const openpgp = await loadOpenPgp()
  const config = verifyConfig(openpgp)
  const key = await chooseKey(openpgp, { secretKey, fingerprint })
  const signer = await signingKey(key, { date: options.now?.() ?? new Date(), config, fingerprint })
  await unlock(signer, passphrase)
  return simpleSigner(async (content, { date }) => {
    const bytes = await openpgp.sign({
      message: await openpgp.createMessage({ binary: content, date }),
      signingKeys: key,
      signingKeyIDs: signer.getKeyID(),
      format: 'binary',
      date,
      config,
    })
    await verifySimpleSignature(bytes, { keyRings: [key.toPublic().write()], now: date })
    return bytes
  }, options)
}

async function chooseKey(
  openpgp: typeof OpenPgp,
  { secretKey, fingerprint }: Pick<OpenPgpSignerOptions, 'secretKey' | 'fingerprint'>,
): Promise<OpenPgp.PrivateKey> {
  const keys = await readSecretKeys(openpgp, secretKey)
  const wanted = keys.filter((key) => fingerprint === undefined || hasKey(key, fingerprint))
  const [key] = wanted
  if (key !== undefined && wanted.length === 1) return key
  const known = keys.map((each) => fingerprintOf(each)).join(', ')
  throw new ImageError(
    'INVALID_DATA',
    fingerprint === undefined
      ? `the file has several secret keys; say which one is meant: ${known}`
      : `the file does not have the secret key ${quoteForeign(fingerprint, 100)}; it has ${known}`,
  )
}

function hasKey(key: OpenPgp.PrivateKey, fingerprint: string): boolean {
  return key.getKeys().some((each) => fingerprintOf(each) === fingerprint)
}

interface Choice {
  readonly date: Date
  readonly config: OpenPgp.Config
  readonly fingerprint: string | undefined
}

type SigningKey = OpenPgp.PrivateKey | OpenPgp.Subkey

async function signingKey(key: OpenPgp.PrivateKey, { date, config, fingerprint }: Choice): Promise<SigningKey> {
  // The fingerprint of a primary key stands for the whole.
  const subkey = key.getSubkeys().find((each) => fingerprintOf(each) === fingerprint)
  try {
    checkKeyStrength(key)
    const signer = await key.getSigningKey(subkey?.getKeyID(), date, undefined, config)
    checkKeyStrength(signer)
    return signer
  } catch (cause) {
    throw new ImageError('INVALID_DATA', `the key ${fingerprintOf(key)} cannot sign: ${reasonOf(cause)}`, { cause })
  }
}

/** Nothing of the passphrase or the key may be in a message: the library's are not shown. */
async function unlock(signer: SigningKey, passphrase: string | undefined): Promise<void> {
  const { keyPacket } = signer
  const name = fingerprintOf(signer)
  if (!('decrypt' in keyPacket) || keyPacket.isMissingSecretKeyMaterial()) {
    throw new ImageError('INVALID_DATA', `the file has no secret part of the key ${name}, which would sign`)
  }
  if (keyPacket.isDecrypted()) return
  if (passphrase === undefined) {
    throw new ImageError('INVALID_DATA', `the secret key ${name} is protected, and no passphrase is given`)
  }
  try {
    await keyPacket.decrypt(passphrase)
    await keyPacket.validate()
  } catch (cause) {
    throw new ImageError('INVALID_DATA', `the passphrase does not open the secret key ${name}`, { cause })
  }
}

function fingerprintOf(key: Pick<SigningKey, 'getFingerprint'>): string {
  return key.getFingerprint().toUpperCase()
}

function reasonOf(error: unknown): string {
  return quoteForeign(error instanceof Error ? error.message : String(error), 300)
}
