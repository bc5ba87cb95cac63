import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@crossdock/store'
import { toolEnvironment } from '../environment.ts'
import { measure } from '../measure.ts'
import { CROSSDOCK_ARGV } from '../tools.ts'
import { fillStore } from './fill-store.ts'
import { STORE_WORK, type StoreWork } from './store-work.ts'

/** What one kind of work took with one size of store: the least of all runs, which what else the machine does changes least. */
export interface StoreFigure {
  readonly images: number
  /** Seconds of the command, from start to end. */
  readonly commandS: number
  /** Most memory of a run; undefined where the system does not tell. */
  readonly peakBytes: number | undefined
  /** Milliseconds of the library alone; undefined if there is no such thing. */
  readonly libraryMs: number | undefined
}

export interface StoreRow {
  readonly title: string
  readonly figures: readonly StoreFigure[]
}

export interface MeasureStoreOptions {
  /** Sizes of stores, in images. */
  readonly sizes: readonly number[]
  readonly runs: number
  readonly signal: AbortSignal
  readonly onNote: (text: string) => void
}

/** Measures all work with a store of each size. Throws, with what it said, if the command fails. */
export async function measureStore({ sizes, runs, signal, onNote }: MeasureStoreOptions): Promise<readonly StoreRow[]> {
  const figures = new Map<string, StoreFigure[]>(STORE_WORK.map(({ title }) => [title, []]))
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-bench-store-'))
  try {
    for (const images of sizes) {
      onNote(`a store of ${images} images`)
      const place = join(folder, String(images))
      await fillStore(place, images, signal)
      for (const work of STORE_WORK) {
        figures.get(work.title)?.push(await figureOf(work, { folder, place, images, runs, signal }))
      }
      await rm(place, { recursive: true })
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return STORE_WORK.map(({ title }) => ({ title, figures: figures.get(title) ?? [] }))
}

/** Calls of the library are quick: so many for each run of the command. */
const LIBRARY_RUNS = 3

interface Conditions {
  /** Where the command has its home. */
  readonly folder: string
  /** The store. */
  readonly place: string
  readonly images: number
  readonly runs: number
  readonly signal: AbortSignal
}

async function figureOf(work: StoreWork, conditions: Conditions): Promise<StoreFigure> {
  const { folder, place, images, runs, signal } = conditions
  const argv = [...CROSSDOCK_ARGV, ...work.command(images), '--store', place]
  const times: number[] = []
  let peakBytes: number | undefined
  for (let run = 0; run < (work.once === true ? 1 : runs); run++) {
    const { exitCode, wallS, stderr, ...measured } = await measure(argv, { env: toolEnvironment(folder), signal })
    if (exitCode !== 0) throw new Error(`${argv.join(' ')} ended with ${exitCode}: ${stderr}`)
    times.push(wallS)
    if (measured.peakBytes !== undefined) peakBytes = Math.max(peakBytes ?? 0, measured.peakBytes)
  }
  return { images, commandS: Math.min(...times), peakBytes, libraryMs: await libraryMs(work, conditions) }
}

async function libraryMs({ library }: StoreWork, { place, images, runs }: Conditions): Promise<number | undefined> {
  if (library === undefined) return undefined
  await using store = await openStore({ folder: place })
  const times: number[] = []
  await library(store, images)
  for (let run = 0; run < runs * LIBRARY_RUNS; run++) {
    const started = performance.now()
    await library(store, images)
    times.push(performance.now() - started)
  }
  return Math.min(...times)
}
