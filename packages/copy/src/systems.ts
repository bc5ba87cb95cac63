import { ImageError, imageName, quoteForeign } from '@crossdock/core'
import { imageOf } from '@crossdock/formats'
import type { Ends } from './ends.ts'
import { type ImageGraph, manifestsOf } from './graph.ts'
import { onSide } from './operation.ts'

/** Throws `UNSUPPORTED` for an image of an operating system whose images the destination does not take. */
export async function checkSystems({ top, referrers }: ImageGraph, ends: Ends): Promise<void> {
  const { source, destination, operation } = ends
  const { systems } = destination.traits
  if (systems === undefined) return
  for (const node of manifestsOf([top, ...referrers])) {
    const image = node.parsed.kind === 'index' ? undefined : imageOf(node, source)
    if (image === undefined || image.isArtifact) continue
    const { os } = await onSide('source', source.reference, () => image.config(operation), operation.signal)
    if (os === '' || systems.includes(os)) continue
    const name = imageName(destination.reference)
    throw new ImageError(
      'UNSUPPORTED',
      `the image is for ${quoteForeign(os, 40)}, and ${quoteForeign(name)} takes images for ${systems.join(', ')}: choose another platform`,
      { side: 'destination', image: name },
    )
  }
}
