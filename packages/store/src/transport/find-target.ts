import { blobSize, openBlob } from '@crossdock/blob-files'
import { type Descriptor, type Digest, ImageError, MAX_MANIFEST_BYTES, type OperationOptions } from '@crossdock/core'
import { parseAnyManifest } from '@crossdock/formats'
import { readVerified } from '@crossdock/streams'
import type { ImageRecord } from '../image-names.ts'
import type { Opened } from './opened.ts'
import { formatLocation, namesToTry } from './reference.ts'

/** The record that the reference's name has. Throws `NOT_FOUND`. */
export async function findRecord(
  { store, location }: Pick<Opened, 'store' | 'location'>,
  operation: OperationOptions = {},
): Promise<ImageRecord> {
  for (const name of namesToTry(location)) {
    const record = await recordOf(store, name, operation)
    if (record !== undefined) return record
  }
  const shown = formatLocation(location)
  throw new ImageError('NOT_FOUND', `there is no image "${shown}" in the store; list those that are there, or pull it`)
}

/** What a name stands for; undefined if there is none. */
export async function recordOf(
  { images }: Pick<Opened['store'], 'images'>,
  name: string,
  operation?: OperationOptions,
): Promise<ImageRecord | undefined> {
  try {
    return await images.get(name, operation)
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}

/** What a reference stands for, and the name that leads to it, if one does. */
export interface FoundTarget {
  readonly name?: string | undefined
  readonly target: Descriptor
}

/** What the reference stands for: a digest decides, whatever the name stands for. Throws `NOT_FOUND`. */
export async function findTarget(found: Opened, operation: OperationOptions = {}): Promise<FoundTarget> {
  const { digest } = found.location
  if (digest === undefined) return await findRecord(found, operation)
  const [named] = await found.store.images.list([`target.digest==${digest}`], operation)
  return named ?? { target: await describeManifest(found, digest, operation) }
}

/** A manifest that is in the store, by what its bytes say. Throws `NOT_FOUND`, and `INVALID_DATA` for what is no manifest. */
export async function describeManifest(
  { paths }: Pick<Opened, 'paths'>,
  digest: Digest,
  operation: OperationOptions = {},
): Promise<Descriptor> {
  const size = await blobSize(paths.blobs, digest, operation)
  const what = `the blob ${digest}`
  if (size > MAX_MANIFEST_BYTES) {
    throw new ImageError('NOT_FOUND', `${what} is in the store, but it is no manifest: it has ${size} bytes`)
  }
  const blob = { mediaType: '', digest, size }
  await using body = await openBlob(paths.blobs, blob, { signal: operation.signal })
  const bytes = await readVerified(body, blob, { limitBytes: MAX_MANIFEST_BYTES, what })
  const { mediaType } = parseAnyManifest({ bytes, mediaType: '', digest })
  return { mediaType, digest, size }
}
