import type { ImageReference } from '@crossdock/core'
import type { LayoutSelection } from '@crossdock/formats'
import type { ResolvedOptions } from './options.ts'

/** A reference that is being opened, read or written. */
export interface OpenOptions {
  readonly reference: ImageReference
  /** The layout's folder, absolute. */
  readonly folder: string
  readonly selection: LayoutSelection
  readonly options: ResolvedOptions
}
