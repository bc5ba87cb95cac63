import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { ImageError, type OperationOptions } from '@crossdock/core'
import { quotePath, requirePlain } from '@crossdock/blob-files'
import { createSql, inTransaction } from './connection.ts'
import type { Database } from './database.ts'
import { chooseJournal } from './journal.ts'
import { migrate } from './migrate.ts'
import { textOf } from './rows.ts'
import { databaseError } from './sqlite-errors.ts'
import { sqliteModule } from './sqlite-module.ts'
import { BLOCKING_WAIT_MS, createTurns, retryBusy } from './transactions.ts'

/** The name of a database that is in memory, and gone when it is closed. */
export const IN_MEMORY = ':memory:'

/** How long others that write are waited for, in milliseconds. */
export const BUSY_TIMEOUT_MS = 30_000

export interface OpenDatabaseOptions extends OperationOptions {
  /** Created if it is not there; {@link IN_MEMORY} for none. Its folder must exist. */
  readonly file: string
  /** Whether what is written is on the disk when a transaction ends. Default: true. */
  readonly durable?: boolean | undefined
  /** How long to wait for other processes that write, in milliseconds. Default: 30 000. */
  readonly busyTimeoutMs?: number | undefined
}

/**
 * Opens the database and brings its schema to this version. Throws `INVALID_DATA` for a damaged or a foreign one, `UNSUPPORTED` for one
 * of a newer version, `UNAVAILABLE` if other processes keep it locked, `IO` if it cannot be read or written.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const { file, durable = true, busyTimeoutMs = BUSY_TIMEOUT_MS } = options
  if (file !== IN_MEMORY) await requirePlain(file, 'file')
  const connection = connect(file)
  const retry = { file, timeoutMs: busyTimeoutMs, signal: options.signal }
  try {
    await retryBusy(() => setDurability(connection, durable), retry)
    await retryBusy(() => chooseJournal(connection), retry)
    await retryBusy(() => migrate(connection, file), retry)
    // One with an older SQLite made it meanwhile, and the log must end.
    await retryBusy(() => chooseJournal(connection), retry)
  } catch (reason) {
    connection.close()
    throw databaseError(reason, file)
  }
  return createDatabase(connection, { file, timeoutMs: busyTimeoutMs })
}

/** A new database in memory, and the connection to fill it. */
export function createMemoryDatabase(): { readonly connection: DatabaseSync; readonly database: Database } {
  const connection = connect(IN_MEMORY)
  migrate(connection, IN_MEMORY)
  return { connection, database: createDatabase(connection, { file: IN_MEMORY, timeoutMs: 0 }) }
}

function connect(file: string): DatabaseSync {
  const { DatabaseSync } = sqliteModule()
  try {
    const connection = new DatabaseSync(file)
    connection.exec(`PRAGMA busy_timeout = ${BLOCKING_WAIT_MS}`)
    return connection
  } catch (reason) {
    throw databaseError(reason, file)
  }
}

function setDurability(connection: DatabaseSync, durable: boolean): void {
  connection.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`)
  if (durable) connection.exec('PRAGMA fullfsync = 1') // macOS keeps in the disk's cache what it calls flushed
}

interface DatabaseSettings {
  readonly file: string
  readonly timeoutMs: number
}

function createDatabase(connection: DatabaseSync, { file, timeoutMs }: DatabaseSettings): Database {
  const sql = createSql(connection)
  const takeTurn = createTurns()
  const opened = file === IN_MEMORY ? undefined : identityOf(file)
  let isClosed = false

  async function run<Value>(work: () => Value, options: OperationOptions = {}): Promise<Value> {
    await takeTurn()
    if (isClosed) throw new ImageError('CONFLICT', `the database ${quotePath(file)} was closed; open the store again`)
    try {
      return await retryBusy(work, { file, timeoutMs, signal: options.signal })
    } catch (reason) {
      throw databaseError(reason, file)
    }
  }

  return {
    file: opened === undefined ? undefined : file,
    readOnly: false,
    read: (work, options) => run(() => inTransaction(connection, 'DEFERRED', () => work(sql)), options),
    write: (work, options) =>
      run(() => {
        if (opened !== undefined && identityOf(file) !== opened) throw replaced(file)
        return inTransaction(connection, 'IMMEDIATE', () => work(sql))
      }, options),
    async problems(options) {
      try {
        const rows = await run(() => sql.all('PRAGMA quick_check'), options)
        return rows.map((row) => textOf(row, 'quick_check')).filter((line) => line !== 'ok')
      } catch (reason) {
        // So damaged that it cannot even be looked through.
        if (reason instanceof ImageError && reason.code === 'INVALID_DATA') return [reason.message]
        throw reason
      }
    },
    async [Symbol.asyncDispose]() {
      if (!isClosed) connection.close()
      isClosed = true
    },
  }
}

/** Which file has this path now; undefined if none. It is never opened here: closing it would free SQLite's locks. */
function identityOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true })
  return found === undefined ? undefined : `${found.dev} ${found.ino}`
}

function replaced(file: string): ImageError {
  return new ImageError(
    'CONFLICT',
    `the database ${quotePath(file)} was removed or replaced while it was open; open the store again`,
  )
}
