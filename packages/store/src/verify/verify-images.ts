import { type Descriptor, type Digest, ImageError, quoteForeign } from '@crossdock/core'
import { manifestReader } from '@crossdock/blob-files'
import { isDocument, isForeignLayer, type Manifest, neededBy, parseManifest } from '@crossdock/formats'
import type { ContentFiles } from '../content/content-files.ts'
import type { Sql } from '../database/database.ts'
import { textOf } from '../database/rows.ts'
import type { ImageRecord } from '../image-names.ts'
import { imageOf } from '../names/image-rows.ts'
import type { StoreContext } from '../store-context.ts'
import type { Finding, VerifyOptions } from '../store.ts'

const NAMES_AT_ONCE = 128
/** Indexes in indexes deeper than this are no image's. */
const MAX_DEPTH = 16

interface NamedImage extends ImageRecord {
  readonly namespace: string
}

/**
 * What names stand for is there, and what an image that is there needs: its config and its layers. An index may list images that are not
 * there, of platforms that nobody asked for.
 */
export async function* verifyImages(
  { database }: Pick<StoreContext, 'database'>,
  files: ContentFiles,
  { signal }: VerifyOptions,
): AsyncGenerator<Finding> {
  const seen = new Set<Digest>()
  for (let last: NamedImage | undefined; ;) {
    const after = last
    const images = await database.read((sql) => namesAfter(sql, after), { signal })
    for (const image of images) {
      signal?.throwIfAborted()
      const findings = await verifyImage(files, image, seen)
      // Whoever deletes an image does not wait for this.
      if (findings.length > 0 && (await database.read((sql) => isStillThere(sql, image)))) yield* findings
    }
    last = images.at(-1)
    if (last === undefined) return
  }
}

function namesAfter(sql: Sql, after: NamedImage | undefined): readonly NamedImage[] {
  const rows = sql.all(
    `SELECT * FROM image WHERE (namespace, name) > ($namespace, $name) ORDER BY namespace, name LIMIT $limit`,
    { namespace: after?.namespace ?? '', name: after?.name ?? '', limit: NAMES_AT_ONCE },
  )
  return rows.map((row) => ({ ...imageOf(row), namespace: textOf(row, 'namespace') }))
}

function isStillThere(sql: Sql, { namespace, name, target }: NamedImage): boolean {
  const row = sql.get('SELECT digest FROM image WHERE namespace = $namespace AND name = $name', { namespace, name })
  return row !== undefined && textOf(row, 'digest') === target.digest
}

async function verifyImage(files: ContentFiles, { name, target }: NamedImage, seen: Set<Digest>): Promise<Finding[]> {
  const called = `"${quoteForeign(name, 200)}"`
  if ((await files.look(target.digest)) === undefined)
    return [
      {
        kind: 'dangling-name',
        subject: name,
        message: `${called} stands for ${target.digest}, which is not there. Pull it again, or remove the name`,
      },
    ]
  const findings: Finding[] = []
  await verifyDescriptor(target, { files, called, seen, findings, depth: 0 })
  return findings
}

interface Visit {
  readonly files: ContentFiles
  /** The image's name, for messages. */
  readonly called: string
  readonly seen: Set<Digest>
  readonly findings: Finding[]
  readonly depth: number
}

/** Looks at content that is needed if it is there: false if it is not. */
async function verifyDescriptor(descriptor: Descriptor, visit: Visit): Promise<boolean> {
  const { files, called, seen, findings, depth } = visit
  const { digest, size } = descriptor
  if (seen.has(digest)) return true
  const file = await files.look(digest)
  if (file === undefined) return false
  seen.add(digest)
  if (file.size !== size) {
    const message = `${digest} has ${file.size} bytes, but ${called} needs one of ${size}. Pull the image again`
    findings.push({ kind: 'size', subject: digest, message })
    return true
  }
  const document = isDocument(descriptor) && depth <= MAX_DEPTH ? await readDocument(files, descriptor) : undefined
  for (const child of document === undefined ? [] : neededBy(document)) {
    if (isForeignLayer(child) || (await verifyDescriptor(child, { ...visit, depth: depth + 1 }))) continue
    if (document?.kind === 'index') continue
    const message = `${child.digest} is not there, but ${called} needs it. Pull the image again`
    findings.push({ kind: 'missing', subject: child.digest, message })
  }
  return true
}

/** Undefined for one that cannot be read: that it is damaged is found where every blob is hashed. */
async function readDocument({ paths }: ContentFiles, descriptor: Descriptor): Promise<Manifest | undefined> {
  try {
    return parseManifest(await manifestReader(paths.blobs)(descriptor), { descriptor })
  } catch (reason) {
    if (reason instanceof ImageError && reason.code !== 'IO') return undefined
    throw reason
  }
}
