import { randomUUID } from 'node:crypto'
import { ImageError, type Digest, type DigestAlgorithm } from '@crossdock/core'
import { createRepository, type ChangeableRepository, type RepositoryChange } from './repository-state.ts'
import { runningDigest } from './running-digest.ts'
import type { ByteRange, RegistryStorage, StoredUpload } from './storage.ts'

/** A blob as it arrived; joining the pieces would need its memory twice. */
type Pieces = readonly Uint8Array[]

/** Keeps everything in memory, as long as this value lives: a second server on it finds what the first one got. */
export function memoryStorage(): RegistryStorage {
  const repositories = new Map<string, ChangeableRepository>()
  const content = new Map<Digest, Pieces>()
  const uploads = new Map<string, StoredUpload>()

  const isNamed = (digest: Digest): boolean =>
    [...repositories.values()].some(({ blobs, manifests }) => blobs.has(digest) || manifests.has(digest))

  const change = async (name: string, changes: readonly RepositoryChange[]): Promise<void> => {
    const repository = repositories.get(name) ?? createRepository()
    repositories.set(name, repository)
    for (const each of changes) {
      repository.apply(each)
      if ((each.do === 'delete-blob' || each.do === 'delete-manifest') && !isNamed(each.digest))
        content.delete(each.digest)
    }
  }

  const read = async function* (digest: Digest, range: ByteRange): AsyncGenerator<Uint8Array> {
    const pieces = content.get(digest)
    if (pieces === undefined) throw new ImageError('NOT_FOUND', `there is no content ${digest}`)
    yield* slices(pieces, range)
  }

  return {
    open: async () => {},
    close: async () => {},
    repositories: () => [...repositories.keys()].filter((name) => isFilled(repositories.get(name))).toSorted(),
    repository: (name) => repositories.get(name),
    change,
    read,
    write: async (digest, bytes) => void content.set(digest, [bytes]),
    createUpload: async (repository, algorithm) => {
      const upload = memoryUpload({ repository, algorithm, content, uploads })
      uploads.set(upload.id, upload)
      return upload
    },
    findUpload: async (id) => uploads.get(id),
  }
}

function isFilled(repository: ChangeableRepository | undefined): boolean {
  return repository !== undefined && repository.blobs.size + repository.manifests.size + repository.tags.size > 0
}

interface UploadSetting {
  readonly repository: string
  readonly algorithm: DigestAlgorithm
  readonly content: Map<Digest, Pieces>
  readonly uploads: Map<string, StoredUpload>
}

function memoryUpload({ repository, algorithm, content, uploads }: UploadSetting): StoredUpload {
  const id = randomUUID()
  let pieces: Uint8Array[] = []
  let size = 0
  let generation = 0
  const running = runningDigest(() => pieces, algorithm)

  return {
    id,
    repository,
    get size() {
      return size
    },
    get generation() {
      return generation
    },
    append: async (bytes) => {
      for await (const piece of bytes) {
        running.update(piece)
        pieces.push(piece)
        size += piece.byteLength
      }
    },
    truncate: async (newSize) => {
      pieces = [...slices(pieces, { start: 0, end: newSize })]
      size = newSize
      running.forget()
    },
    advance: async () => void (generation += 1),
    digest: running.digest,
    commit: async (digest) => {
      content.set(digest, pieces)
      uploads.delete(id)
    },
    cancel: async () => void uploads.delete(id),
  }
}

function* slices(pieces: Pieces, { start, end }: ByteRange): Generator<Uint8Array> {
  let position = 0
  for (const piece of pieces) {
    const from = Math.max(start - position, 0)
    const to = Math.min(end - position, piece.byteLength)
    if (from < to) yield piece.subarray(from, to)
    position += piece.byteLength
    if (position >= end) return
  }
}
