import { type LayoutEntry, type LayoutIndex, withLayoutEntries } from '@crossdock/formats'
import type { NewImageRecord } from '../image-names.ts'
import { entryName, imageEntry } from './named-entries.ts'

/** What names are to stand for; undefined for names that are gone. */
export type ImageChanges = ReadonlyMap<string, NewImageRecord | undefined>

interface Named {
  readonly name: string | undefined
  readonly entry: LayoutEntry
}

/**
 * The index with one entry for each image of `changes`. Named entries come first, by name, so that the same images make the same file;
 * those without a name keep their order. The same index if it says all of that already.
 */
export function withImages(index: LayoutIndex, changes: ImageChanges): LayoutIndex {
  const old = new Map<string, LayoutEntry>()
  const kept: Named[] = []
  for (const entry of index.entries) {
    const name = entryName(entry)
    if (name === undefined || !changes.has(name)) kept.push({ name, entry })
    // Of several old entries the one for the same manifest has what is to be kept.
    else if (!old.has(name) || entry.digest === changes.get(name)?.target.digest) old.set(name, entry)
  }
  const images = [...changes.values()].filter((image) => image !== undefined)
  const changed = images.map((image) => ({ name: image.name, entry: entryFor(image, old.get(image.name)) }))
  const entries = [...kept, ...changed].toSorted(compareNames).map(({ entry }) => entry)
  const isSame =
    entries.length === index.entries.length && entries.every((entry, place) => entry === index.entries[place])
  return isSame ? index : withLayoutEntries(index, entries)
}

function entryFor(image: NewImageRecord, old: LayoutEntry | undefined): LayoutEntry {
  const entry = imageEntry(image, old)
  return old !== undefined && JSON.stringify(old.value) === JSON.stringify(entry.value) ? old : entry
}

/** Sorting keeps the order of those that are equal. */
function compareNames({ name: one }: Named, { name: other }: Named): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined)
  if (one === other) return 0
  return one < other ? -1 : 1
}
