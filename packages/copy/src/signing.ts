import {
  type DockerReference,
  formatDockerReference,
  type ImageDestination,
  ImageError,
  imageName,
  type ImageReference,
  type ImageSigner,
  type ManifestBytes,
  quoteForeign,
  type Signature,
  type SignatureFormat,
} from '@crossdock/core'
import type { ManifestNode } from './graph.ts'
import { type Operation, onSide } from './operation.ts'
import type { ResolvedOptions } from './options.ts'

/** Who signs what is written, and the name that the signatures vouch for. */
export interface Signing {
  readonly signers: readonly ImageSigner[]
  readonly identity: DockerReference
}

/** Undefined if nobody signs. Throws `UNSUPPORTED` if there is no name to vouch for. */
export function signingFor(
  destination: ImageReference,
  { signers, signAs }: Pick<ResolvedOptions, 'signers' | 'signAs'>,
): Signing | undefined {
  if (signers.length === 0) return undefined
  const identity = signAs ?? destination.dockerReference
  if (identity !== undefined && (identity.tag !== undefined || identity.digest !== undefined)) {
    return { signers, identity }
  }
  const image = imageName(destination)
  const why =
    identity === undefined
      ? `${quoteForeign(image)} is no name that a signature could vouch for`
      : `${quoteForeign(formatDockerReference(identity))} has neither tag nor digest`
  const message = `the image cannot be signed, since ${why}: say the identity to sign as, such as example.com/app:1`
  throw new ImageError('UNSUPPORTED', message, { side: 'destination', image })
}

/** Throws `UNSUPPORTED` for signatures of a format that the destination does not keep, before anything moves. */
export function checkPlaces(
  nodes: readonly ManifestNode[],
  { signing, destination }: { readonly signing: Signing | undefined; readonly destination: ImageDestination },
): void {
  const image = imageName(destination.reference)
  const kept = destination.putSignatures === undefined ? [] : (destination.traits.signatures ?? [])
  const place = kept.length === 0 ? 'no place for signatures' : `a place for ${kept.join(' and ')} signatures only`
  const made = signing?.signers.map(({ format }) => format).find((format) => !kept.includes(format))
  if (made !== undefined) {
    const message = `the image is to have a ${made} signature, and ${quoteForeign(image)} has ${place}: sign in another way, or choose another destination`
    throw new ImageError('UNSUPPORTED', message, { side: 'destination', image })
  }
  const signatures = nodes.flatMap((node) => node.signatures)
  if (signatures.some((signature) => signature.format === 'simple' && signature.detached === true)) {
    const message =
      'what is signed is the archive that the image was read from, and not what it becomes: drop signatures'
    throw new ImageError('UNSUPPORTED', message, { side: 'destination', image })
  }
  const carried = signatures.find(({ format }) => !kept.includes(format))
  if (carried !== undefined) {
    const message = `the image is signed (${carried.format}), and ${quoteForeign(image)} has ${place}: drop signatures, or choose another destination`
    throw new ImageError('UNSUPPORTED', message, { side: 'destination', image })
  }
}

/** One signature by each signer, for a manifest as it was written. */
export async function signManifest(
  manifest: ManifestBytes,
  { signers, identity }: Signing,
  { destination, operation }: { readonly destination: ImageDestination; readonly operation: Operation },
): Promise<readonly Signature[]> {
  const made: Signature[] = []
  for (const signer of signers) {
    const sign = (): Promise<Signature> => signer.sign(manifest, identity, { signal: operation.signal })
    const signature = await onSide('destination', destination.reference, sign, operation.signal)
    made.push(checkFormat(signature, signer.format))
  }
  return made
}

function checkFormat(signature: Signature, expected: SignatureFormat): Signature {
  if (signature.format === expected) return signature
  throw new ImageError('CONTRACT_MISMATCH', `a signer for ${expected} signatures made one of another format`)
}
