import { ImageError } from '@crossdock/core'
import { isArmoured, readArmour } from '../simple/armour.ts'
import { readPackets, TAG } from '../simple/openpgp-packets.ts'
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
  for (const signature of signaturePackets(bytes)) {
    try {
      return await verifyContent({ content: open, signature }, { keyRings, now })
    } catch (error) {
      if (!(error instanceof ImageError) || error.code !== 'REJECTED_BY_POLICY') throw error
      problems.push(error.message)
    }
  }
  throw refused(problems.join('; '))
}

/** The bodies of the signature packets, of which there is at least one and nothing else. */
function signaturePackets(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.byteLength > MAX_BYTES) throw refused(`${WHAT} has ${bytes.byteLength} bytes, which is too much`)
  if (bytes.byteLength === 0) throw refused(`${WHAT} is empty`)
  const packets = parts(bytes).flatMap((part) => readPackets(part, { what: WHAT, maxPackets: MAX_SIGNATURES }))
  const signatures = packets.filter(({ tag }) => tag === TAG.signature)
  if (signatures.length === 0) throw refused(`${WHAT} holds no OpenPGP signature`)
  if (signatures.length < packets.length) throw refused(`${WHAT} holds more than OpenPGP signatures`)
  return signatures.map(({ body }) => body)
}

function parts(bytes: Uint8Array): readonly Uint8Array[] {
  const [first = 0] = bytes
  if (first >= 0x80) return [bytes]
  if (!isArmoured(bytes)) throw refused(`${WHAT} is neither armoured nor binary OpenPGP data`)
  const blocks = readArmour(bytes, WHAT)
  const other = blocks.find(({ type }) => type !== 'SIGNATURE')
  if (other !== undefined) throw refused(`${WHAT} is an armoured ${other.type}, not a SIGNATURE`)
  return blocks.map((block) => block.bytes)
}

function refused(reason: string): ImageError {
  return new ImageError('REJECTED_BY_POLICY', reason)
}
