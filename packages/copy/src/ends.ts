import type { ImageDestination, ImageSource } from '@crossdock/core'
import type { Operation } from './operation.ts'
import type { ResolvedOptions } from './options.ts'
import type { Tally } from './tally.ts'

/** Both ends of a copy, open, and how it is to be done. */
export interface Ends {
  readonly source: ImageSource
  readonly destination: ImageDestination
  readonly options: ResolvedOptions
  readonly operation: Operation
}

/** The same while it is carried out, with what has been done so far. */
export interface CountedEnds extends Ends {
  readonly tally: Tally
}
