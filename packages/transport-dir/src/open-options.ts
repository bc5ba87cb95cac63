import type { ImageReference } from '@crossdock/core'
import type { ResolvedOptions } from './options.ts'

/** A reference that is being opened, read or written. */
export interface OpenOptions {
  readonly reference: ImageReference
  /** The image's folder, absolute. */
  readonly folder: string
  readonly options: ResolvedOptions
}
