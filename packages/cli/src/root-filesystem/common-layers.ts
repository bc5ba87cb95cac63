import type { ImageLayer, LayeredImage } from './open-layers.ts'
import { splitBody } from './split-body.ts'

/**
 * Two images whose layers are to be read at the same time, changed so that a layer which both have is read once, from the first one. Their
 * order is kept: where the images have the same layers in another order, some are read twice.
 */
export function withCommonLayers(before: LayeredImage, after: LayeredImage): readonly [LayeredImage, LayeredImage] {
  const first = [...before.layers]
  const second = [...after.layers]
  for (const [at, place] of commonPlaces(before.layers, after.layers)) {
    const layer = before.layers[at]
    const copy = after.layers[place]
    if (layer !== undefined && copy !== undefined) [first[at], second[place]] = shared(layer)
  }
  return [
    { ...before, layers: first },
    { ...after, layers: second },
  ]
}

export function haveSameLayers({ layers: one }: LayeredImage, { layers: other }: LayeredImage): boolean {
  return one.length === other.length && commonPlaces(one, other).length === one.length
}

/** Pairs of places, rising on both sides: readers that wait for one another there never wait in a circle. */
function commonPlaces(
  before: readonly ImageLayer[],
  after: readonly ImageLayer[],
): readonly (readonly [number, number])[] {
  const places = new Map<string, number[]>()
  for (const [place, layer] of [...after.entries()].toReversed()) {
    const key = keyOf(layer)
    const list = places.get(key)
    if (list === undefined) places.set(key, [place])
    else list.push(place)
  }
  const pairs: (readonly [number, number])[] = []
  let least = 0
  for (const [at, layer] of before.entries()) {
    const list = places.get(keyOf(layer)) ?? []
    let place = list.pop()
    while (place !== undefined && place < least) place = list.pop()
    if (place === undefined) continue
    pairs.push([at, place])
    least = place + 1
  }
  return pairs
}

/** The size is verified besides the digest, so that it belongs to what was read. */
function keyOf({ descriptor: { digest, size } }: ImageLayer): string {
  return `${digest} ${size}`
}

function shared(layer: ImageLayer): readonly [ImageLayer, ImageLayer] {
  let opened: ReturnType<typeof splitBody> | undefined
  const openFor = (reader: 0 | 1): ImageLayer => ({
    descriptor: layer.descriptor,
    open: (signal) => (opened ??= splitBody(() => layer.open(signal)))[reader],
  })
  return [openFor(0), openFor(1)]
}
