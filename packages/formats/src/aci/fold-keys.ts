import { asPlace, invalid, type Place } from '../fields.ts'

/**
 * An object whose members have the spelling of `keys`: the programs that write and read App Container manifests do not tell case apart, and the
 * specification itself spells one field in two ways. Throws `INVALID_DATA` for two members that differ in case alone.
 */
export function foldKeys(value: unknown, where: string, keys: readonly string[]): Place {
  const { object } = asPlace(value, where)
  const known = new Map(keys.map((key) => [key.toLowerCase(), key]))
  const folded: Record<string, unknown> = Object.create(null)
  for (const [name, member] of Object.entries(object)) {
    const key = known.get(name.toLowerCase())
    if (key === undefined) continue
    if (Object.hasOwn(folded, key)) throw invalid(where, `"${key}" is there twice, in different case`)
    folded[key] = member
  }
  return { object: folded, where }
}
