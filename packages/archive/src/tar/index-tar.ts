import { raceSignal } from '@crossdock/streams'
import type { RandomAccess } from '../access/random-access.ts'
import { createWindow, type Window } from '../access/window.ts'
import { cleanPath } from '../members/clean-path.ts'
import type { TarEntry } from './entry.ts'
import { toBlocks } from './fields.ts'
import { createTextCounter, resolveLimits, type TarReadOptions } from './limits.ts'
import { cutOff } from './problems.ts'
import { createWalk, nextEntry, type TarWalk } from './walk.ts'

export interface IndexTarOptions extends TarReadOptions {
  /**
   * What becomes of members with an absolute path. `strip`: they count from the root of the archive, as in the layers of
   * some builders. Default: `refuse`.
   */
  readonly absolutePaths?: 'refuse' | 'strip' | undefined
  readonly signal?: AbortSignal | undefined
}

/** What is in an archive and where. */
export interface TarIndex {
  /** What was indexed, for messages. */
  readonly what: string
  /** All members in the order of the archive. */
  readonly entries: readonly TarEntry[]
  /** Members by clean path (`a/b`; the root is empty); of those with one path the last. */
  readonly byPath: ReadonlyMap<string, TarEntry>
  /** Clean paths that several members have. */
  readonly duplicates: ReadonlySet<string>
}

/**
 * Walks the headers of an archive, without reading the contents between them where they are large. Throws `INVALID_DATA` for an
 * archive that is damaged or cut off, for headers that programs read in different ways and for paths that lead out of it, `LIMIT_EXCEEDED`,
 * `UNSUPPORTED`.
 */
export async function indexTar(access: RandomAccess, options: IndexTarOptions = {}): Promise<TarIndex> {
  const limits = resolveLimits({ ...options, what: options.what ?? access.name })
  const { what } = limits
  const walk = createWalk(limits)
  const window = createWindow(access)
  const entries: TarEntry[] = []
  const byPath = new Map<string, TarEntry>()
  const duplicates = new Set<string>()
  const countText = createTextCounter(what)
  for (;;) {
    const entry = await readEntry(walk, window, options.signal)
    if (entry === undefined) return { what, entries, byPath, duplicates }
    if (entry.offset + toBlocks(entry.storedSize) > access.size) throw cutOff(what, 'within the content of a member')
    countText(entry)
    const path = cleanPath(entry.path, { what, absolute: options.absolutePaths })
    entries.push(entry)
    const paths = byPath.size
    if (byPath.set(path, entry).size === paths) duplicates.add(path)
  }
}

async function readEntry(walk: TarWalk, window: Window, signal?: AbortSignal): Promise<TarEntry | undefined> {
  const steps = nextEntry(walk)
  let step = steps.next(NOTHING)
  while (step.done !== true) {
    let bytes = window.peek(step.value)
    if (bytes === undefined) {
      signal?.throwIfAborted()
      bytes = await raceSignal(window.load(step.value), signal)
    }
    step = steps.next(bytes)
  }
  return step.value
}

const NOTHING = new Uint8Array(0)
