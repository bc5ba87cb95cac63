import { createHasher, type Digest, ImageError } from '@crossdock/core'
import { recycle } from '@crossdock/streams'
import type { RandomAccess } from '../access/random-access.ts'
import { compressionAt, readAccess } from '../access/read-access.ts'
import { spool } from '../files/spool.ts'
import { indexArchive, type OpenArchiveOptions, unpacking } from '../image-archive/open-archive.ts'
import { type AciLayout, readAciLayout } from './layout.ts'

/** An App Container archive that is being read, in place. Disposing closes the file. */
export interface AciArchive extends AciLayout, AsyncDisposable {
  /** What it is, for messages: its path, quoted. */
  readonly what: string
  /** The tar, unpacked if it was packed. */
  readonly access: RandomAccess
  /** The image ID: the sha512 of the unpacked tar. */
  readonly id: Digest
  /** Of the file as it came, in bytes. */
  readonly publishedSize: number
  /** The file as it came, for detached signatures. Throws `CONFLICT` at the end if the bytes are others than those of `access`. */
  readonly published: (signal?: AbortSignal) => AsyncIterable<Uint8Array>
  /** Throws `CONFLICT` if `access` gives other bytes than those of the image ID: somebody may write into a file that is read in place. */
  readonly checkUnchanged: (signal?: AbortSignal) => Promise<void>
}

/**
 * Opens an archive and checks all of it but the contents of its files. It may be packed (gzip, bzip2, xz, zstd, by how it begins), and is then
 * unpacked once, into a file without a name. `file` is closed with what is returned, or if this fails. Throws `INVALID_DATA`, `LIMIT_EXCEEDED`, `IO`.
 */
export async function openAci(file: RandomAccess, options: OpenArchiveOptions): Promise<AciArchive> {
  const { signal } = options
  let unpacked: Unpacked | undefined
  async function close(): Promise<void> {
    if (unpacked !== undefined && unpacked.access !== file) await unpacked.access[Symbol.asyncDispose]()
    await file[Symbol.asyncDispose]()
  }
  try {
    unpacked = await unpackHashed(file, options)
    const { access, id, digest } = unpacked
    const archive = await indexArchive(unowned(access), { signal })
    const layout = await readAciLayout(archive, signal)
    const published = (reading?: AbortSignal): AsyncIterable<Uint8Array> => unchanged(file, digest, reading)
    const checkUnchanged = async (reading?: AbortSignal): Promise<void> => {
      // What was unpacked lies in a file without a name.
      if (access === file) for await (const chunk of published(reading)) recycle(chunk)
    }
    const what = file.name
    const publishedSize = file.size
    return { ...layout, what, access, id, publishedSize, published, checkUnchanged, [Symbol.asyncDispose]: close }
  } catch (reason) {
    await close()
    throw reason
  }
}

interface Unpacked {
  readonly access: RandomAccess
  readonly id: Digest
  /** Of the file as it came. */
  readonly digest: Digest
}

/** Both hashes in one pass; they are the same if the file is not packed. */
async function unpackHashed(file: RandomAccess, options: OpenArchiveOptions): Promise<Unpacked> {
  const { tmpDir: folder, maxUnpackedBytes: limitBytes, signal } = options
  const what = file.name
  const published = createHasher('sha512')
  const coming = hashed(readAccess(file, { signal }), published)
  if ((await compressionAt(file)) === 'none') {
    for await (const chunk of coming) recycle(chunk)
    const digest = published.digest()
    return { access: file, id: digest, digest }
  }
  const plain = createHasher('sha512')
  const body = hashed(unpacking(coming, { what, limitBytes }), plain)
  const access = await spool(body, { folder, limitBytes, what, signal })
  return { access, id: plain.digest(), digest: published.digest() }
}

async function* hashed(
  body: AsyncIterable<Uint8Array>,
  hasher: { update(bytes: Uint8Array): void },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    hasher.update(chunk)
    yield chunk
  }
}

async function* unchanged(file: RandomAccess, digest: Digest, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const hasher = createHasher('sha512')
  yield* hashed(readAccess(file, { signal }), hasher)
  if (hasher.digest() === digest) return
  throw new ImageError('CONFLICT', `${file.name} was changed while it was read; read it again`)
}

/** The same, for who must not close it. */
function unowned(access: RandomAccess): RandomAccess {
  return { ...access, async [Symbol.asyncDispose]() {} }
}
