import { ImageError, imageName, type ImageReference, type OperationOptions } from '@crossdock/core'
import { ACI_ARTIFACT, parseAppName } from '@crossdock/formats'
import { type ImageRecord, namesInStore, type Store, storeImageName } from '@crossdock/store'
import { findApp, firstNamed, withDigest } from './find-record.ts'
import type { FinderContext, FoundImage } from './finder.ts'
import type { FindOptions } from './options.ts'
import { imageIdOf, isAlone, isFrom } from './record-labels.ts'
import { storedName } from './stored-name.ts'

/** What a reference stands for in the store, with all that is needed of it; undefined if it is not there. */
export async function findStored(
  context: FinderContext,
  reference: ImageReference,
  options: FindOptions,
): Promise<ImageRecord | undefined> {
  const { store, cache } = context
  const record = await recordFor(store, reference, options)
  if (record === undefined || (isAlone(record) && needsAll(options))) return undefined
  const { signal, onProgress } = options
  if (URLS.includes(reference.transport.name) && (await isUnfinished(context, record, { signal }))) return undefined
  const platforms = isAci(record) ? 'all' : options.platforms
  const target = await cache.findComplete(record.name, { platforms, signal, onProgress })
  return target?.digest === record.target.digest ? record : undefined
}

const URLS: readonly string[] = ['https', 'http']

/**
 * Whether an App Container archive was stored under the name and nobody noted what the image is, as after an interruption: it may lack what it depends on. By
 * any other name it is not found without.
 */
async function isUnfinished(
  { stored }: FinderContext,
  record: ImageRecord,
  operation: OperationOptions,
): Promise<boolean> {
  if (isAci(record)) return false
  await using source = await stored.parseReference(record.target.digest).openSource(operation)
  for await (const { artifactType } of source.referrers?.(record.target.digest, operation) ?? [])
    if (artifactType === ACI_ARTIFACT) return true
  return false
}

function needsAll({ withDependencies = true }: FindOptions): boolean {
  return withDependencies
}

/** A digest in a reference decides, whatever the name stands for. What somebody called so has to come from where it is asked for. */
async function recordFor(
  store: Store,
  reference: ImageReference,
  { name, signal, ...options }: FindOptions,
): Promise<ImageRecord | undefined> {
  const { transport, dockerReference } = reference
  const text = reference.toString()
  if (transport.name === 'appc') {
    const whole = needsAll(options)
    return await findApp(store, parseAppName(text), { name: name ?? storedName(reference), whole, signal })
  }
  if (transport.name === 'store') return await recordInStore(store, text, { signal })
  const own = storedName(reference)
  const isOwn = name === undefined || storeImageName(name) === own
  const { names, digest = dockerReference?.digest } = namesInStore(isOwn ? own : name)
  const record = await firstNamed(store, names, { signal })
  if (record === undefined) return undefined
  const isMeant = digest === undefined ? isOwn || isFrom(record, own) : record.target.digest === digest
  return isMeant ? record : undefined
}

async function recordInStore(
  store: Store,
  text: string,
  operation: OperationOptions,
): Promise<ImageRecord | undefined> {
  const { names, digest } = namesInStore(text)
  return digest === undefined
    ? await firstNamed(store, names, operation)
    : (await withDigest(store, digest, operation))[0]
}

/** A detached signature was given for something else. */
export function unsigned(reference: ImageReference): ImageError {
  const image = imageName(reference)
  const message = `${image} is no App Container Image: a detached signature is for the archive of one`
  return new ImageError('UNSUPPORTED', message, { side: 'source', image })
}

export function isAci(record: ImageRecord): boolean {
  return imageIdOf(record) !== undefined
}

/** An image that was there. */
export function foundIn({ stored }: FinderContext, record: ImageRecord, from?: ImageReference): FoundImage {
  const { name, target } = record
  const reference = stored.parseReference(name)
  return { reference, name, target, from, isFetched: false, imageId: imageIdOf(record), dependencies: [] }
}
