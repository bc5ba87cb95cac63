import { ImageError } from '@crossdock/core'
import {
  type PayloadForm,
  readSignedPayload,
  type SignedPayload,
  writeSignedPayload,
} from '../documents/signed-payload.ts'

/** What a simple signature vouches for (containers-signature(5), "The data format"). */
export type SimplePayload = SignedPayload

/** The most bytes of a simple signature, and of what it unpacks to. */
export const MAX_SIMPLE_SIGNATURE_BYTES: number = 4 * 1024 * 1024

const FORM: PayloadForm = {
  type: 'atomic container signature',
  nullOptional: false,
  maxBytes: MAX_SIMPLE_SIGNATURE_BYTES,
}

/** Reads what was signed; to be called with bytes whose signature has been verified. Throws `REJECTED_BY_POLICY`. */
export function parseSimplePayload(bytes: Uint8Array): SimplePayload {
  try {
    return readSignedPayload(bytes, FORM)
  } catch (cause) {
    throw new ImageError('REJECTED_BY_POLICY', cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

export function writeSimplePayload(payload: SimplePayload): Uint8Array {
  return writeSignedPayload(payload, FORM)
}
