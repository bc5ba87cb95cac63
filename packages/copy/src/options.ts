import {
  type DockerReference,
  ImageError,
  type ImageSigner,
  type OperationOptions,
  type Platform,
  type UnparsedImage,
} from '@crossdock/core'
import { hostPlatform, parsePlatform, parsePlatformPattern, type PlatformPattern } from '@crossdock/formats'
import type { ImageFormat } from './image-format.ts'
import { checkPacking, type LayerPacking } from './layer-packing.ts'

/** What becomes of an index of which only some instances are copied. */
export type SubsetMode = 'sparse' | 'rewrite' | 'refuse'

export interface CopyOptions extends OperationOptions {
  /**
   * Judges the image before anything of it is parsed or fetched besides the manifest; throws `REJECTED_BY_POLICY`. It sees
   * the document that the source reference names; everything copied is reached from there by digest. If that is an index and it is
   * refused, each instance that would be copied is judged in its place. Default: admits.
   */
  readonly admit?: ((image: UnparsedImage, options: OperationOptions) => void | Promise<void>) | undefined
  /**
   * The one platform whose image is taken out of an index, `os/arch[/variant]`; the destination then names that image and
   * not the index. Not together with `platforms`. Default: linux on this machine's CPU.
   */
  readonly platform?: string | undefined
  /** Copies an index with every instance (`'all'`) or with those that match one of these patterns (`linux/*`). */
  readonly platforms?: 'all' | readonly string[] | undefined
  /**
   * With patterns in `platforms`: `rewrite` makes a valid index of what was copied (its digest changes), `sparse` keeps the
   * index byte for byte, `refuse` fails unless every instance matches. Default: `rewrite`, or `sparse` with `preserveDigests`.
   */
  readonly subset?: SubsetMode | undefined
  /** Fails rather than let the digest of the source differ at the destination. Default: false. */
  readonly preserveDigests?: boolean | undefined
  /** Copies what refers to the copied manifests (signatures, SBOMs, attestations) as well, recursively. Default: false. */
  readonly referrers?: boolean | undefined
  /** `drop` leaves signatures behind; `copy` fails if the destination cannot keep them. Default: `copy`. */
  readonly signatures?: 'copy' | 'drop' | undefined
  /**
   * Each signs what is written: the document that the destination names, and of an index every instance that is copied. Their signatures
   * come after those that are carried along. Default: none.
   */
  readonly signers?: readonly ImageSigner[] | undefined
  /** The name that new signatures vouch for; it has a tag or a digest. Default: that of the destination, if it is a Docker reference. */
  readonly signAs?: DockerReference | undefined
  /** `fetch` copies layers that the manifest names by URL instead of keeping only their descriptors. Default: `keep`. */
  readonly foreignLayers?: 'keep' | 'fetch' | undefined
  /** The most blobs in flight; both sides may lower it. Default: 16. */
  readonly concurrency?: number | undefined
  /** How often a blob or manifest is tried while nothing moves; progress refills the budget. Default: 4. */
  readonly attempts?: number | undefined
  /** The pause before a blob is tried again, in milliseconds; it doubles from there, to 30 s. Default: 500. */
  readonly retryDelayMs?: number | undefined
  /**
   * The format that images and their index shall have at the destination; those that have another are converted. Default: they
   * stay as they are unless the destination does not take that.
   */
  readonly format?: ImageFormat | undefined
  /** How layers are packed at the destination. Default: as they are, or as the destination wants them. */
  readonly layers?: LayerPacking | undefined
}

/** Which instances of an index are wanted. */
export type PlatformChoice =
  | { readonly kind: 'one'; readonly platform: Platform }
  | { readonly kind: 'all' }
  | { readonly kind: 'some'; readonly patterns: readonly PlatformPattern[]; readonly subset: SubsetMode }

export interface ResolvedOptions {
  readonly admit: CopyOptions['admit']
  readonly choice: PlatformChoice
  readonly preserveDigests: boolean
  readonly referrers: boolean
  readonly signatures: 'copy' | 'drop'
  readonly signers: readonly ImageSigner[]
  readonly signAs: DockerReference | undefined
  readonly foreignLayers: 'keep' | 'fetch'
  readonly concurrency: number
  readonly attempts: number
  readonly retryDelayMs: number
  readonly format: ImageFormat | undefined
  readonly layers: LayerPacking | undefined
}

export function resolveOptions(options: CopyOptions = {}): ResolvedOptions {
  return {
    admit: options.admit,
    choice: platformChoice(options),
    preserveDigests: options.preserveDigests ?? false,
    referrers: options.referrers ?? false,
    signatures: options.signatures ?? 'copy',
    signers: options.signers ?? [],
    signAs: options.signAs,
    foreignLayers: options.foreignLayers ?? 'keep',
    concurrency: positive(options.concurrency ?? 16, 'concurrency'),
    attempts: positive(options.attempts ?? 4, 'attempts'),
    retryDelayMs: positive(options.retryDelayMs ?? 500, 'retryDelayMs'),
    format: options.format,
    layers: checkPacking(options.layers),
  }
}

function platformChoice(options: CopyOptions): PlatformChoice {
  const { platform, platforms, preserveDigests } = options
  if (platform !== undefined && platforms !== undefined) {
    throw new ImageError('UNSUPPORTED', 'choose either one platform or a list of platforms, not both')
  }
  if (platforms === 'all') return { kind: 'all' }
  if (platforms === undefined) {
    return { kind: 'one', platform: platform === undefined ? hostPlatform() : parsePlatform(platform) }
  }
  if (platforms.length === 0) throw new ImageError('UNSUPPORTED', 'the list of platforms is empty: name one, or "all"')
  const subset = options.subset ?? (preserveDigests === true ? 'sparse' : 'rewrite')
  return { kind: 'some', patterns: platforms.map((text) => parsePlatformPattern(text)), subset }
}

function positive(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new ImageError('UNSUPPORTED', `${name} must be a whole number above 0, not ${value}`)
}
