import type { ProgressEvent } from '@crossdock/core'

/** Shows on stderr what happens. */
export interface ProgressDisplay {
  readonly onProgress: (event: ProgressEvent) => void
  /** Takes away what is drawn; nothing is shown afterwards. Given an error if the operation failed. */
  readonly stop: (error?: unknown) => void
}
