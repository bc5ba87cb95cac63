import type { BigIntStats } from 'node:fs'
import { appendFile, lstat, mkdir, stat, unlink } from 'node:fs/promises'
import {
  createHasher,
  digestAlgorithm,
  ImageError,
  isDigest,
  type Descriptor,
  type Digest,
  type OperationOptions,
} from '@crossdock/core'
import { errorNumber, ifExists, naming } from './file-errors.ts'
import { openRegular, PRIVATE_MODE, readBounded } from './files.ts'
import { hashRange } from './hash-range.ts'
import type { BlobPaths } from './blob-paths.ts'

/**
 * Which blobs of a folder are good. A file is hashed once; after that a stamp vouches for it: its size, its inode, and the
 * times of the last change to its content and to the file itself. Neither unpacking nor copying nor touching a file gives it
 * an old stamp.
 */
export interface Trust {
  /** True if the blob is there, with the right size and digest. */
  holds(blob: Descriptor, options?: HoldsOptions): Promise<boolean>
  /** Notes that the blob's file, just written, was verified; nothing if another process has removed it meanwhile. */
  record(digest: Digest): Promise<void>
  /** Notes that the blob's file is damaged, whatever vouched for it: it is hashed before it is trusted again. */
  distrust(digest: Digest): Promise<void>
}

export interface HoldsOptions extends OperationOptions {
  /** Whether what was found out is remembered by this object alone, so that nothing on the disk changes. Default: false. */
  readonly readOnly?: boolean | undefined
}

const LINE = /^(\S{1,200}) ([0-9]+ [0-9]+ [0-9]+ [0-9]+)$/
/** No file has this one. */
const NO_STAMP = '0 0 0 0'
/** Beyond this the file of stamps is dropped: every blob is then hashed once more. */
const MAX_STAMPS_BYTES = 8 * 1024 * 1024

/** Reads the stamps when they are first needed. */
export function createTrust(blobs: BlobPaths): Trust {
  let loading: Promise<Map<string, string>> | undefined
  const load = (): Promise<Map<string, string>> => (loading ??= readStamps(blobs))
  let unwritten: string[] = []
  let writing = Promise.resolve()

  /** Lines that come while others are written go together. */
  async function write(): Promise<void> {
    const lines = unwritten.join('')
    unwritten = []
    if (lines !== '') await appendStamps(blobs, lines)
  }

  async function remember(digest: Digest, stamp: string, readOnly: boolean): Promise<void> {
    const known = await load()
    if (known.get(digest) === stamp) return
    known.set(digest, stamp)
    if (readOnly) return
    unwritten.push(`${digest} ${stamp}\n`)
    writing = writing.then(write, write)
    await writing
  }

  return {
    async holds(blob, { readOnly = false, signal } = {}) {
      const path = blobs.pathOf(blob.digest)
      const found = await naming('look at', path, () => ifExists(lstat(path, { bigint: true })))
      if (found === undefined || !found.isFile() || found.size !== BigInt(blob.size)) return false
      if ((await load()).get(blob.digest) === stampOf(found)) return true
      const stamp = await hashFile(path, blob.digest, signal)
      if (stamp === undefined) return false
      await remember(blob.digest, stamp, readOnly)
      return true
    },
    async record(digest) {
      const path = blobs.pathOf(digest)
      const found = await naming('look at', path, () => ifExists(lstat(path, { bigint: true })))
      if (found !== undefined) await remember(digest, stampOf(found), false)
    },
    distrust: (digest) => remember(digest, NO_STAMP, false),
  }
}

/** One short write in append mode: lines of several processes do not mix. A stamp that is not written costs a hash, later. */
async function appendStamps({ work, stamps }: BlobPaths, lines: string): Promise<void> {
  const append = (): Promise<void> => appendFile(stamps, lines, { mode: PRIVATE_MODE })
  try {
    // A layout of another program has no folder for stamps yet.
    if ((await ifExists(append().then(() => true))) === undefined) await mkdir(work).then(append)
  } catch (reason) {
    if (errorNumber(reason) === undefined) throw reason
  }
}

function stampOf({ size, ino, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${size} ${ino} ${mtimeNs} ${ctimeNs}`
}

/** The stamp of the file if its bytes have the digest and it did not change meanwhile. */
async function hashFile(path: string, digest: Digest, signal: AbortSignal | undefined): Promise<string | undefined> {
  const { handle, size } = await openRegular(path, 'a blob')
  try {
    const before = stampOf(await handle.stat({ bigint: true }))
    const hasher = createHasher(digestAlgorithm(digest))
    await naming('read', path, () => hashRange(handle, { hasher, to: size, signal }))
    const after = stampOf(await handle.stat({ bigint: true }))
    return hasher.digest() === digest && before === after ? after : undefined
  } finally {
    await handle.close()
  }
}

async function readStamps(blobs: BlobPaths): Promise<Map<string, string>> {
  const known = new Map<string, string>()
  const text = await readText(blobs.stamps)
  for (const line of text.split('\n')) {
    const [, digest, stamp] = LINE.exec(line) ?? []
    if (isDigest(digest) && stamp !== undefined) known.set(digest, stamp)
  }
  return known
}

async function readText(path: string): Promise<string> {
  try {
    const limits = { limitBytes: MAX_STAMPS_BYTES, what: 'a file of stamps', mayGrow: true }
    return Buffer.from(await readBounded(path, limits)).toString('latin1')
  } catch (reason) {
    // Without stamps, or with another user's, everything is hashed, which is always right.
    if (reason instanceof ImageError && (reason.code !== 'IO' || errorNumber(reason.cause) === 'EACCES')) return ''
    throw reason
  }
}

/** Keeps the file of stamps from growing for ever. */
export async function trimStamps({ stamps }: BlobPaths): Promise<void> {
  await naming('remove', stamps, async () => {
    const found = await ifExists(stat(stamps))
    if (found !== undefined && found.size > MAX_STAMPS_BYTES) await ifExists(unlink(stamps))
  })
}
