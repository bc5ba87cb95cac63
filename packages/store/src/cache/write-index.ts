import { createTrust, manifestReader } from '@crossdock/blob-files'
import { type Descriptor, ImageError, type OperationOptions } from '@crossdock/core'
import { buildIndex, type ImageIndex, isIndexType, parseManifest } from '@crossdock/formats'
import { recordsNamed } from '../transport/attached.ts'
import { changeNames } from '../transport/change-names.ts'
import { opened } from '../transport/opened.ts'
import { parseLocation, storeImageName } from '../transport/reference.ts'
import { createSession, type Session } from '../transport/session.ts'
import { writeDocument } from '../transport/write-document.ts'
import type { CacheContext } from './cache-context.ts'
import { mergeIndex } from './merge-index.ts'

/**
 * Lets the name stand for an index with these manifests, which are in the store: a new one, or the one that it stands for with them added
 * (`mergeIndex`). Several processes may add to one name at once. Throws `INVALID_DATA` without manifests, `NOT_FOUND` for one that is not in
 * the store, `CONFLICT` if the name stands for a single image.
 */
export async function writeIndex(
  cache: CacheContext,
  text: string,
  manifests: readonly Descriptor[],
  operation: OperationOptions = {},
): Promise<Descriptor> {
  if (manifests.length === 0) throw new ImageError('INVALID_DATA', 'an index without manifests is of no use: give one')
  return await naming(cache, text, operation, async (session, name) => {
    await needAll(session, manifests, operation)
    const [record] = await recordsNamed(cache.context, [name], operation)
    const old = record === undefined ? undefined : await readIndex(cache, record.target, name)
    const { annotations = {}, artifactType, subject } = old ?? {}
    const { bytes, mediaType, digest } = buildIndex({
      manifests: mergeIndex(old?.manifests ?? [], manifests),
      artifactType,
      subject,
      ...(Object.keys(annotations).length > 0 && { annotations }),
    })
    const target = { mediaType, digest, size: bytes.byteLength }
    await writeDocument(session, target, bytes, operation)
    return target
  })
}

/** Lets the name stand for a manifest that is in the store. Throws `NOT_FOUND` if it is not. */
export async function writeDescriptor(
  cache: CacheContext,
  text: string,
  target: Descriptor,
  operation: OperationOptions = {},
): Promise<Descriptor> {
  return await naming(cache, text, operation, async (session) => {
    await needAll(session, [target], operation)
    return target
  })
}

/** Gives a name what `work` makes while nobody else changes names. */
async function naming(
  { store, stored, context }: CacheContext,
  text: string,
  operation: OperationOptions,
  work: (session: Session, name: string) => Promise<Descriptor>,
): Promise<Descriptor> {
  const name = storeImageName(text)
  const session = createSession(opened(store, stored.parseReference(text), parseLocation(text)))
  await using _keeper = session.keeper
  await session.ready()
  return await context.layout.exclusively(async (layout) => {
    await layout.sync(operation)
    const target = await work(session, name)
    await changeNames(session, { put: [{ name, target }] }, operation)
    await layout.sync(operation)
    return target
  }, operation)
}

async function needAll(
  { paths, keeper }: Session,
  manifests: readonly Descriptor[],
  operation: OperationOptions,
): Promise<void> {
  const trust = createTrust(paths.blobs)
  for (const manifest of manifests) {
    await keeper.keep(manifest, operation)
    if (await trust.holds(manifest, operation)) continue
    throw new ImageError('NOT_FOUND', `the manifest ${manifest.digest} is not in the store; bring it in first`)
  }
}

async function readIndex({ paths }: CacheContext, target: Descriptor, name: string): Promise<ImageIndex> {
  if (isIndexType(target.mediaType)) {
    const parsed = parseManifest(await manifestReader(paths.blobs)(target))
    if (parsed.kind === 'index') return parsed
  }
  throw new ImageError(
    'CONFLICT',
    `"${name}" stands for a single image, not for an index; delete it, or choose another`,
  )
}
