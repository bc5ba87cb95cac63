import { lstat, unlink } from 'node:fs/promises'
import { ifExists, naming, readBounded, replaceFile } from '@crossdock/blob-files'
import { type Digest, isDigest } from '@crossdock/core'
import { ifUsable } from './manifests.ts'
import type { FolderPaths } from './paths.ts'

/*
 * A change of the image that was begun is noted with the digests of what the folder held for the image before, one a line. As
 * long as the note is there, the image may have signatures of the one before, and its files besides its own.
 */

const MAX_BYTES = 16 * 1024 * 1024

export async function isUnfinished({ unfinished }: FolderPaths): Promise<boolean> {
  return (await naming('look at', unfinished, () => ifExists(lstat(unfinished)))) !== undefined
}

/** What a change that was begun would have removed; nothing if there was none or its note cannot be used. */
export async function readUnfinished({ unfinished }: FolderPaths): Promise<readonly Digest[]> {
  const note = { limitBytes: MAX_BYTES, what: 'a note of an unfinished change' }
  const bytes = await ifUsable(readBounded(unfinished, note))
  return bytes === undefined ? [] : Buffer.from(bytes).toString('latin1').split('\n').filter(isDigest)
}

export async function noteUnfinished(
  { unfinished, work }: FolderPaths,
  former: Iterable<Digest>,
  options: { durable: boolean },
): Promise<void> {
  const bytes = new TextEncoder().encode([...former, ''].join('\n'))
  await replaceFile(unfinished, { bytes, work, durable: options.durable })
}

export async function noteFinished({ unfinished }: FolderPaths): Promise<void> {
  await naming('remove', unfinished, () => ifExists(unlink(unfinished)))
}
