import { layerName, readLayer, type LayerContent, type ReadLayerOptions, type RootLayer } from './read-layer.ts'

export interface ReadLayersOptions extends Omit<ReadLayerOptions, 'what'> {
  /** What the layers are of, for messages. */
  readonly what: string | undefined
  /** How many are read at once. */
  readonly concurrency: number
}

/**
 * The layers taken apart, in their order. Others are read while one is looked at, and no more than `concurrency` are in memory. If one
 * fails, or the loop is left, the others are ended before that is told.
 */
export async function* readLayers(
  layers: readonly RootLayer[],
  { concurrency, ...options }: ReadLayersOptions,
): AsyncGenerator<LayerContent> {
  const controller = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, controller.signal]) : controller.signal
  const reading: Promise<LayerContent>[] = []
  const waiting = layers.entries()

  function begin(): void {
    const { value: next } = waiting.next()
    if (next === undefined) return
    const [number, layer] = next
    const content = readLayer(layer, { ...options, signal, what: layerName(options.what, number) })
    content.catch(ignore) // awaited in its turn, or below
    reading.push(content)
  }

  for (let count = 0; count < concurrency; count += 1) begin()
  try {
    for (let content = reading.shift(); content !== undefined; content = reading.shift()) {
      yield await content
      begin()
    }
  } finally {
    controller.abort()
    await Promise.allSettled(reading)
  }
}

function ignore(): void {}
