import {
  type Descriptor,
  type Digest,
  ImageError,
  type ImageSource,
  type ManifestBytes,
  type UnparsedImage,
} from '@crossdock/core'
import {
  childrenOf,
  chooseInstance,
  formatPlatform,
  type ImageDocument,
  type ImageIndex,
  parseManifest,
  readDocument,
  rewriteIndex,
  selectInstances,
} from '@crossdock/formats'
import { type Operation, onSide } from './operation.ts'
import type { PlatformChoice, ResolvedOptions } from './options.ts'

/** What the destination reference will name. */
export interface Root extends ImageDocument {
  /** The bytes of `image`, unless an index was rewritten. */
  readonly manifest: ManifestBytes
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
  const { options, operation } = settings
  const atSource = <Value>(call: () => Promise<Value>): Promise<Value> =>
    onSide('source', source.reference, call, operation.signal)
  const document = await atSource(() => readDocument(top, operation))
  const { parsed } = document
  const { choice, preserveDigests } = options
  const whole: Root = { ...document, sourceDigest: document.manifest.digest, members: undefined }
  if (parsed.kind !== 'index' || choice.kind === 'all') return whole
  if (choice.kind === 'some') {
    return atSource(async () => subset(whole, parsed, { choice, preserve: preserveDigests }))
  }
  if (preserveDigests) {
    throw new ImageError(
      'UNSUPPORTED',
      `the source is an index, and its image for ${formatPlatform(choice.platform)} has another digest: ` +
        'copy all platforms, or do not ask for digests to be preserved',
    )
  }
  const { platform } = choice
  return { ...whole, ...(await atSource(() => chooseInstance(source, document, { ...operation, platform }))) }
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
