import { type AciSource, isAciSource } from '@crossdock/archive'
import { ImageError, imageName, type ImageReference, type ImageSource, type OperationOptions } from '@crossdock/core'
import type { TransportRegistry } from '@crossdock/core'
import { createDependencies, type Dependencies, fetchDependency, referenceOf } from './dependencies.ts'
import type { Admit } from './options.ts'
import { readingFrom } from './reading-from.ts'

export interface WithDependenciesOptions {
  /** What an App Container Image depends on is asked of `appc`. */
  readonly transports: Pick<TransportRegistry, 'parse'>
  /** Asked of each image that it depends on. Default: admits. */
  readonly admit?: Admit | undefined
}

/**
 * The same image; should it turn out to be an App Container Image, then what it depends on and its transport does not find is found by its name. Of any other
 * image nothing changes. Throws `UNSUPPORTED` for a reference that cannot be read.
 */
export function withDependencies(reference: ImageReference, options: WithDependenciesOptions): ImageReference {
  const { transports, admit } = options
  return readingFrom(reference, async (operation) => {
    const source = await openSource(reference, operation)
    if (!isAciSource(source)) return source
    const dependencies = createDependencies({
      admit,
      open: (dependency, current) =>
        fetchDependency(referenceOf(dependency, transports), { asking: reference, ...current }),
    })
    const { find } = dependencies
    return closingBoth(source.with({ find, onProgress: operation?.onProgress }), dependencies)
  })
}

/** Throws `UNSUPPORTED` for a reference that cannot be read. */
export async function openSource(reference: ImageReference, operation?: OperationOptions): Promise<ImageSource> {
  const source = await reference.openSource?.(operation)
  if (source !== undefined) return source
  const image = imageName(reference)
  throw new ImageError('UNSUPPORTED', `${image} cannot be read`, { side: 'source', image })
}

function closingBoth(source: AciSource, dependencies: Dependencies): AciSource {
  return Object.freeze<AciSource>({
    ...source,
    async [Symbol.asyncDispose]() {
      await using _ = dependencies
      await source[Symbol.asyncDispose]()
    },
  })
}
