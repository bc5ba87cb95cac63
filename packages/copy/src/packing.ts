import type { Descriptor } from '@crossdock/core'
import { layerCompression } from '@crossdock/formats'
import type { Ends } from './ends.ts'
import type { LayerPacking } from './layer-packing.ts'

/** What is done with the bytes of one layer. */
export type Packing = Pick<LayerPacking, 'format' | 'level'>

/** Undefined for a layer that stays as it is: it is packed as wanted, or by its media type no tar that could be packed. */
export function packingOf(layer: Descriptor, ends: Ends): Packing | undefined {
  const now = layerCompression(layer.mediaType)
  if (now === undefined) return undefined
  const { format, level } = takenFor(now, ends)
  return format === now ? undefined : { format, level }
}

function takenFor(now: LayerPacking['format'], ends: Ends): Packing {
  const { layerFormats: taken } = ends.destination.traits
  const wanted = wantedFor(now, ends)
  if (taken === undefined || taken.includes(wanted.format)) return wanted
  return { format: taken.includes(now) ? now : 'none' }
}

function wantedFor(now: LayerPacking['format'], { source, destination, options }: Ends): Packing {
  const { layers: wanted } = options
  if (wanted === undefined) {
    const likesPacked = destination.traits.layerCompression === 'compress' && source.traits.makesManifest === true
    return { format: likesPacked && now === 'none' ? 'gzip' : now }
  }
  return wanted.force === true || now === 'none' || wanted.format === 'none' ? wanted : { format: now }
}
