import type * as sqlite from 'node:sqlite'
import { ImageError } from '@crossdock/core'

type SqliteModule = typeof sqlite

let loaded: SqliteModule | undefined

/** SQLite, loaded where it is first needed. Node.js 22 warns that it is experimental; that one warning is left out. */
export function sqliteModule(): SqliteModule {
  loaded ??= withoutWarning(() => process.getBuiltinModule('node:sqlite'))
  if (loaded !== undefined) return loaded
  throw new ImageError(
    'UNSUPPORTED',
    'this Node.js was built without SQLite, which a store needs; use one from nodejs.org, 22.20 or later',
  )
}

function withoutWarning<Value>(load: () => Value): Value {
  const emitWarning: unknown = Reflect.get(process, 'emitWarning')
  if (typeof emitWarning !== 'function') return load()
  process.emitWarning = (...all: readonly unknown[]): void => {
    if (!String(all[0]).startsWith('SQLite is an experimental feature')) Reflect.apply(emitWarning, process, all)
  }
  try {
    return load()
  } finally {
    Reflect.set(process, 'emitWarning', emitWarning)
  }
}
