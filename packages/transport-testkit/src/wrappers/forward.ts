import type { Digest, ImageDestination, ImageReference, ImageSource } from '@crossdock/core'

/*
 * Copies of contract values that call the original, member by member: neither a spread nor a prototype does that for
 * objects with private state. A method that the original lacks is lacking in the copy too.
 */

/** Told of every call as it begins: which method, and which content it is about. */
export type Listener = (
  method: string,
  about?: { readonly digest?: Digest | undefined; readonly offset?: number },
) => void

const nobody: Listener = () => undefined

export function forwardReference(reference: ImageReference, note: Listener = nobody): ImageReference {
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
    ...(openSource && { openSource: call(openSource, () => note('openSource')) }),
    ...(openDestination && { openDestination: call(openDestination, () => note('openDestination')) }),
    ...(remove && { delete: call(remove, () => note('delete')) }),
    ...(tags && { tags: call(tags, () => note('tags')) }),
    ...(resolve && { resolve: call(resolve, () => note('resolve')) }),
  }
}

export function forwardSource(source: ImageSource, note: Listener = nobody): ImageSource {
  const referrers = source.referrers?.bind(source)
  const blobSize = source.blobSize?.bind(source)
  const distrustBlob = source.distrustBlob?.bind(source)
  return {
    reference: source.reference,
    traits: source.traits,
    getManifest: call(source.getManifest.bind(source), (digest) => note('getManifest', { digest })),
    getBlob: call(source.getBlob.bind(source), ({ digest }, options) =>
      note('getBlob', { digest, offset: options?.offset ?? 0 }),
    ),
    getSignatures: call(source.getSignatures.bind(source), (digest) => note('getSignatures', { digest })),
    ...(blobSize && { blobSize: call(blobSize, (digest) => note('blobSize', { digest })) }),
    ...(distrustBlob && { distrustBlob: call(distrustBlob, (digest) => note('distrustBlob', { digest })) }),
    ...(referrers && { referrers: call(referrers, (digest) => note('referrers', { digest })) }),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}

export function forwardDestination(destination: ImageDestination, note: Listener = nobody): ImageDestination {
  const about =
    (method: string) =>
    ({ digest }: { readonly digest: Digest }): void =>
      note(method, { digest })
  const reuseBlob = destination.reuseBlob?.bind(destination)
  const findBlob = destination.findBlob?.bind(destination)
  const partialBlob = destination.partialBlob?.bind(destination)
  const hasManifest = destination.hasManifest?.bind(destination)
  const putSignatures = destination.putSignatures?.bind(destination)
  return {
    reference: destination.reference,
    traits: destination.traits,
    putBlob: call(destination.putBlob.bind(destination), (_body, { digest }) => note('putBlob', { digest })),
    putManifest: call(destination.putManifest.bind(destination), ({ digest }) => note('putManifest', { digest })),
    commit: call(destination.commit.bind(destination), () => note('commit')),
    ...(reuseBlob && { reuseBlob: call(reuseBlob, about('reuseBlob')) }),
    ...(findBlob && { findBlob: call(findBlob, about('findBlob')) }),
    ...(partialBlob && { partialBlob: call(partialBlob, about('partialBlob')) }),
    ...(hasManifest && { hasManifest: call(hasManifest, about('hasManifest')) }),
    ...(putSignatures && {
      putSignatures: call(putSignatures, (_signatures, digest) => note('putSignatures', { digest })),
    }),
    [Symbol.asyncDispose]: () => destination[Symbol.asyncDispose](),
  }
}

function call<Arguments extends readonly unknown[], Result>(
  method: (...values: Arguments) => Result,
  tell: (...values: Arguments) => void,
): (...values: Arguments) => Result {
  return (...values) => {
    tell(...values)
    return method(...values)
  }
}
