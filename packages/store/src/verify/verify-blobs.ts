import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { hashRange, ifExists, naming, openRegular, quotePath } from '@crossdock/blob-files'
import { createHasher, digestAlgorithm, type Digest, ImageError, isDigest, report, shortDigest } from '@crossdock/core'
import { runAll } from '@crossdock/streams'
import type { ContentFiles } from '../content/content-files.ts'
import { digestsIn } from '../content/list-content.ts'
import type { Finding, VerifyOptions } from '../store.ts'

/** As many are held in memory; as many are read at once as keep a disk busy. */
const LISTED_AT_ONCE = 256
const READ_AT_ONCE = 4

/** Every file below `blobs` is a blob with the bytes of its name. What is found damaged is not trusted any more, so that it can come again. */
export async function* verifyBlobs(files: ContentFiles, options: VerifyOptions): AsyncGenerator<Finding> {
  yield* strangers(files, options)
  await reportTotals(files, options)
  for await (const digests of digestsIn(files.paths, LISTED_AT_ONCE)) {
    const findings: Finding[] = []
    const sizes = new Map<Digest, number>()
    for (const digest of digests) {
      const found = await files.look(digest)
      if (found !== undefined) sizes.set(digest, found.size)
      else findings.push(...(await noFile(files, digest)))
    }
    if (options.hash !== false)
      await runAll(
        sizes.keys(),
        async (digest, signal) => void findings.push(...(await hashBlob(files, digest, { ...options, signal }))),
        { concurrency: READ_AT_ONCE, signal: options.signal },
      )
    yield* findings
  }
}

/** What is going to be read. */
async function reportTotals(files: ContentFiles, options: VerifyOptions): Promise<void> {
  if (options.onProgress === undefined || options.hash === false) return
  const totals = { manifests: 0, blobs: 0, bytes: 0 }
  for await (const digests of digestsIn(files.paths, LISTED_AT_ONCE)) {
    options.signal?.throwIfAborted()
    const sizes = await Promise.all(digests.map(async (digest) => (await files.look(digest))?.size))
    for (const size of sizes.filter((each) => each !== undefined)) {
      totals.blobs += 1
      totals.bytes += size
    }
  }
  report(options, { type: 'plan', ...totals })
}

/** Something else is in the file's place, unless it was removed just now. */
async function noFile({ paths }: ContentFiles, digest: Digest): Promise<readonly Finding[]> {
  const path = paths.blobs.pathOf(digest)
  const found = await naming('look at', path, () => ifExists(lstat(path)))
  if (found === undefined || found.isFile()) return []
  return [
    { kind: 'missing', subject: digest, message: `${quotePath(path)} should be a blob, but it is no regular file` },
  ]
}

async function hashBlob(files: ContentFiles, digest: Digest, options: VerifyOptions): Promise<readonly Finding[]> {
  const path = files.paths.blobs.pathOf(digest)
  const opened = await openRegular(path, `blob ${shortDigest(digest)}`).catch(ifGone)
  if (opened === undefined) return []
  const { handle, size } = opened
  report(options, { type: 'blob:start', blob: { mediaType: '', digest, size }, offset: 0 })
  try {
    const hasher = createHasher(digestAlgorithm(digest))
    await naming('read', path, () => hashRange(handle, { hasher, to: Infinity, signal: options.signal }))
    const actual = hasher.digest()
    report(options, { type: 'blob:done', digest, size, moved: size })
    if (actual === digest) return []
  } finally {
    await handle.close()
  }
  await files.trust.distrust(digest)
  return [
    {
      kind: 'digest',
      subject: digest,
      message: `${quotePath(path)} is damaged: its bytes are not those of its digest. Pull the image again`,
    },
  ]
}

function ifGone(reason: unknown): undefined {
  if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return
  throw reason
}

/** Files that nothing looks for. */
async function* strangers({ paths }: ContentFiles, { signal }: VerifyOptions): AsyncGenerator<Finding> {
  const { folder } = paths.blobs
  for (const algorithm of ['sha256', 'sha512']) {
    const below = join(folder, algorithm)
    const opened = await naming('read the folder', below, () => ifExists(opendir(below)))
    for await (const { name } of opened ?? []) {
      signal?.throwIfAborted()
      if (isDigest(`${algorithm}:${name}`)) continue
      const path = join(below, name)
      yield { kind: 'orphan', subject: path, message: `${quotePath(path)} is no blob, by its name; nothing uses it` }
    }
  }
}
