import type { ImageReference } from '@crossdock/core'
import type { ResolvedOptions } from './options.ts'
import type { Selection } from './reference.ts'

/** A reference that is being opened, read or written. */
export interface OpenOptions {
  readonly reference: ImageReference
  /** The layout's folder, absolute. */
  readonly folder: string
  readonly selection: Selection
  readonly options: ResolvedOptions
}
