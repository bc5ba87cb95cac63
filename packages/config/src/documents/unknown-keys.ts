import { quoteForeign } from '@crossdock/core'
import type { Fields } from './fields.ts'

/** Notes on the keys of a table that have no meaning. */
export function unknownKeys(table: Fields, known: ReadonlySet<string>): string[] {
  return table.keys
    .filter((key) => !known.has(key))
    .map((key) => table.error(key, `"${quoteForeign(key, 100)}" has no meaning here and is not heeded`).message)
}

/**
 * Throws `INVALID_DATA` for a key that differs from a known one in the case of its letters only: Go's reader of TOML takes it for that, and what
 * blocks a registry must not be missed.
 */
export function refuseOtherCase(table: Fields, known: ReadonlySet<string>): void {
  const key = table.keys.find((name) => !known.has(name) && known.has(name.toLowerCase()))
  if (key !== undefined) throw table.error(key, `write "${key.toLowerCase()}" in lower case`)
}
