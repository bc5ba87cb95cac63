import type { ImageSource } from '@crossdock/core'

/** The same source with other members. Neither a spread nor a prototype does that for objects with private state. What a package adds to sources is left out. */
export function sourceWith(source: ImageSource, changes: Partial<ImageSource>): ImageSource {
  const blobSize = source.blobSize?.bind(source)
  const distrustBlob = source.distrustBlob?.bind(source)
  const referrers = source.referrers?.bind(source)
  return Object.freeze<ImageSource>({
    reference: source.reference,
    traits: source.traits,
    getManifest: source.getManifest.bind(source),
    getBlob: source.getBlob.bind(source),
    getSignatures: source.getSignatures.bind(source),
    ...(blobSize && { blobSize }),
    ...(distrustBlob && { distrustBlob }),
    ...(referrers && { referrers }),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    ...changes,
  })
}
