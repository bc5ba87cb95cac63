import { type AciSourceOptions, isAciSource } from '@crossdock/archive'
import type { ImageReference, ImageSource } from '@crossdock/core'

/** The same source under another name. Neither a spread nor a prototype does that for objects with private state. */
export function namedSource(source: ImageSource, reference: ImageReference): ImageSource {
  const blobSize = source.blobSize?.bind(source)
  const distrustBlob = source.distrustBlob?.bind(source)
  const referrers = source.referrers?.bind(source)
  return Object.freeze<ImageSource>({
    reference,
    traits: source.traits,
    getManifest: source.getManifest.bind(source),
    getBlob: source.getBlob.bind(source),
    getSignatures: source.getSignatures.bind(source),
    ...(blobSize && { blobSize }),
    ...(distrustBlob && { distrustBlob }),
    ...(referrers && { referrers }),
    ...(isAciSource(source) && {
      aci: source.aci,
      with: (changes: Partial<AciSourceOptions>) => source.with({ reference, ...changes }),
    }),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  })
}
