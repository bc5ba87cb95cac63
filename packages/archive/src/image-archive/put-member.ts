import { createFlusher, type Flusher } from '@crossdock/blob-files'
import { type BlobBody, type BlobHint, type Digest, parseDigest } from '@crossdock/core'
import { type Limiter, raceSignal } from '@crossdock/streams'
import { writeAt, writeChunks } from '../files/write-chunks.ts'
import { toBlocks } from '../tar/fields.ts'
import { encodeTarHeader } from '../write/encode-header.ts'
import type { TarHeaderInput } from '../write/tar-input.ts'
import { receive } from './arrival.ts'
import { lateHeader } from './late-header.ts'
import { type ArchivedBlob, sameBlob } from './member-writer.ts'
import type { Room, Rooms } from './rooms.ts'
import type { TargetFile } from './target-file.ts'

/** A blob in the file that is being written. */
export interface StoredBlob extends ArchivedBlob {
  readonly room: Room
  /** Where its content begins. */
  readonly offset: number
}

/** What is written, and who writes at the moment. */
export interface OpenArchive {
  readonly target: TargetFile
  readonly durable: boolean
  /** The member that a blob becomes, without its size. */
  readonly memberOf: (digest: Digest, mediaType: string | undefined) => TarHeaderInput
  readonly stored: Map<Digest, StoredBlob>
  readonly rooms: Rooms
  /** The end of the file is one's at a time. */
  readonly turns: Limiter
  readonly writing: Set<Promise<StoredBlob>>
  readonly byDigest: Map<Digest, Promise<StoredBlob>>
  flusher: Flusher | undefined
}

export interface MemberInput {
  readonly body: BlobBody
  readonly blob: BlobHint
  readonly signal: AbortSignal | undefined
}

/** A digest as long as the one that is computed for a blob of unknown digest. */
const SAMPLE_DIGEST = parseDigest(`sha256:${'0'.repeat(64)}`)

/** Writes a blob, unless it is there or comes at this moment: what fails to come is written then. */
export async function putMember(archive: OpenArchive, input: MemberInput): Promise<StoredBlob> {
  const { stored, byDigest } = archive
  const { digest, size } = input.blob
  if (digest === undefined) return await putAnyway(archive, input)
  for (let other = byDigest.get(digest); other !== undefined; other = byDigest.get(digest)) {
    await raceSignal(other.catch(ignore), input.signal)
  }
  const known = stored.get(digest)
  if (known !== undefined) return sameBlob(known, size)
  const putting = putAnyway(archive, input)
  byDigest.set(digest, putting)
  try {
    return await putting
  } finally {
    byDigest.delete(digest)
  }
}

/** Room of known size is taken at once; while a blob of unknown size grows at the end nobody else takes any. */
async function putAnyway(archive: OpenArchive, input: MemberInput): Promise<StoredBlob> {
  const { turns, memberOf } = archive
  const { blob, body, signal } = input
  const size = blob.size ?? body.size
  const member = memberOf(blob.digest ?? SAMPLE_DIGEST, blob.mediaType)
  const headerBytes = encodeTarHeader({ ...member, size: size ?? 0 }).byteLength
  const begin = (contentBytes?: number): Promise<StoredBlob> => fill(archive, { ...input, headerBytes, contentBytes })
  if (size === undefined) return await turns.run(() => begin(), { signal })
  const begun = await turns.run(async () => ({ blob: begin(toBlocks(size)) }), { signal })
  return await begun.blob
}

interface Filling extends MemberInput {
  /** Of the header, which is written last. */
  readonly headerBytes: number
  /** Of the content's blocks, if that is known. */
  readonly contentBytes: number | undefined
}

function fill(archive: OpenArchive, filling: Filling): Promise<StoredBlob> {
  const { rooms, writing } = archive
  const { headerBytes, contentBytes } = filling
  const room = contentBytes === undefined ? rooms.append(headerBytes) : rooms.take(headerBytes + contentBytes)
  const written = write(archive, room, filling)
  writing.add(written)
  void written.catch(() => rooms.giveBack(room)).finally(() => writing.delete(written))
  return written
}

async function write(archive: OpenArchive, given: Room, filling: Filling): Promise<StoredBlob> {
  const { target, stored, rooms, memberOf, durable } = archive
  const { body, blob, signal, headerBytes, contentBytes } = filling
  const file = await target.open()
  if (durable) archive.flusher ??= createFlusher(file)
  const offset = given.begin + headerBytes
  const arrival = receive(body, blob, signal)
  const end = await writeChunks(file, offset, arrival.chunks, archive.flusher)
  const { digest, size } = arrival.settled()
  const member = memberOf(digest, blob.mediaType)
  await writeAt(file, lateHeader({ ...member, size }, headerBytes), given.begin)
  await writeAt(file, new Uint8Array(toBlocks(size) - size), end)
  const twin = stored.get(digest)
  if (twin !== undefined) {
    rooms.giveBack(given)
    return twin
  }
  const room = contentBytes === undefined ? rooms.extend(given, offset + toBlocks(size)) : given
  const result = { digest, size, path: member.path, room, offset }
  stored.set(digest, result)
  return result
}

function ignore(): void {}
