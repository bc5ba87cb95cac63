import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

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
