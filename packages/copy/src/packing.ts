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
  const { format, level } = wantedFor(now, ends)
  return format === now ? undefined : { format, level }
}

function wantedFor(now: LayerPacking['format'], { source, destination, options }: Ends): Packing {
  const { layerCompression: likes } = destination.traits
  const { layers: wanted } = options
  if (likes === 'decompress') return { format: 'none' }
  if (wanted === undefined) {
    const isPacked = likes === 'compress' && source.traits.makesManifest === true && now === 'none'
    return { format: isPacked ? 'gzip' : now }
  }
  return wanted.force === true || now === 'none' || wanted.format === 'none' ? wanted : { format: now }
}
