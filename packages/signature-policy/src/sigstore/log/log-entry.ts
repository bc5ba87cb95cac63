import { createHash } from 'node:crypto'
import { readStrictJson, type StrictJson } from '@crossdock/config'
import { readPem } from '../pem.ts'
import { rejected } from '../rejection.ts'
import { objectAt, textAt } from '../../documents/json-object.ts'
import { requireBase64 } from '../strict-base64.ts'

/** What a log must have recorded. */
export interface RecordedSignature {
  /** DER of the certificate, or of the bare key, that belongs to the signature. */
  readonly signer: Uint8Array
  readonly signature: Uint8Array
  /** What was signed. */
  readonly payload: Uint8Array
}

export const MAX_LOG_ENTRY_BYTES: number = 1024 * 1024

/**
 * Checks that the body of a log entry of the kind `hashedrekord` 0.0.1 records this signature (Rekor,
 * `types/hashedrekord/v0.0.1`). Throws `REJECTED_BY_POLICY` and `INVALID_DATA`.
 */
export function matchHashedRekord(body: Uint8Array, recorded: RecordedSignature): void {
  const document = readStrictJson(body, { what: 'the log entry', maxBytes: MAX_LOG_ENTRY_BYTES })
  const { kind, apiVersion } = objectAt(document, [])
  if (kind !== 'hashedrekord' || apiVersion !== '0.0.1') {
    throw rejected('the log entry is not of the kind hashedrekord 0.0.1')
  }
  matchSigner(document, ['spec', 'signature', 'publicKey', 'content'], recorded.signer)
  const signature = requireBase64(textAt(document, ['spec', 'signature', 'content']), 'the signature in the log')
  if (!Buffer.from(signature).equals(recorded.signature)) throw rejected('the log recorded another signature')
  const algorithm = textAt(document, ['spec', 'data', 'hash', 'algorithm'])
  const hash = textAt(document, ['spec', 'data', 'hash', 'value'])
  if (algorithm !== 'sha256') throw rejected('the log entry has no SHA-256 hash')
  if (hash.toLowerCase() !== createHash('sha256').update(recorded.payload).digest('hex')) {
    throw rejected('the log recorded a signature of something else')
  }
}

/** Checks that a log entry names this certificate or key: base64 of PEM at `path`. */
export function matchSigner(document: StrictJson, path: readonly (string | number)[], signer: Uint8Array): void {
  const what = 'the key in the log'
  const blocks = readPem(requireBase64(textAt(document, path), what), what)
  const [block] = blocks
  if (block === undefined || blocks.length !== 1) throw rejected(`${what} is not one PEM block`)
  if (!Buffer.from(block.bytes).equals(signer))
    throw rejected('the log recorded a signature by another key or certificate')
}
