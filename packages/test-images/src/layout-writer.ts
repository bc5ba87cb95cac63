import { mkdir, open, writeFile } from 'node:fs/promises'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { createHasher, type Descriptor, type Digest, digestEncoded, digestOf } from '@crossdock/core'
import { coalesce, compress } from '@crossdock/streams'
import { type TarContent, tarFiles } from './tar-files.ts'

export interface WrittenLayer {
  readonly descriptor: Descriptor
  /** Of the tar before it was packed. */
  readonly diffId: Digest
}

/** Writes an OCI image layout (image-spec, image-layout.md) into a folder that nobody else sees yet. */
export interface LayoutWriter {
  /** A gzip layer of these files; level 0 wraps the tar without packing it. */
  addLayer(content: TarContent & { readonly level: number }, signal?: AbortSignal): Promise<WrittenLayer>
  /** A document as JSON. */
  addDocument(mediaType: string, document: unknown): Promise<Descriptor>
  /** Writes index.json and oci-layout: the layout is complete. */
  finish(manifests: readonly Descriptor[]): Promise<void>
}

export async function createLayoutWriter(folder: string): Promise<LayoutWriter> {
  const blobs = join(folder, 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true })
  let layers = 0
  return {
    addLayer: async (content, signal) => {
      layers += 1
      const path = join(blobs, `layer-${layers}`)
      const written = await writeLayer(path, { ...content, signal })
      await rename(path, join(blobs, digestEncoded(written.descriptor.digest)))
      return written
    },
    addDocument: async (mediaType, document) => {
      const bytes = Buffer.from(JSON.stringify(document))
      const digest = digestOf(bytes)
      await writeFile(join(blobs, digestEncoded(digest)), bytes)
      return { mediaType, digest, size: bytes.byteLength }
    },
    finish: async (manifests) => {
      const mediaType = 'application/vnd.oci.image.index.v1+json'
      await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
      await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, mediaType, manifests }))
    },
  }
}

interface LayerContent extends TarContent {
  readonly level: number
  readonly signal: AbortSignal | undefined
}

async function writeLayer(path: string, { level, signal, ...content }: LayerContent): Promise<WrittenLayer> {
  const [unpacked, packed] = [createHasher('sha256'), createHasher('sha256')]
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of coalesce(tarFiles(content))) {
      signal?.throwIfAborted()
      unpacked.update(chunk)
      yield chunk
    }
  }
  let size = 0
  const file = await open(path, 'wx')
  try {
    for await (const chunk of compress(counted(), { format: 'gzip', level })) {
      packed.update(chunk)
      size += chunk.byteLength
      await file.writeFile(chunk)
    }
  } finally {
    await file.close()
  }
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip'
  return { descriptor: { mediaType, digest: packed.digest(), size }, diffId: unpacked.digest() }
}
