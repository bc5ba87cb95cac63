import { type Digest, digestAlgorithm, digestOf, ImageError } from '@crossdock/core'
import type { ContentInfo, ContentStore, Ingest, IngestStatus, OpenIngestOptions } from '../../src/contents.ts'
import { labelChange } from '../../src/content/label-change.ts'
import { matchFilters, memberOf } from '../../src/filters/match-filters.ts'
import { checkLabels } from '../../src/labels.ts'

/** What namespaces share. */
export type MemoryBlobs = Map<Digest, Uint8Array>

interface MemoryIngest {
  status: Omit<IngestStatus, 'offset'>
  bytes: Uint8Array
  isOpen: boolean
}

/** A content store in memory, as simple as it can be: what the cases say of files must hold for it as well. */
export function memoryContent(blobs: MemoryBlobs): ContentStore {
  const infos = new Map<Digest, ContentInfo>()
  const ingests = new Map<string, MemoryIngest>()

  function get(digest: Digest): ContentInfo {
    const info = infos.get(digest)
    if (info === undefined) throw new ImageError('NOT_FOUND', `no blob ${digest}`)
    return info
  }

  function bytesOf(digest: Digest): Uint8Array {
    get(digest)
    return blobs.get(digest) ?? new Uint8Array()
  }

  function refuseKnown(digest: Digest | undefined): void {
    if (digest !== undefined && infos.has(digest)) throw new ImageError('CONFLICT', `${digest} is there`)
  }

  /** Looks and takes without a pause between. */
  async function take(options: OpenIngestOptions): Promise<MemoryIngest> {
    const { ref, digest, wait = false, signal } = options
    while (ingests.get(ref)?.isOpen === true) {
      if (!wait) throw new ImageError('UNAVAILABLE', `${ref} is open`)
      await new Promise((resolve) => void setImmediate(resolve))
      signal?.throwIfAborted()
      refuseKnown(digest)
    }
    const ingest = begin(options)
    ingests.set(ref, ingest)
    return ingest
  }

  function begin({ ref, size, digest }: OpenIngestOptions): MemoryIngest {
    const old = ingests.get(ref)
    const fits =
      old !== undefined &&
      (old.status.total ?? size) === (size ?? old.status.total) &&
      (old.status.expected ?? digest) === (digest ?? old.status.expected)
    if (fits) return Object.assign(old, { isOpen: true })
    const now = new Date()
    const shared = digest === undefined ? undefined : blobs.get(digest)
    return {
      status: { ref, total: size, expected: digest, startedAt: now, updatedAt: now },
      bytes: shared ?? new Uint8Array(),
      isOpen: true,
    }
  }

  function open(ingest: MemoryIngest): Ingest {
    const { ref, total, expected } = ingest.status
    let isMine = true
    const requireOpen = (): void => {
      if (!isMine) throw new ImageError('CONFLICT', `${ref} was closed`)
    }
    const close = (): void => {
      isMine = false
      ingest.isOpen = false
    }
    const set = (bytes: Uint8Array): void => {
      requireOpen()
      ingest.bytes = bytes
      ingest.status = { ...ingest.status, updatedAt: new Date() }
    }
    return {
      ref,
      status: () => ({ ...ingest.status, offset: ingest.bytes.byteLength }),
      digest: () => digestOf(ingest.bytes, expected && digestAlgorithm(expected)),
      write: async (chunk) => set(Buffer.concat([ingest.bytes, chunk])),
      truncate: async () => set(new Uint8Array()),
      async commit({ size = total, digest = expected, labels = {} } = {}) {
        requireOpen()
        close()
        const { bytes } = ingest
        const actual = digestOf(bytes, digest && digestAlgorithm(digest))
        if (size !== undefined && size !== bytes.byteLength) throw new ImageError('INVALID_DATA', 'another size')
        if (digest !== undefined && digest !== actual) throw new ImageError('DIGEST_MISMATCH', 'other bytes')
        const checked = checkLabels(labels)
        const existed = blobs.has(actual)
        blobs.set(actual, bytes)
        ingests.delete(ref)
        return { info: record(actual, checked), existed }
      },
      [Symbol.asyncDispose]: async () => {
        if (isMine) close()
      },
    }
  }

  function record(digest: Digest, labels: ContentInfo['labels']): ContentInfo {
    const now = new Date()
    const old = infos.get(digest)
    const size = blobs.get(digest)?.byteLength ?? 0
    const info = {
      digest,
      size,
      createdAt: old?.createdAt ?? now,
      updatedAt: now,
      labels: { ...old?.labels, ...labels },
    }
    infos.set(digest, info)
    return info
  }

  return {
    info: async (digest) => get(digest),
    has: async (digest) => infos.has(digest),
    async update(digest, labels, paths) {
      const info = get(digest)
      const changed = { ...info, labels: checkLabels(labelChange(labels, paths)(info.labels)), updatedAt: new Date() }
      infos.set(digest, changed)
      return changed
    },
    async *list(filters = []) {
      const matches = matchFilters<ContentInfo>(filters, ({ digest, labels }, [first, ...rest]) =>
        first === 'labels' ? memberOf(labels, rest) : first === 'digest' ? digest : undefined,
      )
      yield* [...infos.values()].filter(matches)
    },
    async delete(digest) {
      get(digest)
      infos.delete(digest)
    },
    async open(digest) {
      const bytes = bytesOf(digest)
      return {
        size: bytes.byteLength,
        async readAt(buffer, position) {
          if (position < 0) throw new ImageError('INVALID_DATA', 'before the beginning')
          const part = bytes.subarray(position, position + buffer.byteLength)
          buffer.set(part)
          return part.byteLength
        },
        async [Symbol.asyncDispose]() {},
      }
    },
    async read({ digest, size }, { offset = 0, end = size } = {}) {
      const bytes = bytesOf(digest)
      if (bytes.byteLength !== size) throw new ImageError('DIGEST_MISMATCH', 'another size')
      return {
        size,
        async *[Symbol.asyncIterator]() {
          yield bytes.subarray(offset, end)
        },
        async [Symbol.asyncDispose]() {},
      }
    },
    async ingest(options) {
      const { ref, size = 0, digest } = options
      if (ref === '' || ref.length > 4096 || !ref.isWellFormed()) throw new ImageError('INVALID_DATA', 'no ref')
      if (!Number.isSafeInteger(size) || size < 0) throw new ImageError('INVALID_DATA', 'no size')
      refuseKnown(digest)
      return open(await take(options))
    },
    async status(ref) {
      const ingest = ingests.get(ref)
      if (ingest === undefined) throw new ImageError('NOT_FOUND', `no ingest ${ref}`)
      return { ...ingest.status, offset: ingest.bytes.byteLength }
    },
    async *ingests(filters = []) {
      const matches = matchFilters<MemoryIngest>(filters, ({ status }, [first]) =>
        first === 'ref' ? status.ref : undefined,
      )
      for (const ingest of ingests.values())
        if (matches(ingest)) yield { ...ingest.status, offset: ingest.bytes.byteLength }
    },
    async abort(ref) {
      const ingest = ingests.get(ref)
      if (ingest === undefined) throw new ImageError('NOT_FOUND', `no ingest ${ref}`)
      if (ingest.isOpen) throw new ImageError('UNAVAILABLE', `${ref} is open`)
      ingests.delete(ref)
    },
  }
}
