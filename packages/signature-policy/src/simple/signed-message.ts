import { ImageError, quoteForeign } from '@crossdock/core'
import { inflatePacket } from './compressed-packet.ts'
import { type OpenPgpPacket, readPackets, TAG } from './openpgp-packets.ts'
import { MAX_SIMPLE_SIGNATURE_BYTES } from './payload.ts'

/** Content and the body of the one signature packet over it. */
export interface SignedContent {
  readonly content: Uint8Array
  readonly signature: Uint8Array
}

/** More than the accepted form has, so that messages can say what is too much. */
const MAX_PACKETS = 8
const WHAT = 'the signature'
const BINARY_LITERAL = 0x62

const NAMES: ReadonlyMap<number, string> = new Map<number, string>([
  [1, 'an encrypted session key'],
  [TAG.signature, 'a signature'],
  [3, 'an encrypted session key'],
  [TAG.onePassSignature, 'a one-pass signature'],
  [TAG.secretKey, 'a secret key'],
  [TAG.publicKey, 'a public key'],
  [TAG.compressed, 'compressed data'],
  [9, 'encrypted data'],
  [10, 'a marker'],
  [TAG.literal, 'a literal'],
  [18, 'encrypted data'],
  [20, 'encrypted data'],
])

/**
 * Takes an OpenPGP signed message apart (RFC 9580, section 10.3, "One-Pass Signed Message"). Every other form of signed data, and any
 * packet more or less, is refused: what is verified and what is read must be the same bytes.
 *
 * Throws `REJECTED_BY_POLICY` saying what is wrong with the form.
 */
export async function readSignedMessage(bytes: Uint8Array): Promise<SignedContent> {
  if (bytes.byteLength > MAX_SIMPLE_SIGNATURE_BYTES)
    throw refused(`it has ${bytes.byteLength} bytes, which is too much`)
  const [first] = bytes
  if (first === undefined) throw refused('it is empty')
  if (first < 0x80) throw refused(textProblem(bytes))
  try {
    return await takeApart(bytes)
  } catch (error) {
    if (error instanceof ImageError && error.code === 'REJECTED_BY_POLICY') throw error
    throw refused(error instanceof Error ? error.message : String(error), error)
  }
}

async function takeApart(bytes: Uint8Array): Promise<SignedContent> {
  const packets = await unpacked(readPackets(bytes, { what: WHAT, maxPackets: MAX_PACKETS }))
  const [onePass, literal, signature] = packets
  if (
    packets.length !== 3 ||
    onePass?.tag !== TAG.onePassSignature ||
    literal?.tag !== TAG.literal ||
    signature?.tag !== TAG.signature
  ) {
    throw refused(
      `it must be a one-pass signature, a literal and a signature, and is ${packets.map(nameOf).join(', ') || 'nothing'}`,
    )
  }
  checkSamePromise(onePass.body, signature.body)
  return { content: literalContent(literal.body), signature: signature.body }
}

async function unpacked(packets: readonly OpenPgpPacket[]): Promise<readonly OpenPgpPacket[]> {
  const [outer] = packets
  if (outer?.tag !== TAG.compressed || packets.length > 1) return packets
  const inner = await inflatePacket(outer.body, { what: WHAT, limitBytes: MAX_SIMPLE_SIGNATURE_BYTES })
  return readPackets(inner, { what: `${WHAT}, unpacked,`, maxPackets: MAX_PACKETS })
}

/** What the message announces is what follows: the same kind of signature, by the same algorithms (RFC 9580, 5.4). */
function checkSamePromise(onePass: Uint8Array, signature: Uint8Array): void {
  const [version, type, publicKey, hash] = signature
  if (onePass[0] !== (version === 6 ? 6 : 3)) throw refused('the versions of its two parts do not fit')
  if (onePass[1] !== type || onePass[2] !== hash || onePass[3] !== publicKey) {
    throw refused('its beginning announces another signature than the one at its end')
  }
  if (onePass.at(-1) === 0) throw refused('it announces a second signature')
}

/** Format, length of the file's name, name, four bytes of time, content (RFC 9580, 5.9). */
function literalContent(body: Uint8Array): Uint8Array {
  const [format, nameBytes = 0] = body
  const start = 2 + nameBytes + 4
  if (body.byteLength < start) throw refused('its literal is cut off')
  if (format !== BINARY_LITERAL) throw refused('what is signed is marked as text; sign it as binary data')
  return body.subarray(start)
}

function textProblem(bytes: Uint8Array): string {
  const beginning = Buffer.from(bytes.subarray(0, 64)).toString('latin1')
  if (beginning.startsWith('-----BEGIN PGP SIGNED MESSAGE')) {
    return 'it is clear-signed text; sign with "gpg --sign", not with "--clear-sign"'
  }
  if (beginning.startsWith('-----BEGIN PGP')) return 'it is armoured text; only binary signatures are accepted'
  return `it is not an OpenPGP message, it begins with "${quoteForeign(beginning, 20)}"`
}

function nameOf({ tag }: OpenPgpPacket): string {
  return NAMES.get(tag) ?? `a packet with the tag ${tag}`
}

function refused(reason: string, cause?: unknown): ImageError {
  const message = `${WHAT} is not an OpenPGP signed message of the accepted form: ${reason}`
  return new ImageError('REJECTED_BY_POLICY', message, { cause })
}
