import { ImageError } from '@crossdock/core'
import { isArmoured, readArmour } from '../simple/armour.ts'
import { type OpenPgpPacket, readPackets, TAG } from '../simple/openpgp-packets.ts'
import { verifyContent, type VerifiedSigner } from '../simple/verify-content.ts'

export interface VerifyArchiveOptions {
  /** Key rings; any of their keys suffices. */
  readonly keyRings: readonly Uint8Array[]
  readonly now: Date
  /** The archive's bytes; read once for each signature that is tried. */
  readonly open: () => AsyncIterable<Uint8Array>
}

const WHAT = 'the detached signature'
/** Of a release that many people sign. */
const MAX_SIGNATURES = 32
const MAX_BYTES = 1024 * 1024

/**
 * Verifies a detached OpenPGP signature of an archive, armoured (`.asc`) or binary. If the file has several signatures, any good one
 * suffices. The archive passes in a stream.
 *
 * Throws `REJECTED_BY_POLICY` saying which check failed, `INVALID_DATA` for key rings that cannot be read.
 */
export async function verifyArchiveSignature(
  bytes: Uint8Array,
  { keyRings, now, open }: VerifyArchiveOptions,
): Promise<VerifiedSigner> {
  const problems: string[] = []
  const failures: unknown[] = []
  const content = (): AsyncIterable<Uint8Array> => watched(open(), failures)
  for (const signature of signaturePackets(bytes)) {
    try {
      return await verifyContent({ content, signature }, { keyRings, now })
    } catch (error) {
      // An archive that cannot be read says nothing of its signature.
      if (failures.length > 0) throw failures[0]
      if (!(error instanceof ImageError) || error.code !== 'REJECTED_BY_POLICY') throw error
      problems.push(error.message)
    }
  }
  throw new ImageError('REJECTED_BY_POLICY', problems.join('; '))
}

/** The same pieces; a failure to get them is noted. */
async function* watched(pieces: AsyncIterable<Uint8Array>, failures: unknown[]): AsyncIterable<Uint8Array> {
  try {
    yield* pieces
  } catch (error) {
    failures.push(error)
    throw error
  }
}

/** The bodies of the signature packets, of which there is at least one and nothing else. */
function signaturePackets(bytes: Uint8Array): readonly Uint8Array[] {
  const packets = packetsOf(bytes)
  const signatures = packets.filter(({ tag }) => tag === TAG.signature)
  if (signatures.length === 0) throw refused('holds no OpenPGP signature')
  if (signatures.length < packets.length) throw refused('holds more than OpenPGP signatures')
  return signatures.map(({ body }) => body)
}

function packetsOf(bytes: Uint8Array): readonly OpenPgpPacket[] {
  if (bytes.byteLength > MAX_BYTES) throw refused(`has ${bytes.byteLength} bytes, which is too much`)
  if (bytes.byteLength === 0) throw refused('is empty')
  try {
    return binaryParts(bytes).flatMap((part) => readPackets(part, { what: WHAT, maxPackets: MAX_SIGNATURES }))
  } catch (error) {
    throw error instanceof ImageError ? new ImageError('REJECTED_BY_POLICY', error.message, { cause: error }) : error
  }
}

function binaryParts(bytes: Uint8Array): readonly Uint8Array[] {
  const [first = 0] = bytes
  if (first >= 0x80) return [bytes]
  if (!isArmoured(bytes)) throw refused('is neither armoured nor binary OpenPGP data')
  const blocks = readArmour(bytes, WHAT)
  const other = blocks.find(({ type }) => type !== 'SIGNATURE')
  if (other !== undefined) throw refused(`is an armoured ${other.type}, not a SIGNATURE`)
  return blocks.map((block) => block.bytes)
}

function refused(problem: string): ImageError {
  return new ImageError('REJECTED_BY_POLICY', `${WHAT} ${problem}`)
}
