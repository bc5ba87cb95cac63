import type { ImageDestination, ImageReference, ImageSource } from '@crossdock/core'

/*
 * Copies of contract values that call the original, member by member: neither a spread nor a prototype does that for
 * objects with private state. A method that the original lacks is lacking in the copy too.
 */

export function forwardReference(reference: ImageReference): ImageReference {
  const openSource = reference.openSource?.bind(reference)
  const openDestination = reference.openDestination?.bind(reference)
  const remove = reference.delete?.bind(reference)
  const tags = reference.tags?.bind(reference)
  const resolve = reference.resolve?.bind(reference)
  return {
    transport: reference.transport,
    dockerReference: reference.dockerReference,
    policy: reference.policy,
    toString: () => reference.toString(),
    ...(openSource && { openSource }),
    ...(openDestination && { openDestination }),
    ...(remove && { delete: remove }),
    ...(tags && { tags }),
    ...(resolve && { resolve }),
  }
}

export function forwardSource(source: ImageSource): ImageSource {
  const referrers = source.referrers?.bind(source)
  return {
    reference: source.reference,
    traits: source.traits,
    getManifest: (instance, options) => source.getManifest(instance, options),
    getBlob: (blob, options) => source.getBlob(blob, options),
    getSignatures: (instance, options) => source.getSignatures(instance, options),
    ...(referrers && { referrers }),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}

export function forwardDestination(destination: ImageDestination): ImageDestination {
  const reuseBlob = destination.reuseBlob?.bind(destination)
  const findBlob = destination.findBlob?.bind(destination)
  const partialBlob = destination.partialBlob?.bind(destination)
  const hasManifest = destination.hasManifest?.bind(destination)
  const putSignatures = destination.putSignatures?.bind(destination)
  return {
    reference: destination.reference,
    traits: destination.traits,
    putBlob: (body, blob, options) => destination.putBlob(body, blob, options),
    putManifest: (manifest, options) => destination.putManifest(manifest, options),
    commit: (options) => destination.commit(options),
    ...(reuseBlob && { reuseBlob }),
    ...(findBlob && { findBlob }),
    ...(partialBlob && { partialBlob }),
    ...(hasManifest && { hasManifest }),
    ...(putSignatures && { putSignatures }),
    [Symbol.asyncDispose]: () => destination[Symbol.asyncDispose](),
  }
}
