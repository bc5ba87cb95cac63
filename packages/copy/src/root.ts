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
  isIndexType,
  parseManifest,
  rewriteIndex,
  selectInstance,
  selectInstances,
} from '@crossdock/formats'
import { type Operation, onSide } from './operation.ts'
import type { PlatformChoice, ResolvedOptions } from './options.ts'

/** Indexes in indexes deeper than this are refused: real images need two. */
export const MAX_DEPTH = 8

/** What the destination reference will name. */
export interface Root {
  /** What the source reference names. */
  readonly sourceDigest: Digest
  /** The image that the signatures are for. */
  readonly image: UnparsedImage
  /** What will be written: the bytes of `image`, unless an index was rewritten. */
  readonly manifest: ManifestBytes
  /** What will be copied of an index; undefined for everything that it lists, and for what is no index. */
  readonly members: readonly Descriptor[] | undefined
}

interface Settings {
  readonly options: ResolvedOptions
  readonly operation: Operation
}

/** Applies the platform choice to the image behind `top`, which has been admitted. */
export async function chooseRoot(source: ImageSource, top: UnparsedImage, settings: Settings): Promise<Root> {
  const manifest = await readManifest(source, top, settings.operation)
  const parsed = parseManifest(manifest)
  const { choice } = settings.options
  const whole: Root = { sourceDigest: manifest.digest, image: top, manifest, members: undefined }
  if (parsed.kind === 'image' || choice.kind === 'all') return whole
  if (choice.kind === 'some') return subset(whole, parsed, { choice, preserve: settings.options.preserveDigests })
  if (settings.options.preserveDigests) {
    throw new ImageError(
      'UNSUPPORTED',
      `the source is an index, and its image for ${formatPlatform(choice.platform)} has another digest: ` +
        'copy all platforms, or do not ask for digests to be preserved',
    )
  }
  const image = await descend(source, { index: parsed, platform: choice.platform, operation: settings.operation })
  return { ...whole, image, manifest: await readManifest(source, image, settings.operation) }
}

export function readManifest(source: ImageSource, image: UnparsedImage, operation: Operation): Promise<ManifestBytes> {
  return onSide('source', source.reference, () => image.manifest(operation), operation.signal)
}

/** A descriptor is a promise about the document behind it (image-spec, descriptor.md): all of it is held to. */
export async function readInstance(
  source: ImageSource,
  descriptor: Descriptor,
  operation: Operation,
): Promise<{ readonly image: UnparsedImage; readonly manifest: ManifestBytes }> {
  const image = unparsedImage(source, descriptor.digest)
  const manifest = await readManifest(source, image, operation)
  if (manifest.bytes.byteLength !== descriptor.size) {
    throw new ImageError(
      'INVALID_DATA',
      `the manifest ${descriptor.digest} has ${manifest.bytes.byteLength} bytes, the index that lists it says ${descriptor.size}`,
    )
  }
  if (isIndexType(descriptor.mediaType) !== isIndexType(manifest.mediaType)) {
    throw new ImageError(
      'INVALID_DATA',
      `the manifest ${descriptor.digest} comes as ${manifest.mediaType}, the index that lists it says ${descriptor.mediaType}`,
    )
  }
  return { image, manifest }
}

/** The image for one platform, through indexes in indexes. */
async function descend(
  source: ImageSource,
  {
    index,
    platform,
    operation,
  }: { readonly index: ImageIndex; readonly platform: Platform; readonly operation: Operation },
): Promise<UnparsedImage> {
  let current = index
  for (let depth = 1; depth <= MAX_DEPTH; depth += 1) {
    const chosen = selectInstance(current, platform)
    const { image, manifest } = await readInstance(source, chosen, operation)
    const parsed = parseManifest(manifest)
    if (parsed.kind === 'image') return image
    current = parsed
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
  return { ...whole, manifest }
}
