import { dirname } from 'node:path'
import { naming } from '@crossdock/blob-files'
import type { Digest } from '@crossdock/core'
import { createLimiter } from '@crossdock/streams'
import { createTemporaryFile, type TemporaryFile } from '../files/temporary-file.ts'
import { writeAt } from '../files/write-chunks.ts'
import { toBlocks } from '../tar/fields.ts'
import { encodeTarHeader, END_OF_TAR_BYTES } from '../write/encode-header.ts'
import { areGapless, copyRooms } from './close-gaps.ts'
import type { MemberWriter, SmallMember } from './member-writer.ts'
import { publish } from './publish.ts'
import { type OpenArchive, putMember } from './put-member.ts'
import { createRooms } from './rooms.ts'
import { createTargetFile } from './target-file.ts'

export interface ArchiveWriterOptions extends Pick<OpenArchive, 'durable' | 'memberOf'> {
  /** The target, absolute. */
  readonly path: string
}

const PARALLEL_BLOBS = 6

/**
 * An archive that grows in a temporary file beside the target and takes its name in `commit`. Nothing is created before something is
 * written. Blobs of known size are written at the same time, each into a room of its own.
 */
export function createArchiveWriter(options: ArchiveWriterOptions): MemberWriter {
  const target = createTargetFile(options.path)
  const archive: OpenArchive = {
    ...options,
    target,
    stored: new Map(),
    rooms: createRooms(),
    turns: createLimiter(1),
    writing: new Set(),
    byDigest: new Map(),
    flusher: undefined,
  }
  return {
    stored: archive.stored,
    parallelBlobs: PARALLEL_BLOBS,
    putBlob: (body, blob, signal) => putMember(archive, { body, blob, signal }),
    read: (digest) => read(archive, digest),
    commit: (members) => archive.turns.run(() => commit(archive, { ...options, members })),
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  }
}

async function read({ stored, target }: OpenArchive, digest: Digest): Promise<Uint8Array | undefined> {
  const found = stored.get(digest)
  if (found === undefined) return undefined
  const { offset, size } = found
  const { handle, path } = await target.open()
  const bytes = new Uint8Array(size)
  await naming('read', path, () => handle.read(bytes, 0, size, offset))
  return bytes
}

interface Commit extends Pick<ArchiveWriterOptions, 'path' | 'durable'> {
  readonly members: readonly SmallMember[]
}

async function commit(archive: OpenArchive, how: Commit): Promise<void> {
  const { target, writing, stored } = archive
  const file = await target.open()
  target.close()
  await Promise.allSettled(writing)
  await archive.flusher?.settle()
  const rooms = [...stored.values()].map(({ room }) => room).toSorted((one, other) => one.begin - other.begin)
  if (areGapless(rooms)) return await finish(file, rooms.at(-1)?.end ?? 0, how)
  await using copy = await createTemporaryFile(dirname(how.path))
  await finish(copy, await copyRooms(file, rooms, copy), how)
  await target[Symbol.asyncDispose]()
}

async function finish(file: TemporaryFile, end: number, { members, path, durable }: Commit): Promise<void> {
  const tail = Buffer.concat([...members.map(encodeMember), new Uint8Array(END_OF_TAR_BYTES)])
  await writeAt(file, tail, end)
  await publish(file, { path, durable, size: end + tail.byteLength })
}

function encodeMember({ header, content }: SmallMember): Uint8Array {
  const size = content.byteLength
  return Buffer.concat([encodeTarHeader({ ...header, size }), content, new Uint8Array(toBlocks(size) - size)])
}
