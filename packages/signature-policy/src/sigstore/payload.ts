import {
  type PayloadForm,
  readSignedPayload,
  type SignedPayload,
  writeSignedPayload,
} from '../documents/signed-payload.ts'

export const SIGSTORE_PAYLOAD_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json'

export const MAX_SIGSTORE_PAYLOAD_BYTES: number = 1024 * 1024

const FORM: PayloadForm = {
  type: 'cosign container image signature',
  nullOptional: true,
  maxBytes: MAX_SIGSTORE_PAYLOAD_BYTES,
}

/** Reads what cosign signs (cosign, SIGNATURE_SPEC.md, "Simple Signing"). Throws `INVALID_DATA` and `LIMIT_EXCEEDED`. */
export function parseSigstorePayload(bytes: Uint8Array): SignedPayload {
  return readSignedPayload(bytes, FORM)
}

export function writeSigstorePayload(payload: SignedPayload): Uint8Array {
  return writeSignedPayload(payload, FORM)
}
