import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ifExists, naming, quotePath, readBounded, replaceFile } from '@crossdock/blob-files'
import { ImageError, type OperationOptions } from '@crossdock/core'
import { type LayoutIndex, parseLayoutIndex, serializeLayoutIndex } from '@crossdock/formats'
import { delay } from '@crossdock/streams'
import type { StorePaths } from '../store-paths.ts'

/** What `index.json` said, and a text that changes with the file. */
export interface IndexState {
  /** Undefined if there is no file. */
  readonly index: LayoutIndex | undefined
  readonly stamp: string
}

export interface WriteIndexOptions {
  readonly durable: boolean
  /** Asked right before the new file takes its place. */
  readonly beforeRename: () => Promise<void>
}

/** `index.json` of a store. */
export interface IndexFile {
  stamp(): Promise<string>
  /** Throws `INVALID_DATA` for what is no index, `LIMIT_EXCEEDED`, `IO`. */
  read(options?: OperationOptions): Promise<IndexState>
  write(index: LayoutIndex, options: WriteIndexOptions): Promise<IndexState>
}

const NO_FILE = 'none'
const MAX_INDEX_BYTES = 64 * 1024 * 1024
/** Other programs write the file in place: for an instant it is half a document. */
const HALF_WRITTEN_TRIES = 6
const FIRST_PAUSE_MS = 5

export function createIndexFile({ folder, work }: Pick<StorePaths, 'folder' | 'work'>): IndexFile {
  const path = join(folder, 'index.json')
  let last: IndexState | undefined

  async function stamp(): Promise<string> {
    const found = await naming('look at', path, () => ifExists(stat(path, { bigint: true })))
    return found === undefined ? NO_FILE : `${found.size} ${found.ino} ${found.mtimeNs} ${found.ctimeNs}`
  }

  async function readOnce(): Promise<IndexState> {
    for (;;) {
      const before = await stamp()
      if (last?.stamp === before) return last
      const index = before === NO_FILE ? undefined : await parse(path)
      if (before === (await stamp())) return (last = { index, stamp: before })
    }
  }

  return {
    stamp,
    async read(options) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await readOnce()
        } catch (reason) {
          if (!mayBeHalfWritten(reason) || attempt === HALF_WRITTEN_TRIES) throw reason
        }
        await delay(FIRST_PAUSE_MS * 2 ** attempt, options?.signal)
      }
    },
    async write(index, { durable, beforeRename }) {
      const bytes = serializeLayoutIndex(index)
      if (bytes.byteLength > MAX_INDEX_BYTES)
        throw new ImageError(
          'LIMIT_EXCEEDED',
          `${quotePath(path)} would become larger than ${MAX_INDEX_BYTES} bytes; remove images that are not needed`,
        )
      await replaceFile(path, { bytes, work, durable, beforeRename })
      return (last = { index, stamp: await stamp() })
    },
  }
}

async function parse(path: string): Promise<LayoutIndex> {
  const bytes = await readBounded(path, { limitBytes: MAX_INDEX_BYTES, what: 'an "index.json"' })
  return parseLayoutIndex(bytes, { what: quotePath(path), maxBytes: MAX_INDEX_BYTES, rewrite: true })
}

function mayBeHalfWritten(reason: unknown): boolean {
  return reason instanceof ImageError && ['INVALID_DATA', 'CONFLICT', 'NOT_FOUND'].includes(reason.code)
}
