import type { ImageReference } from '@crossdock/core'

/** Whatever is read is of this reference, and comes from elsewhere. */
export function readingFrom(
  reference: ImageReference,
  openSource: NonNullable<ImageReference['openSource']>,
): ImageReference {
  const { transport, dockerReference, policy, service } = reference
  const text = reference.toString()
  return Object.freeze<ImageReference>({
    transport,
    toString: () => text,
    ...(dockerReference !== undefined && { dockerReference }),
    ...(policy !== undefined && { policy }),
    ...(service !== undefined && { service }),
    openSource,
  })
}
