import type { OperationOptions } from '@crossdock/core'
import type { Sql } from '../database/database.ts'

/** Keeps what `index.json` says and the names of the default namespace the same. Names of other namespaces are none of its business. */
export interface NameProjection {
  /** Before names are looked at: takes over what other programs have written. Quick if they have not. */
  refresh(options?: OperationOptions): Promise<void>
  /** In the transaction that changes or removes these names, at its end. */
  note(sql: Sql, names: readonly string[]): void
  /** After that transaction: brings what was noted into `index.json`. */
  publish(options?: OperationOptions): Promise<void>
}

/** For namespaces that `index.json` does not show. */
export const NO_PROJECTION: NameProjection = {
  async refresh() {},
  note() {},
  async publish() {},
}
