import type { FileHandle } from 'node:fs/promises'
import { hashRange, naming, pathError, writeFully } from '@crossdock/blob-files'
import { createHasher, digestAlgorithm, type Digest, type DigestAlgorithm } from '@crossdock/core'
import { createRunningDigest } from './running-digest.ts'

/** The bytes of an ingest that is open, and their digest. One call at a time. */
export interface IngestData {
  readonly path: string
  readonly handle: FileHandle
  readonly offset: number
  /** Of the bytes so far, with the algorithm that was asked for first. */
  digest(): Digest
  /** Of the bytes so far, with the algorithm of another digest. */
  digestLike(other: Digest, signal?: AbortSignal): Promise<Digest>
  append(chunk: Uint8Array): Promise<void>
  truncate(): Promise<void>
  /** Sees to it that the file has just these bytes. Throws `INVALID_DATA` if others wrote to it. */
  settle(signal?: AbortSignal): Promise<void>
}

export interface IngestDataOptions {
  readonly handle: FileHandle
  /** For messages. */
  readonly path: string
  readonly algorithm: DigestAlgorithm
  /** Bytes that are kept; they are read for the digest. */
  readonly keep: number
  readonly signal?: AbortSignal | undefined
}

export async function openIngestData({ handle, path, algorithm, ...options }: IngestDataOptions): Promise<IngestData> {
  const { keep, signal } = options
  let running = createRunningDigest(algorithm)
  let offset = await naming('read', path, () => hashRange(handle, { hasher: running, to: keep, signal }))
  await cut(offset)

  async function cut(size: number): Promise<void> {
    await naming('write', path, () => handle.truncate(size))
  }

  return {
    path,
    handle,
    get offset() {
      return offset
    },
    digest: () => running.digest(),
    async digestLike(other, hashSignal) {
      const wanted = digestAlgorithm(other)
      if (wanted === running.algorithm) return running.digest()
      const hasher = createHasher(wanted)
      await naming('read', path, () => hashRange(handle, { hasher, to: offset, signal: hashSignal }))
      return hasher.digest()
    },
    async append(chunk) {
      const before = offset
      try {
        await naming('write', path, () => writeFully(handle, [chunk], before))
      } catch (reason) {
        await cut(before).catch(() => undefined) // what is there beyond is noticed by the next one
        throw reason
      }
      running.update(chunk)
      offset += chunk.byteLength
    },
    async truncate() {
      await cut(0)
      running = createRunningDigest(algorithm)
      offset = 0
    },
    async settle() {
      const { size } = await naming('look at', path, () => handle.stat())
      if (size !== offset) throw pathError('INVALID_DATA', path, `has ${size} bytes, but ${offset} were written to it`)
    },
  }
}
