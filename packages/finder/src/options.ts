import type { ArchiveReadOptions } from '@crossdock/archive'
import type { Digest, ImageReference, OperationOptions, TransportRegistry, UnparsedImage } from '@crossdock/core'
import type { CacheCopyOptions, Store } from '@crossdock/store'

/**
 * `never`: what is in the store, and nothing is fetched. `new`: what is in the store, else it is fetched. `update`: it is fetched; what a transport knows to be
 * current is not moved again.
 */
export type PullPolicy = 'never' | 'new' | 'update'

/** What a finder asks of a copy. */
export interface FinderCopyOptions extends CacheCopyOptions {
  /** Whether signatures come along. */
  readonly signatures?: 'copy' | 'drop' | undefined
}

/** Copies an image: `copyImage` of `@crossdock/copy` is one. */
export type FinderCopy = (
  from: ImageReference,
  to: ImageReference,
  options: FinderCopyOptions,
) => Promise<{ readonly digest: Digest; readonly upToDate: boolean }>

export interface FinderOptions extends ArchiveReadOptions {
  readonly store: Store
  /** What images are fetched through. What App Container Images depend on is asked of `appc`. */
  readonly transports: TransportRegistry
  /** What names without a transport stand for, the likeliest first. Default: `docker://NAME`. */
  readonly bareNames?:
    | ((text: string, operation: OperationOptions) => readonly string[] | Promise<readonly string[]>)
    | undefined
  /** What paths are relative to. Default: the working directory. */
  readonly folder?: string | undefined
  /** Default: `copyImage`. */
  readonly copy?: FinderCopy | undefined
}

/** Judges an image before it is parsed; throws what refuses it. */
export type Admit = (image: UnparsedImage, options: OperationOptions) => void | Promise<void>

export interface FindOptions extends OperationOptions {
  /** Files are read each time, whatever it is. Default: `new`. */
  readonly pullPolicy?: PullPolicy | undefined
  /** Whether what an App Container Image depends on is found as well. Without it the image is made of its own files alone. Default: true. */
  readonly withDependencies?: boolean | undefined
  /** The detached signature of an App Container archive. Default: the one that lies beside it. */
  readonly signature?: Uint8Array | undefined
  /** Asked of every image, from the store or from elsewhere, and of each that it depends on. Default: admits. */
  readonly admit?: Admit | undefined
  /** Of an index: the platforms whose images are needed, as patterns, or all. Default: linux on this machine's CPU. */
  readonly platforms?: 'all' | readonly string[] | undefined
  /** What the image is called in the store. Default: as it is called where it comes from. */
  readonly name?: string | undefined
}
