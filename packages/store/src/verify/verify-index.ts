import { join } from 'node:path'
import { quotePath } from '@crossdock/blob-files'
import { type Digest, ImageError, isDigest, quoteForeign } from '@crossdock/core'
import type { LayoutIndex } from '@crossdock/formats'
import type { ContentFiles } from '../content/content-files.ts'
import { digestOf, textOf } from '../database/rows.ts'
import { createIndexFile } from '../layout/index-file.ts'
import { entryImage } from '../layout/named-entries.ts'
import { DEFAULT_NAMESPACE, type StoreContext } from '../store-context.ts'
import type { Finding, VerifyOptions } from '../store.ts'

/** `index.json` can be read, says what the names of the default namespace say, and lists nothing that is not there. Returns whether it can be read. */
export async function* verifyIndex(
  context: StoreContext,
  files: ContentFiles,
  options: VerifyOptions,
): AsyncGenerator<Finding, boolean> {
  const subject = join(files.paths.folder, 'index.json')
  let index: LayoutIndex | undefined
  try {
    await context.layout.refresh(options)
    index = (await createIndexFile(files.paths).read(options)).index
  } catch (reason) {
    if (!(reason instanceof ImageError) || !['INVALID_DATA', 'LIMIT_EXCEEDED'].includes(reason.code)) throw reason
    yield { kind: 'index', subject, message: `${reason.message}. Remove it: it is made again from the database` }
    return false
  }
  if (index === undefined) {
    yield { kind: 'index', subject, message: `there is no ${quotePath(subject)}; the next change makes it` }
    return true
  }
  const differing = await differences(context, index, options)
  if (differing.length > 0) yield* await lookAgain(context, differing, options)
  yield* await danglingEntries(files, index)
  return true
}

/** Names for which file and database differ. */
async function differences(
  { database }: StoreContext,
  index: LayoutIndex,
  { signal }: VerifyOptions,
): Promise<readonly string[]> {
  const rows = await database.read(
    (sql) => sql.all('SELECT name, digest FROM image WHERE namespace = $namespace', { namespace: DEFAULT_NAMESPACE }),
    { signal },
  )
  const recorded = new Map<string, Digest>(rows.map((row) => [textOf(row, 'name'), digestOf(row, 'digest')]))
  const listed = new Map<string, Digest>()
  for (const entry of index.entries) {
    const image = entryImage(entry)
    if (image !== undefined) listed.set(image.name, image.target.digest)
  }
  return [...new Set([...recorded.keys(), ...listed.keys()])].filter((name) => recorded.get(name) !== listed.get(name))
}

/** Others may be about to write: what still differs while nobody else can, and after all was brought in line, is wrong. */
async function lookAgain(
  context: StoreContext,
  names: readonly string[],
  options: VerifyOptions,
): Promise<readonly Finding[]> {
  const now = async (): Promise<readonly string[]> =>
    context.layout.exclusively(async (layout) => differences(context, await layout.sync(options), options), options)
  const still = new Set(await now().catch((reason: unknown) => sameIfReadOnly(reason, names)))
  return names.filter((name) => still.has(name)).map((name) => differs(name))
}

/** Where nothing can be written nothing can be brought in line, either. */
function sameIfReadOnly(reason: unknown, names: readonly string[]): readonly string[] {
  if (reason instanceof ImageError && reason.code === 'IO') return names
  throw reason
}

function differs(name: string): Finding {
  const message = `index.json and the database differ in what "${quoteForeign(name, 200)}" stands for. Give it the name again`
  return { kind: 'index', subject: name, message }
}

async function danglingEntries(files: ContentFiles, index: LayoutIndex): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const entry of index.entries) {
    const { digest } = entry
    if (entryImage(entry) !== undefined || !isDigest(digest) || (await files.look(digest)) !== undefined) continue
    findings.push({ kind: 'index', subject: digest, message: `index.json lists ${digest}, which is not there` })
  }
  return findings
}
