import { layerReports } from '@crossdock/archive'
import { type Digest, quoteForeign, shortDigest } from '@crossdock/core'
import type { Operation } from '../invocation.ts'
import { formatBytes } from '../output/sizes.ts'
import { formatTable } from '../output/table.ts'
import { type LayeredImage, readTree } from './open-layers.ts'

/** What `layers` prints of a layer as JSON. */
export interface LayerSummary {
  /** 0 is the lowest. */
  readonly layer: number
  readonly digest: Digest
  readonly mediaType: string
  /** As it is stored, in bytes. */
  readonly size: number
  /** Its tar, in bytes. */
  readonly unpackedSize: number
  /** The command that made it, by the image's history. */
  readonly createdBy?: string
  /** Files, folders, links and devices. */
  readonly added: number
  readonly changed: number
  /** A folder that is removed counts once. */
  readonly removed: number
  /** Content of its files, in bytes. */
  readonly contentSize: number
  /** The part of the content that later layers hide: replaced, removed, or written twice. */
  readonly wastedSize: number
}

/** Reads each layer once. */
export async function layerSummaries(image: LayeredImage, operation: Operation): Promise<readonly LayerSummary[]> {
  const commands = await layerCommands(image, operation)
  const unpacked = image.layers.map(() => 0)
  const counted = image.layers.map((layer, number) => ({
    ...layer,
    open: (signal: AbortSignal) => counting(layer.open(signal), (bytes) => (unpacked[number] = bytes)),
  }))
  const tree = await readTree({ ...image, layers: counted }, { ...operation, changes: true })
  const reports = layerReports(tree)
  return image.layers.flatMap(({ descriptor: { digest, mediaType, size } }, layer) => {
    const report = reports[layer]
    if (report === undefined) return []
    const { added, changed, removed, bytes: contentSize, wastedBytes: wastedSize } = report
    const createdBy = commands[layer]
    const facts = { layer, digest, mediaType, size, unpackedSize: unpacked[layer] ?? 0 }
    return [
      { ...facts, ...(createdBy !== undefined && { createdBy }), added, changed, removed, contentSize, wastedSize },
    ]
  })
}

async function* counting(
  body: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    yield chunk
  }
  onBytes(bytes)
}

/** By layer, as `inspect` says it. */
async function layerCommands({ image }: LayeredImage, operation: Operation): Promise<readonly (string | undefined)[]> {
  if (image.isArtifact) return []
  const { steps } = await image.inspect(operation)
  return steps.filter(({ layer }) => layer !== undefined).map(({ history }) => history?.createdBy)
}

const HEAD = ['layer', 'digest', 'packed', 'unpacked', 'added', 'changed', 'removed', 'content', 'wasted', 'command']
const COMMAND_CHARACTERS = 80

export function formatSummaries(summaries: readonly LayerSummary[]): string {
  const rows = summaries.map((summary) => [
    String(summary.layer),
    shortDigest(summary.digest),
    formatBytes(summary.size),
    formatBytes(summary.unpackedSize),
    String(summary.added),
    String(summary.changed),
    String(summary.removed),
    formatBytes(summary.contentSize),
    formatBytes(summary.wastedSize),
    quoteForeign(summary.createdBy ?? '', COMMAND_CHARACTERS),
  ])
  return formatTable([HEAD, ...rows])
}
