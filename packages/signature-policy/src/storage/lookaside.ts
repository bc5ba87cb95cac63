import {
  type Digest,
  type DockerReference,
  ImageError,
  type OperationOptions,
  repositoryName,
  type Signature,
  type SignatureStorage,
} from '@crossdock/core'
import type { HttpClient, HttpClientOptions } from '@crossdock/http'
import { readSignatureFolder, removeSignatureFolder, writeSignatureFolder } from './lookaside-folder.ts'
import { lookasidePlace } from './lookaside-place.ts'

/** What `registries.d` says of an image: base URLs of the signatures of all images below a namespace. */
export interface LookasideConfig {
  /** Where they are read: `file:`, `http:` or `https:`. Default: nowhere, there are none. */
  readonly lookaside?: string | undefined
  /** Where they are written and removed: `file:`. Default: `lookaside`. */
  readonly staging?: string | undefined
}

export interface LookasideOptions {
  /** Asked for each image that is read or written. Undefined: no place is known. What it throws ends the operation. */
  readonly configFor: (image: DockerReference) => LookasideConfig | undefined | Promise<LookasideConfig | undefined>
  /** A client to share with others. Default: one for each list that is read, by the environment's proxy settings. */
  readonly http?: HttpClient | undefined
  /** Time-outs and the like of such a client of its own. Default: those of `createHttpClient`. */
  readonly httpOptions?: HttpClientOptions | undefined
}

/**
 * Signatures apart from the images, in folders and on web servers (containers-registries.d(5)). Web servers are read alone: what is to be on one
 * is written to a folder, `staging`, and published from there.
 */
export function lookasideStorage({ configFor, http, httpOptions }: LookasideOptions): SignatureStorage {
  return Object.freeze({
    async read(image: DockerReference, manifest: Digest, operation: OperationOptions = {}) {
      operation.signal?.throwIfAborted()
      const { lookaside } = (await configFor(image)) ?? {}
      if (lookaside === undefined) return []
      const place = lookasidePlace(lookaside, image, manifest)
      if (place.kind === 'folder') return await readSignatureFolder(place.folder, operation)
      // Most signatures are files.
      const { readWebSignatures } = await import('./lookaside-web.ts')
      return await readWebSignatures(place, { ...operation, http, httpOptions })
    },
    async write(
      image: DockerReference,
      manifest: Digest,
      signatures: readonly Signature[],
      operation: OperationOptions = {},
    ) {
      operation.signal?.throwIfAborted()
      const { lookaside, staging = lookaside } = (await configFor(image)) ?? {}
      if (staging === undefined) throw noPlace(image, 'none is known')
      const place = lookasidePlace(staging, image, manifest)
      if (place.kind === 'web') throw noPlace(image, 'the one that is known is a web server, which is only read')
      await writeSignatureFolder(place.folder, signatures, operation)
    },
    async delete(image: DockerReference, manifest: Digest, operation: OperationOptions = {}) {
      operation.signal?.throwIfAborted()
      const { lookaside, staging = lookaside } = (await configFor(image)) ?? {}
      const place = staging === undefined ? undefined : lookasidePlace(staging, image, manifest)
      // What a web server shows is for those to remove who put it there.
      if (place?.kind === 'folder') await removeSignatureFolder(place.folder)
    },
  })
}

function noPlace(image: DockerReference, why: string): ImageError {
  return new ImageError(
    'UNSUPPORTED',
    `the signatures of ${repositoryName(image)} need a folder to be written to, and ${why}: name one as lookaside-staging ` +
      'or lookaside in registries.d, file:///PATH',
  )
}
