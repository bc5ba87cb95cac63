import { readSignedMessage } from './signed-message.ts'
import { verifyContent, type VerifiedSigner, type VerifyOptions } from './verify-content.ts'

/** A simple signature that holds: who signed what. */
export interface VerifiedMessage extends VerifiedSigner {
  /** The bytes that were signed, the very ones that were verified: for `parseSimplePayload`. */
  readonly payload: Uint8Array
}

/**
 * Verifies an OpenPGP signed message as containers-signature(5) has it: binary, one one-pass signature, one literal, one signature, in at
 * most one layer of compression. Nothing of the payload is looked at.
 *
 * Throws `REJECTED_BY_POLICY` whose message says which check failed, `INVALID_DATA` for key rings that cannot be read or have no key.
 */
export async function verifySimpleSignature(bytes: Uint8Array, options: VerifyOptions): Promise<VerifiedMessage> {
  const message = await readSignedMessage(bytes)
  const signer = await verifyContent(message, options)
  return { ...signer, payload: message.content }
}
