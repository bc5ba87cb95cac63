import { quoteForeign } from '@crossdock/core'
import type { Fields } from '../documents/fields.ts'
import type { RegistryEntry } from './registries-conf.ts'

/** An entry and the table that it was read from. */
export interface TableEntry {
  readonly entry: RegistryEntry
  readonly table: Fields
}

/** Throws `INVALID_DATA` if two entries of a file call one place both secure and insecure, or blocked and not. */
export function checkConflicts(entries: readonly TableEntry[]): void {
  const first = new Map<string, RegistryEntry>()
  for (const { entry, table } of entries) {
    const place = entry.location ?? entry.prefix
    const other = first.get(place)
    if (other === undefined) first.set(place, entry)
    else {
      for (const key of ['insecure', 'blocked'] as const) {
        if (entry[key] === other[key]) continue
        const where = `${quoteForeign(place, 100)} has another "${key}" in line ${other.origin.line}`
        throw table.error(key, `${where}: the two must agree`)
      }
    }
  }
}
