import {
  type Descriptor,
  type Digest,
  ImageError,
  type ImageSource,
  type ManifestBytes,
  type Platform,
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
import { chooseJudged, judgeInstances, type JudgedTop, readRefused, type RefusedIndex } from './judge.ts'
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
  /** What the source names, if that is an index of which another document is made, or taken out. */
  readonly index: ImageDocument | undefined
  /** Documents below it that were judged by themselves; the others are vouched for by what lists them. */
  readonly judged: ReadonlyMap<Digest, UnparsedImage>
}

interface Settings {
  readonly options: ResolvedOptions
  readonly operation: Operation
}

/**
 * Applies the platform choice to what the source names, which has been judged. If that is an index that was refused, what is copied of it
 * is judged in its place.
 */
export async function chooseRoot(source: ImageSource, top: JudgedTop, settings: Settings): Promise<Root> {
  const { options, operation } = settings
  const { choice, preserveDigests } = options
  const atSource = <Value>(call: () => Promise<Value>): Promise<Value> =>
    onSide('source', source.reference, call, operation.signal)
  const { image, refusal } = top
  const refused = refusal === undefined ? undefined : await readRefused({ image, refusal }, operation)
  const document = refused ?? (await atSource(() => readDocument(image, operation)))
  const { parsed } = document
  const whole: Root = {
    ...document,
    sourceDigest: document.manifest.digest,
    members: undefined,
    index: undefined,
    judged: new Map(),
  }
  if (parsed.kind !== 'index') return whole
  if (choice.kind !== 'one') {
    const root =
      choice.kind === 'all'
        ? whole
        : await atSource(async () => subset(whole, parsed, { choice, preserve: preserveDigests }))
    if (refused === undefined) return root
    const members = root.members ?? childrenOf(root.parsed.kind === 'index' ? root.parsed : parsed)
    return { ...root, judged: await judgeInstances(source, refused, { ...settings, members }) }
  }
  const { platform } = choice
  if (preserveDigests) throw wouldChange(platform)
  const chosen = await chooseOne(source, { document, refused }, { ...settings, platform })
  return { ...whole, ...chosen, index: document }
}

function chooseOne(
  source: ImageSource,
  { document, refused }: { readonly document: ImageDocument; readonly refused: RefusedIndex | undefined },
  settings: Settings & { readonly platform: Platform },
): Promise<ImageDocument> {
  const { operation, platform } = settings
  if (refused !== undefined) return chooseJudged(source, refused, settings)
  const choose = () => chooseInstance(source, document, { ...operation, platform })
  return onSide('source', source.reference, choose, operation.signal)
}

function wouldChange(platform: Platform): ImageError {
  return new ImageError(
    'UNSUPPORTED',
    `the source is an index, and its image for ${formatPlatform(platform)} has another digest: ` +
      'copy all platforms, or do not ask for digests to be preserved',
  )
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
  return { ...whole, manifest, parsed: parseManifest(manifest), index: whole }
}
