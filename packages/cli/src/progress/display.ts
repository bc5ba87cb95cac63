import type { ProgressEvent } from '@crossdock/core'

/** Shows on stderr what happens. */
export interface ProgressDisplay {
  readonly onProgress: (event: ProgressEvent) => void
  /** Takes away what is drawn; nothing is shown afterwards. */
  readonly stop: () => void
}
