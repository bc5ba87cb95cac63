import {
  type Digest,
  ImageError,
  imageName,
  type ImageReference,
  type OperationOptions,
  quoteForeign,
} from '@crossdock/core'
import type { ImageRecord, Store } from '@crossdock/store'
import { fetchImage, notFetched } from './fetch.ts'
import type { FinderContext, FoundImage } from './finder.ts'
import type { FindOptions } from './options.ts'
import { isJudgeable, judgeStored } from './judge-stored.ts'
import { findId, withDigest } from './find-record.ts'
import { findStored, foundIn } from './stored-image.ts'
import { isLocal } from './stored-name.ts'
import { nameOfPath } from './text/name-of-path.ts'
import { readImageText } from './text/read-image-text.ts'

/** What `find` of a finder does. */
export async function find(context: FinderContext, imageText: string, options: FindOptions = {}): Promise<FoundImage> {
  options.signal?.throwIfAborted()
  const { transports, folder, store, reading } = context
  const text = readImageText(imageText, { registry: transports, folder })
  if (text.kind === 'image-id') return await take(context, await findId(store, text.prefix, options), options)
  if (text.kind === 'digest') return await take(context, await findDigest(store, text.digest, options), options)
  if (text.kind === 'bare') return await findFirst(context, await bareNames(context, text.text, options), options)
  const name = text.kind === 'name' ? text.name : await nameOfPath(text.path, { ...reading, ...options })
  return await findFirst(context, [name], options)
}

async function findDigest(
  store: Pick<Store, 'images'>,
  digest: Digest,
  options: OperationOptions,
): Promise<ImageRecord> {
  const [record] = await withDigest(store, digest, options)
  if (record !== undefined) return record
  throw new ImageError(
    'NOT_FOUND',
    `the store has no image ${digest}, and a digest alone does not say where to fetch it`,
  )
}

async function bareNames(
  { bareNames: namesOf = (text) => [`docker://${text}`] }: FinderContext,
  text: string,
  { signal, onProgress }: OperationOptions,
): Promise<readonly string[]> {
  const names = await namesOf(text, { signal, onProgress })
  if (names.length > 0) return names
  const problem = 'has no transport, and there is none in which to look for it: write docker://NAME or appc:NAME'
  throw new ImageError('INVALID_REFERENCE', `the image name "${quoteForeign(text, 200)}" ${problem}`)
}

/** The first that the store has; else the first that is there. */
async function findFirst(context: FinderContext, names: readonly string[], options: FindOptions): Promise<FoundImage> {
  const references = names.map((name) => context.transports.parse(name))
  const { pullPolicy = 'new' } = options
  for (const reference of references) {
    const isAsked = pullPolicy !== 'update' || isOfStore(reference)
    const record = isAsked && !isLocal(reference) ? await findStored(context, reference, options) : undefined
    if (record === undefined) continue
    const isOnlyThere = pullPolicy === 'never' || isOfStore(reference)
    if (isOnlyThere || (await isJudgeable(context, record, options))) {
      return await take(context, record, { ...options, reference })
    }
  }
  return await fetchFirst(context, references, options)
}

async function fetchFirst(
  context: FinderContext,
  references: readonly ImageReference[],
  options: FindOptions,
): Promise<FoundImage> {
  const missing: ImageError[] = []
  for (const reference of references) {
    try {
      if (isOfStore(reference)) throw notStored(reference)
      if (!isLocal(reference) && options.pullPolicy === 'never') throw notFetched(reference)
      return await fetchImage(context, reference, options)
    } catch (reason) {
      if (!(reason instanceof ImageError) || reason.code !== 'NOT_FOUND') throw reason
      missing.push(reason)
    }
  }
  const [only, ...others] = missing
  if (only !== undefined && others.length === 0) throw only
  throw new ImageError('NOT_FOUND', missing.map(({ message }) => message).join('; '), { side: 'source' })
}

function notStored(reference: ImageReference): ImageError {
  const image = imageName(reference)
  return new ImageError('NOT_FOUND', `there is no ${image}; fetch it by a name that says where it is`, { image })
}

function isOfStore({ transport }: ImageReference): boolean {
  return transport.name === 'store'
}

interface TakeOptions extends FindOptions {
  /** What was asked for. Default: the image by its name in the store. */
  readonly reference?: ImageReference | undefined
}

async function take(
  context: FinderContext,
  record: ImageRecord,
  { reference, ...options }: TakeOptions,
): Promise<FoundImage> {
  await judgeStored(context, { reference: reference ?? context.stored.parseReference(record.name), record }, options)
  return foundIn(context, record, reference)
}
