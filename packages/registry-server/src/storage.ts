import type { Digest, DigestAlgorithm } from '@crossdock/core'
import type { RepositoryChange, RepositoryState } from './repository-state.ts'

/** Bytes `start` up to but not including `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** An open upload session. One request at a time writes to it. */
export interface StoredUpload {
  readonly id: string
  readonly repository: string
  /** Bytes kept so far. */
  readonly size: number
  /** Counts the answered writes: a Location of an earlier generation is stale. */
  readonly generation: number
  /** Appends what comes; what arrived before an error is kept, and the error is rethrown. */
  append(bytes: AsyncIterable<Uint8Array>): Promise<void>
  /** Drops what is beyond `size` bytes. */
  truncate(size: number): Promise<void>
  /** Begins the next generation. */
  advance(): Promise<void>
  digest(algorithm: DigestAlgorithm): Promise<Digest>
  /** Ends the session; its bytes become the content of this digest, which the caller has checked. */
  commit(digest: Digest): Promise<void>
  /** Ends the session and drops its bytes. */
  cancel(): Promise<void>
}

/**
 * Where a registry keeps its content. What a repository contains is answered from memory; a change is seen
 * when it is kept.
 */
export interface RegistryStorage {
  /** Called when a server starts. Throws `CONFLICT` if another process has it, `INVALID_DATA` if it is damaged. */
  open(): Promise<void>
  close(): Promise<void>
  /** The names of all repositories that hold something, sorted. */
  repositories(): readonly string[]
  repository(name: string): RepositoryState | undefined
  change(repository: string, changes: readonly RepositoryChange[]): Promise<void>
  /** The bytes of content that a repository names. */
  read(digest: Digest, range: ByteRange): AsyncIterable<Uint8Array>
  /** Keeps a small document. */
  write(digest: Digest, bytes: Uint8Array): Promise<void>
  createUpload(repository: string, algorithm: DigestAlgorithm): Promise<StoredUpload>
  findUpload(id: string): Promise<StoredUpload | undefined>
}
