import type { BuiltImage } from '@crossdock/test-images'
import type { Observation } from './depot.ts'
import type { Crossdock, Ending } from './run-crossdock.ts'
import type { Stage, SummaryRow } from './stage.ts'

/** What every step works with. */
export interface Tour {
  readonly stage: Stage
  readonly crossdock: Crossdock
  readonly folder: string
  readonly image: DemoImage
  readonly slowS: number
  readonly rows: SummaryRow[]
  readonly signal: AbortSignal
}

export interface DemoImage {
  readonly digest: BuiltImage['digest']
  /** Distinct blobs, manifests included. */
  readonly blobs: number
  readonly bytes: number
  readonly largest: number
}

export function note({ rows }: Tour, step: string, { bytes, requests, seconds }: Observation<Ending>): void {
  rows.push({ step, bytes, requests: requests.length, seconds })
}

export function succeeded({ value }: Observation<Ending>): boolean {
  return value.exitCode === 0
}
