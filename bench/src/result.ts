import type { Row } from './plan.ts'
import type { Series } from './rounds.ts'

/** What became of all tools in one row. */
export interface RowResult extends Row {
  readonly series: readonly Series[]
}

/** A row that could not be measured, and why. */
export interface MissedRow extends Row {
  readonly reason: string
}
