import { type AciSource, isAciSource } from '@crossdock/archive'
import {
  type Digest,
  ImageError,
  type ImageErrorCode,
  imageName,
  type ImageReference,
  type ImageSource,
  type OperationOptions,
  report,
} from '@crossdock/core'
import { ACI_ARTIFACT, type AciDependency, parseAppName } from '@crossdock/formats'
import { createImageCache, type ImageRecord, type Labels, storeImageName } from '@crossdock/store'
import {
  createDependencies,
  type Dependencies,
  type Dependency,
  fetchDependency,
  type OpenDependency,
  referenceOf,
} from './dependencies.ts'
import type { FinderContext, FoundImage } from './finder.ts'
import type { FinderCopyOptions, FindOptions } from './options.ts'
import { readingFrom } from './reading-from.ts'
import { fromLabel, isImageLabel, labelsOf } from './record-labels.ts'
import { sourceWith } from './source-with.ts'
import { openStoredArchive, storedArchive } from './stored-archive.ts'
import { findApp, findImageOf } from './find-record.ts'
import { foundIn, unsigned } from './stored-image.ts'
import { storedName } from './stored-name.ts'
import { openSource } from './with-dependencies.ts'

/** Brings an image into the store, judged, with what it depends on. */
export async function fetchImage(
  context: FinderContext,
  reference: ImageReference,
  options: FindOptions,
): Promise<FoundImage> {
  const { signature, admit } = options
  const name = options.name ?? storedName(reference)
  await using source = await openSource(reference, options)
  if (!isAciSource(source)) {
    if (signature !== undefined) throw unsigned(reference)
    return await store(context, { reference, source, name }, options)
  }
  await using dependencies = createDependencies({ open: dependencyOpener(context, reference, options), admit })
  const alone = options.withDependencies === false
  const { find } = dependencies
  const changes = { find, alone, attach: true, ...(signature !== undefined && { signature }) }
  const image = await store(context, { reference, source: source.with(changes), name }, { ...options, alone })
  return { ...image, dependencies: await storeAll(context, dependencies, options) }
}

interface Storing {
  readonly reference: ImageReference
  readonly source: ImageSource
  readonly name: string
}

interface StoreOptions extends FindOptions {
  readonly alone?: boolean | undefined
}

async function store(
  context: FinderContext,
  { reference, source, name }: Storing,
  { admit, platforms, alone = false, signal, onProgress }: StoreOptions,
): Promise<FoundImage> {
  const isAci = isAciSource(source)
  // What is signed is the archive: it comes along as a referrer, with its signature.
  const kept: FinderCopyOptions = isAci ? { signatures: 'drop', referrers: true } : {}
  const cache = createImageCache({
    store: context.store,
    transports: context.transports,
    copy: (from, to, chosen) => context.copy(from, to, { ...chosen, ...kept }),
  })
  // Whoever judges it may open it by its reference: that is this source again, and not another download.
  const from = readingFrom(reference, async () => lent)
  const lent: ImageSource = sourceWith(source, { reference: from, async [Symbol.asyncDispose]() {} })
  const { target, isNew } = await cache.pull(name, {
    from,
    always: true,
    platforms: isAci ? 'all' : platforms,
    admit,
    signal,
    onProgress,
  })
  const own = storedName(reference)
  const labels = {
    ...(isAciSource(source) && (await labelsFor(source, { alone, signal }))),
    ...(name !== own && fromLabel(target.digest, own)),
  }
  const record = await labelled(context, { name: storeImageName(name), target, labels })
  // The name may stand for what another one has stored meanwhile.
  return { ...foundIn(context, { ...record, target }, reference), isFetched: isNew }
}

/** Of what was read here: the name may stand for what another one has stored meanwhile. */
async function labelsFor(
  source: AciSource,
  { alone = false, ...operation }: Pick<StoreOptions, 'alone' | 'signal'>,
): Promise<Labels> {
  const { digest: target } = await source.getManifest(undefined, operation)
  let artifact: Digest | undefined
  for await (const { digest, artifactType } of source.referrers?.(target, operation) ?? []) {
    if (artifactType === ACI_ARTIFACT) artifact = digest
  }
  return labelsOf({ ...source.aci, target, artifact, alone })
}

/** Labels of others stay. */
async function labelled(
  { store: { images } }: FinderContext,
  { name, target, labels }: Pick<ImageRecord, 'name' | 'target' | 'labels'>,
): Promise<ImageRecord> {
  const there = Object.entries((await images.get(name)).labels)
  const others = Object.fromEntries(there.filter(([key]) => !isImageLabel(key)))
  return await images.update({ name, target, labels: { ...others, ...labels } }, ['labels'])
}

/** `asking` is what was asked for. */
function dependencyOpener(
  context: FinderContext,
  asking: ImageReference,
  { pullPolicy = 'new' }: FindOptions,
): OpenDependency {
  return async (dependency, operation) => {
    const reference = referenceOf(dependency, context.transports)
    const isFixed = dependency.imageId !== undefined
    const there =
      pullPolicy === 'update' && !isFixed
        ? undefined
        : await storedDependency(context, { dependency, reference }, operation)
    if (there !== undefined) return there
    if (pullPolicy === 'never') throw notFetched(reference)
    return await fetchDependency(reference, { asking, ...operation })
  }
}

export function notFetched(reference: ImageReference): ImageError {
  const image = imageName(reference)
  const message = `${image} is not in the store, and with the pull policy "never" nothing is fetched`
  return new ImageError('NOT_FOUND', message, { side: 'source', image })
}

interface Depending {
  readonly dependency: AciDependency
  readonly reference: ImageReference
}

async function storedDependency(
  context: FinderContext,
  { dependency: { imageId }, reference }: Depending,
  operation: OperationOptions,
): Promise<Dependency | undefined> {
  const app = parseAppName(reference.toString())
  const record = await (imageId === undefined
    ? findApp(context.store, app, { name: storedName(reference), ...operation })
    : findImageOf(context.store, { imageId, app }, operation))
  if (record === undefined) return undefined
  await using image = await context.stored.parseReference(record.target.digest).openSource(operation)
  const kept = await storedArchive(image, record, operation)
  if (kept === undefined) return undefined
  const { reading } = context
  const source = await openStoredArchive(context, kept, { reference, record, reading, ...operation })
  return { reference, source, isStored: true }
}

/**
 * What an image depends on is kept under its own name: the next one that depends on it finds it. Of what gives files to others no image need come by itself: such
 * is told of, and not kept.
 */
async function storeAll(
  context: FinderContext,
  { found, find }: Dependencies,
  { signal, onProgress }: FindOptions,
): Promise<readonly string[]> {
  const names: string[] = []
  for (const { reference, source, isStored } of found) {
    if (isStored) continue
    const [name, image] = [storedName(reference), source.with({ find, attach: true })]
    try {
      await image.getManifest(undefined, { signal, onProgress })
    } catch (reason) {
      if (!(reason instanceof ImageError) || !NO_IMAGE.has(reason.code)) throw reason
      const message = `${imageName(reference)} is not kept by itself: ${reason.message}`
      report({ onProgress }, { type: 'note', level: 'warning', message })
      continue
    }
    await store(context, { reference, source: image, name }, { signal, onProgress })
    names.push(name)
  }
  return names
}

/** An archive that was read and whose image cannot be. */
const NO_IMAGE: ReadonlySet<ImageErrorCode> = new Set(['INVALID_DATA', 'UNSUPPORTED'])
