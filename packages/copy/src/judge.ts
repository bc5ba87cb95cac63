import {
  type Descriptor,
  type Digest,
  ImageError,
  imageName,
  type ImageSource,
  type Platform,
  quoteForeign,
  shortDigest,
  unparsedImage,
  type UnparsedImage,
} from '@crossdock/core'
import {
  childrenOf,
  chooseInstance,
  formatPlatform,
  type ImageDocument,
  type ImageIndex,
  MAX_INDEX_DEPTH,
  nestedTooDeep,
  readDocument,
  selectInstance,
} from '@crossdock/formats'
import { runAll } from '@crossdock/streams'
import { isDocument, MAX_MANIFESTS, tooManyManifests } from './manifest-limits.ts'
import { type Operation, onSide } from './operation.ts'
import type { ResolvedOptions } from './options.ts'

/** The document that the source names, and what policy says of it. */
export interface JudgedTop {
  readonly image: UnparsedImage
  /** Why policy refuses it; undefined if it does not. */
  readonly refusal: ImageError | undefined
}

/** An index that was refused and may be read nevertheless, for what it lists: of that policy may accept what is copied. */
export interface RefusedIndex extends ImageDocument {
  readonly parsed: ImageIndex
  readonly refusal: ImageError
}

interface Settings {
  readonly options: ResolvedOptions
  readonly operation: Operation
}

/** Judges what the source names. Throws what keeps the judge from a verdict. */
export async function judgeTop(source: ImageSource, settings: Settings): Promise<JudgedTop> {
  const image = unparsedImage(source)
  return { image, refusal: await refusalOf(image, settings) }
}

/** Throws the refusal unless the document is an index. */
export async function readRefused(
  { image, refusal }: { readonly image: UnparsedImage; readonly refusal: ImageError },
  operation: Operation,
  descriptor?: Descriptor,
): Promise<RefusedIndex> {
  const document = await readDocument(image, { ...operation, descriptor }).catch(() => undefined)
  operation.signal.throwIfAborted()
  if (document?.parsed.kind !== 'index') throw refusal
  return { ...document, parsed: document.parsed, refusal }
}

/** The image for a platform in an index that was refused: that image has to be accepted, or an index on the way to it. */
export async function chooseJudged(
  source: ImageSource,
  top: RefusedIndex,
  { options, operation, platform }: Settings & { readonly platform: Platform },
): Promise<ImageDocument> {
  const atSource = <Value>(call: () => Promise<Value>): Promise<Value> =>
    onSide('source', source.reference, call, operation.signal)
  let index = top
  for (let depth = 1; depth <= MAX_INDEX_DEPTH; depth += 1) {
    const descriptor = await atSource(async () => selectInstance(index.parsed, platform))
    const image = unparsedImage(source, descriptor.digest)
    const refusal = await refusalOf(image, { options, operation })
    if (refusal === undefined) {
      return atSource(async () => {
        const accepted = await readDocument(image, { ...operation, descriptor })
        return chooseInstance(source, accepted, { ...operation, platform })
      })
    }
    index = await readRefused({ image, refusal: both(index, descriptor, refusal) }, operation, descriptor)
  }
  throw nestedTooDeep(source.reference)
}

/**
 * Judges everything that is copied of an index that was refused, and below the indexes in it that are refused, too: each by itself,
 * before it is read. Answers with what was judged, so that this is what is copied. Throws the first refusal.
 */
export async function judgeInstances(
  source: ImageSource,
  top: RefusedIndex,
  { members, options, operation }: Settings & { readonly members: readonly Descriptor[] },
): Promise<ReadonlyMap<Digest, UnparsedImage>> {
  const judged = new Map<Digest, UnparsedImage>()
  let round = listed(top, members)
  for (let depth = 1; round.length > 0; depth += 1) {
    if (depth > MAX_INDEX_DEPTH) throw nestedTooDeep(source.reference)
    const below: Listed[] = []
    const judge = async ({ index, descriptor }: Listed, signal: AbortSignal): Promise<void> => {
      if (judged.has(descriptor.digest)) return
      const image = unparsedImage(source, descriptor.digest)
      judged.set(descriptor.digest, image)
      if (judged.size > MAX_MANIFESTS) throw tooManyManifests()
      const current = operation.under(signal)
      const refusal = await refusalOf(image, { options, operation: current })
      if (refusal === undefined) return
      const refused = await readRefused({ image, refusal: both(index, descriptor, refusal) }, current, descriptor)
      below.push(...listed(refused, childrenOf(refused.parsed)))
    }
    await runAll(round, judge, { concurrency: options.concurrency, signal: operation.signal })
    round = below
  }
  return judged
}

interface Listed {
  readonly index: RefusedIndex
  readonly descriptor: Descriptor
}

/** Nothing is accepted because there is nothing to refuse, nor because it cannot be judged. */
function listed(index: RefusedIndex, members: readonly Descriptor[]): readonly Listed[] {
  const loose = members.find((member) => !isDocument(member))
  if (members.length > 0 && loose === undefined) return members.map((descriptor) => ({ index, descriptor }))
  const why =
    loose === undefined
      ? 'it lists no image that could be judged in its place'
      : `it lists ${shortDigest(loose.digest)}, which is no image and cannot be judged in its place`
  throw refusalFor(index, `${index.refusal.message}; ${why}`, index.refusal.cause ?? index.refusal)
}

async function refusalOf(image: UnparsedImage, { options, operation }: Settings): Promise<ImageError | undefined> {
  try {
    await options.admit?.(image, operation)
    return undefined
  } catch (error) {
    operation.signal.throwIfAborted()
    if (error instanceof ImageError && error.code === 'REJECTED_BY_POLICY') return error
    throw error
  }
}

function both(index: RefusedIndex, { digest, platform }: Descriptor, reason: ImageError): ImageError {
  const which = platform === undefined ? '' : ` for ${quoteForeign(formatPlatform(platform), 100)}`
  const what = `the index ${shortDigest(index.manifest.digest)} was refused, and so was its image${which}, ${shortDigest(digest)}`
  return refusalFor(
    index,
    `${what}. The index: ${index.refusal.message}. The image: ${reason.message}`,
    reason.cause ?? reason,
  )
}

function refusalFor({ image }: RefusedIndex, message: string, cause: unknown): ImageError {
  return new ImageError('REJECTED_BY_POLICY', message, { image: imageName(image.reference), cause })
}
