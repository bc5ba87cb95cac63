import { ImageError, type SigstoreSignature } from '@crossdock/core'

/** The annotations that cosign keeps beside a payload (cosign, SIGNATURE_SPEC.md). */
export const SIGNATURE_ANNOTATION = 'dev.cosignproject.cosign/signature'
export const LOG_ANNOTATION = 'dev.sigstore.cosign/bundle'
export const CERTIFICATE_ANNOTATION = 'dev.sigstore.cosign/certificate'
export const CHAIN_ANNOTATION = 'dev.sigstore.cosign/chain'

const MAX_ANNOTATION_CHARACTERS = 1024 * 1024

/** Throws `INVALID_DATA` if there is none. */
export function requireAnnotation(signature: SigstoreSignature, name: string): string {
  const text = findAnnotation(signature, name)
  if (text === undefined) throw new ImageError('INVALID_DATA', `the signature has no annotation "${name}"`)
  return text
}

export function findAnnotation({ annotations }: SigstoreSignature, name: string): string | undefined {
  const text = Object.hasOwn(annotations, name) ? annotations[name] : undefined
  if (text !== undefined && text.length > MAX_ANNOTATION_CHARACTERS) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `the annotation "${name}" has more than ${MAX_ANNOTATION_CHARACTERS} characters`,
    )
  }
  return text
}
