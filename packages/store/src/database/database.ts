import type { OperationOptions } from '@crossdock/core'

export type SqlValue = string | number | null

export type SqlRow = Readonly<Record<string, unknown>>

/** By the name that stands in the statement behind a `$`. */
export type SqlValues = Readonly<Record<string, SqlValue>>

/** Statements of one transaction. */
export interface Sql {
  all(statement: string, values?: SqlValues): readonly SqlRow[]
  get(statement: string, values?: SqlValues): SqlRow | undefined
  /** How many rows it changed. */
  run(statement: string, values?: SqlValues): number
}

/**
 * The database of a store: names, labels, leases, times. `work` is not asynchronous, so that no transaction stays open while something is
 * waited for, and must do nothing but run statements: it is run again if another process came in between.
 *
 * Both throw `UNAVAILABLE` while another process writes for longer than the time-out, `INVALID_DATA` for a damaged database, and `IO`.
 */
export interface Database extends AsyncDisposable {
  /** Undefined for one in memory. */
  readonly file: string | undefined
  /** Whether the store may only be read: `write` throws `IO`. */
  readonly readOnly: boolean
  /** Sees one state, whatever others write. */
  read<Value>(work: (sql: Sql) => Value, options?: OperationOptions): Promise<Value>
  /** All of it or nothing, and on the disk when it is done if the database is durable. */
  write<Value>(work: (sql: Sql) => Value, options?: OperationOptions): Promise<Value>
  /** What SQLite finds wrong with the file; empty if nothing. */
  problems(options?: OperationOptions): Promise<readonly string[]>
}
