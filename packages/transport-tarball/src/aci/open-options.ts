import type { ImageReference } from '@crossdock/core'
import type { ResolvedAciOptions } from '../options.ts'
import type { StandardStreams } from '../standard-streams.ts'
import type { AciLocation } from './reference.ts'

/** A reference that is being opened, read or written. */
export interface OpenOptions {
  readonly reference: ImageReference
  /** The archive, absolute, or `-`. */
  readonly file: string
  readonly location: AciLocation
  readonly options: ResolvedAciOptions
  readonly streams: StandardStreams
}
