import { ImageError, quoteForeign } from './errors.ts'
import type { ImageReference } from './reference.ts'

/** The number of the contract that this package describes. */
export const CONTRACT = 1 as const

/** A namespace of image locations. Made by a factory with its options bound; two of one kind can coexist. */
export interface ImageTransport<Name extends string = string, Ref extends ImageReference = ImageReference> {
  readonly '~transport': { readonly contract: typeof CONTRACT; readonly vendor: string }
  /** Lower-case letters, digits and hyphens, beginning with a letter: what stands before the first colon of an image name. */
  readonly name: Name
  /** Pure; accepts its own printed form. Throws `INVALID_REFERENCE`. */
  parseReference(text: string): Ref
  /** Throws `INVALID_REFERENCE` for a policy scope that no reference of this transport can have. Never given "". */
  validatePolicyScope(scope: string): void
  /** Closes idle connections and the like. References made before stay usable and open them anew. */
  close?(): Promise<void>
}

const NAME = /^[a-z][a-z0-9-]*$/

/** Throws `CONTRACT_MISMATCH` unless the value is a transport of this contract. */
export function assertTransport(value: unknown): asserts value is ImageTransport {
  if (!isRecord(value) || !isRecord(value['~transport'])) {
    throw new ImageError('CONTRACT_MISMATCH', 'this value is not an image transport')
  }
  const { name, parseReference, validatePolicyScope } = value
  const { contract } = value['~transport']
  const shown = typeof name === 'string' ? `"${quoteForeign(name, 60)}"` : 'without a name'
  if (contract !== CONTRACT) {
    const spoken = typeof contract === 'number' ? String(contract) : `of type ${typeof contract}`
    throw new ImageError(
      'CONTRACT_MISMATCH',
      `the transport ${shown} speaks contract ${spoken}, this is contract ${CONTRACT}: install versions that match`,
    )
  }
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new ImageError('CONTRACT_MISMATCH', `a transport ${shown}: names are lower-case letters, digits and hyphens`)
  }
  if (typeof parseReference !== 'function' || typeof validatePolicyScope !== 'function') {
    throw new ImageError('CONTRACT_MISMATCH', `the transport ${shown} lacks parseReference or validatePolicyScope`)
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
