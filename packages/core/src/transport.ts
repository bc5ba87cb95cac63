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
  const contract = contractOf(value)
  if (contract === undefined) throw new ImageError('CONTRACT_MISMATCH', 'this value is not an image transport')
  const transport = value as Partial<ImageTransport> // each member is looked at below
  if (contract !== CONTRACT) {
    throw new ImageError(
      'CONTRACT_MISMATCH',
      `the transport "${quoteForeign(String(transport.name), 60)}" speaks contract ${quoteForeign(String(contract), 20)}, ` +
        `this is contract ${CONTRACT}: install versions that match`,
    )
  }
  if (typeof transport.name !== 'string' || !NAME.test(transport.name)) {
    throw new ImageError('CONTRACT_MISMATCH', `"${quoteForeign(String(transport.name), 60)}" cannot be a transport's name`)
  }
  if (typeof transport.parseReference !== 'function' || typeof transport.validatePolicyScope !== 'function') {
    throw new ImageError('CONTRACT_MISMATCH', `the transport "${transport.name}" lacks parseReference or validatePolicyScope`)
  }
}

function contractOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('~transport' in value)) return undefined
  const mark = value['~transport']
  return typeof mark === 'object' && mark !== null && 'contract' in mark ? mark.contract : undefined
}
