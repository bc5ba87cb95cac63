import type { Descriptor, Digest } from '@crossdock/core'

/** Reads a blob whole and verifies it. */
export type SignatureBlobReader = (layer: Descriptor) => Promise<Uint8Array>

const READS_AT_ONCE = 16

/** The bytes of these layers, in their order. One that several layers name is read once: signatures over one payload share it. */
export async function readLayers(
  layers: readonly Descriptor[],
  read: SignatureBlobReader,
): Promise<readonly Uint8Array[]> {
  const wanted = [...new Map(layers.map((layer) => [layer.digest, layer])).values()]
  const contents = new Map<Digest, Uint8Array>()
  while (wanted.length > 0) {
    const batch = wanted.splice(0, READS_AT_ONCE)
    const found = await Promise.all(batch.map(read))
    for (const [position, { digest }] of batch.entries()) contents.set(digest, found[position] ?? new Uint8Array())
  }
  return layers.map(({ digest }) => contents.get(digest) ?? new Uint8Array())
}
