import { ImageError } from '@crossdock/core'
import { isArmoured, readArmour } from './armour.ts'
import { type OpenPgpPacket, readPackets, TAG } from './openpgp-packets.ts'
import { MAX_SIMPLE_SIGNATURE_BYTES } from './payload.ts'
import { verifyContent, type VerifiedSigner, type VerifyOptions } from './verify-content.ts'

const WHAT = 'the detached signature'
const MAX_SIGNATURES = 16

/**
 * Verifies a detached signature over bytes, as `gpg --detach-sign` makes them: armoured or binary. If it has several, one that holds
 * suffices. Signatures of images are never detached; those of App Container Images are.
 *
 * Throws `REJECTED_BY_POLICY` whose message says which check failed, `INVALID_DATA` for key rings that cannot be read or have no key.
 */
export async function verifyDetachedSignature(
  content: Uint8Array,
  { signature, ...options }: VerifyOptions & { readonly signature: Uint8Array },
): Promise<VerifiedSigner> {
  const reasons: string[] = []
  for (const { body } of signaturePackets(signature)) {
    try {
      return await verifyContent({ content, signature: body }, options)
    } catch (error) {
      if (!(error instanceof ImageError) || error.code !== 'REJECTED_BY_POLICY') throw error
      reasons.push(error.message)
    }
  }
  throw new ImageError('REJECTED_BY_POLICY', reasons.join('; '))
}

function signaturePackets(bytes: Uint8Array): readonly OpenPgpPacket[] {
  if (bytes.byteLength > MAX_SIMPLE_SIGNATURE_BYTES)
    throw refused(`it has ${bytes.byteLength} bytes, which is too much`)
  const packets = readParts(bytes)
  if (packets.length === 0) throw refused('there is none in it')
  if (packets.every(({ tag }) => tag === TAG.signature)) return packets
  throw refused('it has something else in it than signatures')
}

function readParts(bytes: Uint8Array): readonly OpenPgpPacket[] {
  try {
    return partsOf(bytes).flatMap((part) => readPackets(part, { what: WHAT, maxPackets: MAX_SIGNATURES }))
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error), error)
  }
}

function partsOf(bytes: Uint8Array): readonly Uint8Array[] {
  if ((bytes[0] ?? 0) >= 0x80) return [bytes]
  if (!isArmoured(bytes)) return []
  return readArmour(bytes, WHAT)
    .filter(({ type }) => type === 'SIGNATURE')
    .slice(0, MAX_SIGNATURES)
    .map((block) => block.bytes)
}

function refused(reason: string, cause?: unknown): ImageError {
  return new ImageError('REJECTED_BY_POLICY', `${WHAT} cannot be used: ${reason}`, { cause })
}
