import { quoteForeign } from '@crossdock/core'
import type { Fields } from './fields.ts'

/**
 * Notes on the keys of a table that have no meaning. Throws `INVALID_DATA` for one that differs from a known key in the case of its
 * letters only: other readers take it for that, and what blocks a registry must not be missed.
 */
export function unknownKeys(table: Fields, known: ReadonlySet<string>): string[] {
  return table.keys
    .filter((key) => !known.has(key))
    .map((key) => {
      const meant = key.toLowerCase()
      if (known.has(meant)) throw table.error(key, `write "${meant}" in lower case`)
      return table.error(key, `"${quoteForeign(key, 100)}" has no meaning here and is not heeded`).message
    })
}
