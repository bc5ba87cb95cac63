import { ImageError, quoteForeign } from '@crossdock/core'
import type * as OpenPgp from 'openpgp'
import { keyIdOf } from './fingerprint.ts'
import { type PublicKey, readKeyRing } from './key-ring.ts'
import { checkKeyStrength, checkSignatureStrength, verifyConfig } from './strength.ts'
import { loadOpenPgp } from './openpgp-library.ts'
import { TAG } from './openpgp-packets.ts'
import { writePackets } from './write-packets.ts'

export interface VerifyOptions {
  /** Files of public keys, as `readKeyRing` reads them: whatever one of these keys signed holds. */
  readonly keyRings: readonly Uint8Array[]
  readonly now: Date
}

/** What was signed, at once or as a stream that can be read anew for each key that is tried; and the body of the signature packet. */
export interface ContentToVerify {
  readonly content: Uint8Array | (() => AsyncIterable<Uint8Array>)
  readonly signature: Uint8Array
}

export interface VerifiedSigner {
  /** Of the primary key, whichever of its keys signed: upper-case hexadecimal digits. */
  readonly fingerprint: string
  /** Of the key that signed: the primary one, or a sub-key of it. */
  readonly signingKey: string
  /** As the key has them; nobody has checked that they are right. */
  readonly userIds: readonly string[]
  /** When the signature says that it was made. */
  readonly signedAt: Date
}

/** A signature over bytes as they are, not over lines of text or over a key. */
const BINARY_DOCUMENT = 0
/** How far the clocks of two machines may be apart. */
const CLOCK_SKEW_MS = 10 * 60 * 1000

/**
 * Verifies a signature over bytes. Who signed is the key that fits, never what the signature says about its issuer. The key must be valid
 * now and when it signed, the signature not expired and at most ten minutes in the future, and neither of them weak.
 *
 * Throws `REJECTED_BY_POLICY` and `INVALID_DATA` as `verifySimpleSignature` does.
 */
export async function verifyContent(
  { content, signature }: ContentToVerify,
  { keyRings, now }: VerifyOptions,
): Promise<VerifiedSigner> {
  checkForm(signature)
  const openpgp = await loadOpenPgp()
  const { packet } = await readSignature(openpgp, signature)
  checkSignatureStrength(packet)
  const signedAt = checkTimes(packet, now)
  const keyId = packet.issuerKeyID.toHex().toUpperCase()
  const candidates = keyRings.flatMap((ring) => readKeyRing(ring)).filter((key) => hasKey(key, keyId))
  if (candidates.length === 0) throw refused(`it is by the key ${keyId}, which is none of the trusted ones`)
  const reasons: string[] = []
  for (const copies of Map.groupBy(candidates, ({ fingerprint }) => fingerprint).values()) {
    try {
      return { ...(await verifyBy(openpgp, { copies, content, signature, date: later(now, signedAt) })), signedAt }
    } catch (error) {
      reasons.push(`by the key ${copies[0]?.fingerprint ?? ''} it does not hold: ${reasonOf(error)}`)
    }
  }
  throw refused(reasons.join('; '))
}

/** RFC 9580, 5.2.3. Version 3 is the one whose times are not told apart from what anybody may change. */
function checkForm([version, type]: Uint8Array): void {
  if (version === 3) throw refused('it is of version 3, which cannot say when it expires; sign anew')
  if (version !== 4 && version !== 6) throw refused(`it is of version ${version ?? 'none'}; 4 and 6 are supported`)
  if (type !== BINARY_DOCUMENT) {
    throw refused(`it is of the type ${type ?? 'none'}; only one over bytes as they are (0) is accepted`)
  }
}

interface ReadSignature {
  readonly whole: OpenPgp.Signature
  readonly packet: OpenPgp.SignaturePacket
}

/** What the library reads of the packet; nothing of it is believed before it is verified. */
async function readSignature(openpgp: typeof OpenPgp, body: Uint8Array): Promise<ReadSignature> {
  try {
    const whole = await openpgp.readSignature({ binarySignature: writePackets([{ tag: TAG.signature, body }]) })
    const [packet] = whole.packets
    // The library gives one that it could not read as a packet of another class, whatever its types say.
    const isRead = packet instanceof openpgp.SignaturePacket && whole.packets.length === 1
    if (!isRead) throw new Error('it is of an unsupported kind')
    return { whole, packet }
  } catch (error) {
    throw refused(`its signature packet cannot be read: ${reasonOf(error)}`)
  }
}

function checkTimes(packet: OpenPgp.SignaturePacket, now: Date): Date {
  const { created } = packet
  if (created === null) throw refused('it does not say when it was made')
  if (created.getTime() > now.getTime() + CLOCK_SKEW_MS)
    throw refused(`it is dated ${created.toISOString()}, in the future`)
  const expires = packet.getExpirationTime()
  if (expires instanceof Date && expires <= now) throw refused(`it expired on ${expires.toISOString()}`)
  return created
}

/** Without an issuer there is no key to look for; the library refuses those, too. */
function hasKey(key: PublicKey, keyId: string): boolean {
  return key.keyFingerprints.some((fingerprint) => keyIdOf(fingerprint) === keyId)
}

interface Attempt {
  /** What is known of one key: several rings may have it. */
  readonly copies: readonly PublicKey[]
  readonly content: ContentToVerify['content']
  readonly signature: Uint8Array
  readonly date: Date
}

/** Everything is read anew: the library remembers verdicts in what it has read. */
async function verifyBy(
  openpgp: typeof OpenPgp,
  { copies, content, signature, date }: Attempt,
): Promise<Omit<VerifiedSigner, 'signedAt'>> {
  const config = verifyConfig(openpgp)
  const key = await readKey(openpgp, { copies, date, config })
  const { whole, packet } = await readSignature(openpgp, signature)
  for (const each of [key, ...key.getKeys(packet.issuerKeyID)]) checkKeyStrength(each)
  // The content is handed over beside the signature, not read by the library: what is verified is what the caller has.
  const { data, signatures } = await openpgp.verify({
    message: await openpgp.createMessage({
      binary: typeof content === 'function' ? ReadableStream.from(content()) : content,
    }),
    signature: whole,
    verificationKeys: key,
    date,
    format: 'binary',
    config,
  })
  const [result] = signatures
  if (result === undefined || signatures.length !== 1) throw new Error('it is not a signature over bytes')
  if (data instanceof ReadableStream) await drain(data)
  await result.verified
  // That was at the time of signing. It must be valid now, too.
  const signer = await key.getSigningKey(packet.issuerKeyID, date, undefined, config)
  return {
    fingerprint: key.getFingerprint().toUpperCase(),
    signingKey: signer.getFingerprint().toUpperCase(),
    userIds: copies.flatMap(({ userIds }) => userIds),
  }
}

/** A revocation that one ring has counts for all of them. */
async function readKey(
  openpgp: typeof OpenPgp,
  {
    copies,
    date,
    config,
  }: { readonly copies: readonly PublicKey[]; readonly date: Date; readonly config: OpenPgp.Config },
): Promise<OpenPgp.PublicKey> {
  const keys = await Promise.all(copies.map(({ bytes }) => openpgp.readKey({ binaryKey: bytes, config })))
  const [first, ...others] = keys
  if (first === undefined || keys.some((key, at) => key.getFingerprint().toUpperCase() !== copies[at]?.fingerprint)) {
    throw new Error('the key cannot be read')
  }
  let merged = first
  for (const other of others) merged = await merged.update(other, date, config)
  return merged
}

/** The library hashes what passes here. It exchanges the stream's methods, so that there is no way to iterate over it. */
async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader()
  while (!(await reader.read()).done);
}

function later(one: Date, other: Date): Date {
  return one > other ? one : other
}

function reasonOf(error: unknown): string {
  return quoteForeign(error instanceof Error ? error.message : String(error), 300)
}

function refused(reason: string): ImageError {
  return new ImageError('REJECTED_BY_POLICY', `the OpenPGP signature is refused: ${reason}`)
}
