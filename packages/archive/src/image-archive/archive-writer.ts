import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { ifExists, naming, pathError, requirePlain, syncFolder } from '@crossdock/blob-files'
import { type BlobBody, type BlobHint, type Digest, parseDigest } from '@crossdock/core'
import { createLimiter } from '@crossdock/streams'
import { createTemporaryFile, type TemporaryFile } from '../files/temporary-file.ts'
import { writeAt, writeChunks } from '../files/write-chunks.ts'
import { toBlocks } from '../tar/fields.ts'
import { encodeTarHeader, END_OF_TAR_BYTES } from '../write/encode-header.ts'
import type { TarHeaderInput } from '../write/tar-input.ts'
import { receive } from './arrival.ts'
import { lateHeader } from './late-header.ts'
import { type ArchivedBlob, type MemberWriter, sameBlob, type SmallMember } from './member-writer.ts'

/** A blob in the file that is being written. */
interface StoredBlob extends ArchivedBlob {
  /** Where its content begins. */
  readonly offset: number
}

export interface ArchiveWriterOptions {
  /** The target, absolute. */
  readonly path: string
  readonly durable: boolean
  /** The member that a blob becomes, without its size. */
  readonly memberOf: (digest: Digest, mediaType: string | undefined) => TarHeaderInput
}

/** A digest as long as the one that is computed for a blob of unknown digest. */
const SAMPLE_DIGEST = parseDigest(`sha256:${'0'.repeat(64)}`)
const BEAT_MS = 30_000

/**
 * Checks, without changing anything, that an archive can be written: nothing or a plain file at the path, in a folder that is there.
 * Throws `CONFLICT`, `NOT_FOUND`.
 */
export async function checkTarget(path: string): Promise<void> {
  const folder = dirname(path)
  const found = await naming('look at', folder, () => ifExists(stat(folder)))
  if (found === undefined) {
    throw pathError(
      'NOT_FOUND',
      folder,
      `does not exist; make the folder, then "${basename(path)}" can be written there`,
    )
  }
  await requirePlain(path, 'file')
}

/**
 * An archive that grows in a temporary file beside the target and takes its name in `commit`. Nothing is created before something is
 * written.
 */
export function createArchiveWriter({ path, durable, memberOf }: ArchiveWriterOptions): MemberWriter {
  const stored = new Map<Digest, StoredBlob>()
  const turns = createLimiter(1)
  const target = createTarget(path)
  let position = 0

  async function append(body: BlobBody, blob: BlobHint, signal: AbortSignal | undefined): Promise<StoredBlob> {
    const known = blob.digest === undefined ? undefined : stored.get(blob.digest)
    if (known !== undefined) return sameBlob(known, blob.size)
    const file = await target.open()
    const arrival = receive(body, blob, signal)
    const reserved = headerBytes(memberOf(blob.digest ?? SAMPLE_DIGEST, blob.mediaType), blob.size ?? body.size)
    const offset = position + reserved
    const end = await writeChunks(file, offset, arrival.chunks)
    const { digest, size } = arrival.settled()
    const twin = stored.get(digest)
    if (twin !== undefined) return twin // its room is written over
    const member = memberOf(digest, blob.mediaType)
    await writeAt(file, lateHeader({ ...member, size }, reserved), position)
    await writeAt(file, new Uint8Array(toBlocks(size) - size), end)
    const result = { digest, size, path: member.path, offset }
    position = offset + toBlocks(size)
    stored.set(digest, result)
    return result
  }

  return {
    stored,
    putBlob: (body, blob, signal) => turns.run(() => append(body, blob, signal), { signal }),
    async read(digest) {
      const found = stored.get(digest)
      if (found === undefined) return undefined
      const { offset, size } = found
      const { handle, path: at } = await target.open()
      const bytes = new Uint8Array(size)
      await naming('read', at, () => handle.read(bytes, 0, size, offset))
      return bytes
    },
    commit: (members) =>
      turns.run(async () => {
        const file = await target.open()
        const tail = Buffer.concat([...members.map(encodeMember), new Uint8Array(END_OF_TAR_BYTES)])
        await writeAt(file, tail, position)
        target.close()
        await publish(file, { path, durable, size: position + tail.byteLength })
      }),
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]()
    },
  }
}

/** The file that is written beside the target. */
interface Target extends AsyncDisposable {
  /** Makes it, once. Throws `CONFLICT` when it was closed. */
  open(): Promise<TemporaryFile>
  /** From now on nothing can be written. */
  close(): void
}

function createTarget(path: string): Target {
  let opening: Promise<TemporaryFile> | undefined
  let beat: ReturnType<typeof setInterval> | undefined
  let isClosed = false

  async function begin(): Promise<TemporaryFile> {
    const created = await createTemporaryFile(dirname(path))
    // Processes of another machine know by its time that somebody still writes it.
    beat = setInterval(() => void touch(created).catch(ignore), BEAT_MS)
    beat.unref()
    return created
  }

  function close(): void {
    clearInterval(beat)
    isClosed = true
  }

  return {
    async open() {
      if (isClosed) throw pathError('CONFLICT', path, 'is not open for writing any more; open it anew to replace it')
      opening ??= begin().catch((reason: unknown) => {
        opening = undefined // what failed may succeed when it is tried again
        throw reason
      })
      return await opening
    },
    close,
    async [Symbol.asyncDispose]() {
      const created = await opening?.catch(ignore)
      close()
      await created?.[Symbol.asyncDispose]()
    },
  }
}

function encodeMember({ header, content }: SmallMember): Uint8Array {
  const size = content.byteLength
  return Buffer.concat([encodeTarHeader({ ...header, size }), content, new Uint8Array(toBlocks(size) - size)])
}

export interface Publishing {
  /** The target, absolute. */
  readonly path: string
  readonly durable: boolean
  readonly size: number
}

/** Cuts a finished file to its size and gives it its name, with the permissions of the one that it replaces. Throws `IO`. */
export async function publish(file: TemporaryFile, { path, durable, size }: Publishing): Promise<void> {
  const mode = await modeFor(path)
  await naming('write', path, async () => {
    await file.handle.truncate(size) // what a blob that failed left behind the end
    await file.handle.chmod(mode)
    if (durable) await file.handle.sync()
  })
  await file.publish(path)
  if (durable) await syncFolder(dirname(path))
}

/** As the file had it that is replaced; a new one is everybody's to read as far as the umask lets them. */
async function modeFor(path: string): Promise<number> {
  const found = await naming('look at', path, () => ifExists(stat(path)))
  return found === undefined ? 0o644 & ~process.umask() : found.mode & 0o777
}

function headerBytes(member: TarHeaderInput, size: number | undefined): number {
  return encodeTarHeader({ ...member, size: size ?? 0 }).byteLength
}

async function touch({ handle }: TemporaryFile): Promise<void> {
  const now = new Date()
  await handle.utimes(now, now)
}

function ignore(): void {}
