import {
  type Descriptor,
  type Digest,
  ImageError,
  type ImageSource,
  type ManifestBytes,
  type Platform,
  unparsedImage,
  type UnparsedImage,
} from '@crossdock/core'
import {
  childrenOf,
  formatPlatform,
  type ImageIndex,
  type Manifest,
  parseManifest,
  rewriteIndex,
  selectInstance,
  selectInstances,
} from '@crossdock/formats'
import { type Operation, onSide } from './operation.ts'
import type { PlatformChoice, ResolvedOptions } from './options.ts'

/** Indexes in indexes deeper than this are refused: real images need two. */
export const MAX_DEPTH = 8

/** A manifest or index that will be written. */
export interface Document {
  /** The image that the signatures are for. */
  readonly image: UnparsedImage
  /** The bytes of `image`, unless an index was rewritten. */
  readonly manifest: ManifestBytes
  readonly parsed: Manifest
}

/** What the destination reference will name. */
export interface Root extends Document {
  /** What the source reference names. */
  readonly sourceDigest: Digest
  /** What will be copied of an index; undefined for everything that it lists, and for what is no index. */
  readonly members: readonly Descriptor[] | undefined
}

interface Settings {
  readonly options: ResolvedOptions
  readonly operation: Operation
}

/** Applies the platform choice to the image behind `top`, which has been admitted. */
export async function chooseRoot(source: ImageSource, top: UnparsedImage, settings: Settings): Promise<Root> {
  const document = await readDocument(source, top, { operation: settings.operation })
  const { parsed } = document
  const { choice } = settings.options
  const whole: Root = { ...document, sourceDigest: document.manifest.digest, members: undefined }
  if (parsed.kind === 'image' || choice.kind === 'all') return whole
  if (choice.kind === 'some') return subset(whole, parsed, { choice, preserve: settings.options.preserveDigests })
  if (settings.options.preserveDigests) {
    throw new ImageError(
      'UNSUPPORTED',
      `the source is an index, and its image for ${formatPlatform(choice.platform)} has another digest: ` +
        'copy all platforms, or do not ask for digests to be preserved',
    )
  }
  const chosen = await descend(source, {
    index: parsed,
    platform: choice.platform,
    operation: settings.operation,
  })
  return { ...whole, ...chosen }
}

/** The document that an index or a list of referrers names; what the descriptor says of it must hold. */
export function readInstance(source: ImageSource, descriptor: Descriptor, operation: Operation): Promise<Document> {
  return readDocument(source, unparsedImage(source, descriptor.digest), { operation, descriptor })
}

async function readDocument(
  source: ImageSource,
  image: UnparsedImage,
  { operation, descriptor }: { readonly operation: Operation; readonly descriptor?: Descriptor },
): Promise<Document> {
  const read = async (): Promise<Document> => {
    const manifest = await image.manifest(operation)
    const parsed = parseManifest(manifest, { descriptor })
    // A source may not have been told the type; the document knows it.
    return { image, manifest: { ...manifest, mediaType: parsed.mediaType }, parsed }
  }
  return onSide('source', source.reference, read, operation.signal)
}

/** The image for one platform, through indexes in indexes. */
async function descend(
  source: ImageSource,
  {
    index,
    platform,
    operation,
  }: { readonly index: ImageIndex; readonly platform: Platform; readonly operation: Operation },
): Promise<Document> {
  let current = index
  for (let depth = 1; depth <= MAX_DEPTH; depth += 1) {
    const chosen = await readInstance(source, selectInstance(current, platform), operation)
    if (chosen.parsed.kind === 'image') return chosen
    current = chosen.parsed
  }
  throw tooDeep()
}

export function tooDeep(): ImageError {
  return new ImageError('LIMIT_EXCEEDED', `indexes are nested more than ${MAX_DEPTH} deep`)
}

function subset(
  whole: Root,
  index: ImageIndex,
  { choice, preserve }: { readonly choice: PlatformChoice & { readonly kind: 'some' }; readonly preserve: boolean },
): Root {
  const all = childrenOf(index)
  const members = selectInstances(index, choice.patterns)
  if (members.length === all.length) return whole
  if (choice.subset === 'sparse') return { ...whole, members }
  if (choice.subset === 'refuse' || preserve) {
    throw new ImageError(
      'UNSUPPORTED',
      `only ${members.length} of the ${all.length} instances of the index match: copy all, or allow a rewritten or a sparse index`,
    )
  }
  const manifest = rewriteIndex(whole.manifest, new Set(members.map(({ digest }) => digest)))
  return { ...whole, manifest, parsed: parseManifest(manifest) }
}
