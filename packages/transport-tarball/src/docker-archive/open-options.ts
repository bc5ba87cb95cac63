import type { DockerArchiveSelection } from '@crossdock/archive'
import type { ImageReference } from '@crossdock/core'
import type { ResolvedArchiveOptions } from '../options.ts'
import type { StandardStreams } from '../standard-streams.ts'

/** A reference that is being opened, read or written. */
export interface OpenOptions {
  readonly reference: ImageReference
  /** The archive, absolute, or `-`. */
  readonly file: string
  readonly selection: DockerArchiveSelection
  readonly options: ResolvedArchiveOptions
  readonly streams: StandardStreams
}
