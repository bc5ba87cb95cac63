import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ifExists, naming, quotePath } from '@crossdock/blob-files'
import { collectGarbage } from '../collect/collect-garbage.ts'
import { type ContentFiles, contentFiles } from '../content/content-files.ts'
import { findIngest } from '../content/ingest-folder.ts'
import { ownership } from '../content/ref-lock.ts'
import type { StoreContext } from '../store-context.ts'
import type { Finding, VerifyOptions } from '../store.ts'
import { verifyBlobs } from './verify-blobs.ts'
import { verifyImages } from './verify-images.ts'
import { verifyIndex } from './verify-index.ts'

/**
 * Looks at everything in a store, of all namespaces, beside others that go on using it, and tells what is wrong as it is found. Nothing is
 * changed, but for what other programs wrote to `index.json`, which is taken over as usual.
 */
export async function* verifyStore(context: StoreContext, options: VerifyOptions = {}): AsyncGenerator<Finding> {
  options.signal?.throwIfAborted()
  const files = contentFiles(context)
  yield* verifyDatabase(context, options)
  const isIndexReadable = yield* verifyIndex(context, files, options)
  yield* verifyImages(context, files, options)
  yield* verifyBlobs(files, options)
  yield* verifyIngests(files, options)
  if (isIndexReadable) yield* unneeded(context, options) // else nobody knows what is needed
}

async function* verifyDatabase({ database }: StoreContext, { signal }: VerifyOptions): AsyncGenerator<Finding> {
  const subject = database.file ?? ':memory:'
  for (const problem of await database.problems({ signal }))
    yield {
      kind: 'database',
      subject,
      message: `the database is damaged: ${problem}. Move it away: names come back from index.json`,
    }
}

/** What the next collection would remove. */
async function* unneeded(context: StoreContext, { signal }: VerifyOptions): AsyncGenerator<Finding> {
  for (const digest of (await collectGarbage(context, { dryRun: true, signal })).digests)
    yield { kind: 'orphan', subject: digest, message: `nothing needs ${digest}; it goes with the next collection` }
}

/** What is in `ingest` and cannot be gone on with only takes room. */
async function* verifyIngests({ paths }: ContentFiles, { signal }: VerifyOptions): AsyncGenerator<Finding> {
  const names = await naming('read the folder', paths.ingest, () => ifExists(readdir(paths.ingest)))
  for (const name of names ?? []) {
    signal?.throwIfAborted()
    const folder = join(paths.ingest, name)
    if ((await findIngest(paths, folder)) !== undefined || (await ownership(folder)) === 'owned') continue
    if ((await findIngest(paths, folder)) !== undefined) continue // whoever had it open has closed it
    const message = `${quotePath(folder)} is no ingest that can be gone on with; it goes with the next collection`
    yield { kind: 'orphan', subject: folder, message }
  }
}
