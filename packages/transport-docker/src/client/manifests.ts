import { type Digest, ImageError, type ManifestBytes, type OperationOptions } from '@crossdock/core'
import { createInFlight } from '@crossdock/streams'
import type { Endpoints } from './endpoints.ts'
import { readManifest } from './manifest-read.ts'
import type { Repository } from './repository.ts'

/** The manifests of one open image. */
export interface Manifests {
  /** What the name stood for when it was asked first: a tag may move. */
  top(options: OperationOptions): Promise<ManifestBytes>
  byDigest(digest: Digest, options: OperationOptions): Promise<ManifestBytes>
  /** Reads one that is likely to be asked for next, from this place; undefined if it is not there. */
  keep(repository: Repository, digest: Digest, options: OperationOptions): Promise<ManifestBytes | undefined>
  clear(): void
}

/** Manifests that are kept until they are asked for. */
const MAX_KEPT = 32

/** `name` is the tag or digest of the image. */
export function createManifests(endpoints: Endpoints, name: string): Manifests {
  const first = createInFlight<'top', ManifestBytes>({ remember: true })
  const kept = new Map<Digest, ManifestBytes>()

  function read(wanted: string, operation: OperationOptions): Promise<ManifestBytes> {
    const ask = (repository: Repository): Promise<ManifestBytes> => readManifest(repository, wanted, operation)
    return endpoints.ask(ask, { what: `manifest ${wanted}`, operation })
  }

  return {
    top: (options) => first.run('top', (signal) => read(name, { ...options, signal }), options),
    async byDigest(digest, options) {
      const known = kept.get(digest)
      kept.delete(digest)
      return known ?? (await read(digest, options))
    },
    async keep(repository, digest, options) {
      try {
        const manifest = await readManifest(repository, digest, options)
        if (kept.size < MAX_KEPT) kept.set(digest, manifest)
        return manifest
      } catch (error) {
        if (error instanceof ImageError && error.code === 'NOT_FOUND') return undefined
        throw error
      }
    },
    clear: () => kept.clear(),
  }
}
