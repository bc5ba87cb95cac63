import { pathError, readBounded, replaceFile } from '@crossdock/blob-files'
import { type Digest, digestAlgorithm, ImageError } from '@crossdock/core'
import type { FolderPaths } from './paths.ts'

/** 1.2 is 1.1 with names for digests that are not sha256. */
export type Version = '1.1' | '1.2'

const TEXT = 'Directory Transport Version: '
const FORM = /^Directory Transport Version: ([0-9]{1,9})\.([0-9]{1,9})\s*$/
const MAX_BYTES = 1024

/**
 * The version of the folder's form; undefined without a `version` file. Throws `INVALID_DATA` for a file that says something
 * else, `UNSUPPORTED` for a version that is not known.
 */
export async function readVersion(paths: FolderPaths): Promise<Version | undefined> {
  const text = await readText(paths)
  if (text === undefined) return undefined
  const [, major, minor] = FORM.exec(text) ?? []
  if (major === undefined) {
    throw pathError('INVALID_DATA', paths.version, `does not say "${TEXT}N.N": the folder is no "dir:" image`)
  }
  if (major === '1' && minor === '1') return '1.1'
  if (major === '1' && minor === '2') return '1.2'
  throw pathError(
    'UNSUPPORTED',
    paths.version,
    `says version ${major}.${minor}; versions 1.1 and 1.2 are what is known here. Have the image copied anew`,
  )
}

async function readText(paths: FolderPaths): Promise<string | undefined> {
  try {
    const bytes = await readBounded(paths.version, { limitBytes: MAX_BYTES, what: 'a "version" file' })
    return Buffer.from(bytes).toString('latin1')
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}

export async function writeVersion(paths: FolderPaths, version: Version, options: { durable: boolean }): Promise<void> {
  const bytes = new TextEncoder().encode(`${TEXT}${version}\n`)
  await replaceFile(paths.version, { bytes, work: paths.work, durable: options.durable })
}

/** The lowest version that has names for all of these: older programs take no other than 1.1. */
export function versionFor(digests: Iterable<Digest>): Version {
  for (const digest of digests) if (digestAlgorithm(digest) !== 'sha256') return '1.2'
  return '1.1'
}
