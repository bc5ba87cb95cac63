import {
  type Digest,
  digestAlgorithm,
  type DigestAlgorithm,
  digestEncoded,
  isDigest,
  quoteForeign,
} from '@crossdock/core'
import { readStrictJson } from '@crossdock/config'
import { objectAt, textAt } from '../../documents/json-object.ts'
import { rejected } from '../rejection.ts'

export const STATEMENT_TYPE = 'application/vnd.in-toto+json'

const STATEMENT = /^https:\/\/in-toto\.io\/Statement\/v(?:0\.1|1)$/
/** Of `cosign sign` since version 3. What attestations say of an image is no signature by which somebody stands for it. */
const SIGNATURE_PREDICATE = 'https://sigstore.dev/cosign/sign/v1'
const MAX_STATEMENT_BYTES = 1024 * 1024

/**
 * The digest that a signed in-toto statement names, in the algorithm that the image is known by if it has that, or in another
 * one. To be called with bytes whose signature has been verified. Throws `REJECTED_BY_POLICY` and `INVALID_DATA`.
 */
export function signedImageDigest(statement: Uint8Array, wanted: Digest): Digest {
  const document = readStrictJson(statement, { what: 'the signed statement', maxBytes: MAX_STATEMENT_BYTES })
  if (!STATEMENT.test(textAt(document, ['_type']))) throw document.error(['_type'], 'it is no in-toto statement')
  const predicate = textAt(document, ['predicateType'])
  if (predicate !== SIGNATURE_PREDICATE) {
    throw rejected(`it is an attestation (${quoteForeign(predicate, 200)}), not a signature of the image`)
  }
  const { subject } = objectAt(document, [])
  if (!Array.isArray(subject) || subject.length !== 1)
    throw document.error(['subject'], 'there must be exactly one subject')
  const digests = objectAt(document, ['subject', 0, 'digest'])
  const algorithms: readonly DigestAlgorithm[] = [digestAlgorithm(wanted), 'sha256', 'sha512']
  for (const algorithm of algorithms) {
    const encoded = Object.hasOwn(digests, algorithm) ? digests[algorithm] : undefined
    const text = typeof encoded === 'string' ? `${algorithm}:${encoded}` : undefined
    if (isDigest(text)) return text
  }
  throw document.error(['subject', 0, 'digest'], `there is no digest to compare with ${digestEncoded(wanted)}`)
}
