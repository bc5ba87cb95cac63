import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoredImage } from '@crossdock/test-engine'

const REF_NAME = 'org.opencontainers.image.ref.name'

interface IndexFile {
  readonly manifests: readonly {
    readonly digest: string
    readonly mediaType: string
    readonly artifactType?: string
    readonly annotations?: Readonly<Record<string, string>>
  }[]
}

/** The names in a layout's index.json, and the digests that they stand for. */
export async function namesIn(layout: string): Promise<ReadonlyMap<string, string>> {
  const { manifests } = await readIndex(layout)
  return new Map(
    manifests.flatMap(({ digest, annotations }) => {
      const name = annotations?.[REF_NAME]
      return name === undefined ? [] : [[name, digest] as const]
    }),
  )
}

async function readIndex(layout: string): Promise<IndexFile> {
  return JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as IndexFile
}

export function readBlob(layout: string, digest: string): Promise<Buffer> {
  return readFile(join(layout, 'blobs', ...digest.split(':')))
}

/** The layout's first image with all that is beside it, for an engine to have. */
export async function storedImage(layout: string): Promise<StoredImage> {
  const [root] = (await readIndex(layout)).manifests
  if (root === undefined) throw new Error(`${layout} has no image`)
  const names = await readdir(join(layout, 'blobs/sha256'))
  const blobs = names.map(async (name) => {
    const digest = `sha256:${name}`
    return { bytes: await readBlob(layout, digest), descriptor: { digest } }
  })
  return {
    root: { ...root, bytes: await readBlob(layout, root.digest) },
    manifests: [],
    blobs: await Promise.all(blobs),
  }
}
