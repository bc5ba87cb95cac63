import { type Descriptor, type ImageDestination, ImageError, imageName } from '@crossdock/core'
import { isForeignLayer } from '@crossdock/formats'
import type { ResolvedOptions } from './options.ts'

/** Whether the layer is only named by the manifest and its bytes stay away. */
export function staysForeign(blob: Descriptor, destination: ImageDestination, options: ResolvedOptions): boolean {
  if (!isForeignLayer(blob) || options.foreignLayers === 'fetch') return false
  if (destination.traits.foreignLayers ?? true) return true
  throw new ImageError(
    'UNSUPPORTED',
    `${imageName(destination.reference)} does not take layers that are named by URL (${blob.digest}): ask for them to be fetched`,
  )
}
