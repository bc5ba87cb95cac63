import {
  type Digest,
  ImageError,
  imageName,
  type ImageReference,
  type OperationOptions,
  quoteForeign,
} from '@crossdock/core'
import { ACI_ARTIFACT, type AppName, hostPlatform, labelChoices, parseAppName } from '@crossdock/formats'
import { type ImageRecord, namesInStore, type Store, storeImageName } from '@crossdock/store'
import type { FinderContext, FoundImage } from './finder.ts'
import type { FindOptions } from './options.ts'
import { fits, ID_LABEL, imageIdOf, isAlone, isFrom, labelOf, NAME_LABEL } from './record-labels.ts'
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

async function firstNamed(
  store: Store,
  names: readonly string[],
  operation: OperationOptions,
): Promise<ImageRecord | undefined> {
  for (const each of names) {
    const record = await recordNamed(store, each, operation)
    if (record !== undefined) return record
  }
  return undefined
}

async function recordNamed(
  { images }: Pick<Store, 'images'>,
  name: string,
  { signal }: OperationOptions,
): Promise<ImageRecord | undefined> {
  try {
    return await images.get(name, { signal })
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}

/** The names that stand for a manifest. */
export async function withDigest(
  { images }: Pick<Store, 'images'>,
  digest: Digest,
  { signal }: OperationOptions,
): Promise<readonly ImageRecord[]> {
  return await images.list([`target.digest==${digest}`], { signal })
}

export interface FindAppOptions extends OperationOptions {
  /** The one that is taken if several fit. */
  readonly name?: string | undefined
  /** Whether one that was made of its own files alone will not do. Default: false. */
  readonly whole?: boolean | undefined
}

/**
 * An App Container Image by name and labels, whatever it is called in the store: one for this machine's platform before one that says none; of those the one
 * with that very name, else the one that was stored last.
 */
export async function findApp(
  { images }: Pick<Store, 'images'>,
  app: AppName,
  { name, whole = false, signal }: FindAppOptions = {},
): Promise<ImageRecord | undefined> {
  const records = await images.list([`labels.${JSON.stringify(NAME_LABEL)}==${JSON.stringify(app.name)}`], { signal })
  const latest = records.toSorted((one, other) => other.updatedAt.getTime() - one.updatedAt.getTime())
  const choices = labelChoices(app, hostPlatform())
  for (const choice of choices) {
    const fitting = latest.filter(
      (record) =>
        fits(record, choice) && (choices.length === 1 || saysNoOther(record, choice)) && !(whole && isAlone(record)),
    )
    const found = fitting.find((record) => record.name === name) ?? fitting[0]
    if (found !== undefined) return found
  }
  return undefined
}

/** One for another platform than this machine's has the label that a choice leaves open. */
function saysNoOther(record: ImageRecord, { labels }: AppName): boolean {
  return ['os', 'arch'].every((label) => labels.has(label) || labelOf(record, label) === undefined)
}

/** The image of an ID, or of the beginning of one, that has the name and labels. */
export async function findImageOf(
  store: Pick<Store, 'images'>,
  { imageId, app }: { readonly imageId: string; readonly app: AppName },
  options: OperationOptions,
): Promise<ImageRecord | undefined> {
  return (await imagesWithId(store, imageId, options)).find((record) => fits(record, app))
}

/** The prefix may be anything: no pattern is made of it. */
async function imagesWithId(
  { images }: Pick<Store, 'images'>,
  prefix: string,
  { signal }: OperationOptions,
): Promise<readonly ImageRecord[]> {
  const records = await images.list([`labels.${JSON.stringify(ID_LABEL)}`], { signal })
  return records.filter((record) => imageIdOf(record)?.startsWith(prefix))
}

/** The image whose ID begins so, whole rather than of its own files alone. Throws `NOT_FOUND`, `CONFLICT` if several do. */
export async function findId(
  store: Pick<Store, 'images'>,
  prefix: string,
  options: OperationOptions = {},
): Promise<ImageRecord> {
  const records = await imagesWithId(store, prefix, options)
  const ids = new Set(records.map(imageIdOf))
  const record = records.find((each) => !isAlone(each)) ?? records[0]
  const shown = quoteForeign(prefix, 150)
  if (record === undefined) throw new ImageError('NOT_FOUND', `the store has no image whose ID begins with ${shown}`)
  if (ids.size === 1) return record
  throw new ImageError('CONFLICT', `the IDs of ${ids.size} images in the store begin with ${shown}; give more of it`)
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
