import type { Descriptor, Digest } from '@crossdock/core'
import type { HistoryEntry, ImageConfig } from './image-config.ts'
import type { ImageManifest } from './manifest.ts'
import type { Schema1Manifest } from './schema1.ts'
import { schema1Config } from './schema1-config.ts'

/** A step of how an image was made, with the layer that it made. */
export interface ImageStep {
  /** Undefined for a layer that the history does not tell of. */
  readonly history?: HistoryEntry | undefined
  /** Undefined for a step without files. Of schema 1 the digest alone is known. */
  readonly layer?: (Pick<Descriptor, 'digest'> & Partial<Descriptor>) | undefined
  /** The layer's digest when it is not compressed; undefined if the config does not say. */
  readonly diffId?: Digest | undefined
}

/** What people ask of an image. Texts are empty if the image does not say. */
export interface ImageInspection {
  /** As written: RFC 3339 in general. */
  readonly created?: string | undefined
  readonly author?: string | undefined
  /** Of the image, else of its last step. */
  readonly comment?: string | undefined
  readonly dockerVersion?: string | undefined
  readonly architecture: string
  readonly variant?: string | undefined
  readonly os: string
  readonly env: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** From the base up. */
  readonly steps: readonly ImageStep[]
  /** Digests of the layers, from the base up. */
  readonly layers: readonly Digest[]
  /** Bytes of config and layers as they are stored; undefined for schema 1, which does not know sizes. */
  readonly size?: number | undefined
}

/** Which step of the history made which layer; layers that it does not tell of come last. */
export function inspectManifest(manifest: ImageManifest, config: ImageConfig): ImageInspection {
  const layers = manifest.layers.map(({ digest }) => digest)
  const size = manifest.layers.reduce((total, layer) => total + layer.size, manifest.config.size)
  return { ...describe(config, config.history), steps: stepsOf(manifest, config), layers, size }
}

/** The same of a schema 1 manifest, which has no config beside it. Throws `INVALID_DATA` for a history that cannot be read. */
export function inspectSchema1(manifest: Schema1Manifest): ImageInspection {
  const { layers } = manifest
  const config = schema1Config(manifest)
  const steps = layers.map(({ digest, history }) => (history.emptyLayer ? { history } : { history, layer: { digest } }))
  return { ...describe(config, config.history), steps, layers: layers.map(({ digest }) => digest) }
}

function describe(
  config: ImageConfig,
  history: readonly HistoryEntry[],
): Omit<ImageInspection, 'steps' | 'layers' | 'size'> {
  const { created, author, dockerVersion, architecture, variant, os } = config
  const comment = config.comment === undefined || config.comment === '' ? history.at(-1)?.comment : config.comment
  return {
    ...(created !== undefined && { created }),
    ...(author !== undefined && { author }),
    ...(comment !== undefined && { comment }),
    ...(dockerVersion !== undefined && { dockerVersion }),
    architecture,
    ...(variant !== undefined && { variant }),
    os,
    env: config.config.Env,
    labels: config.config.Labels,
  }
}

function stepsOf({ layers }: ImageManifest, { history, rootfs: { diffIds } }: ImageConfig): readonly ImageStep[] {
  let next = 0
  const takeLayer = (): ImageStep => {
    const layer = layers[next]
    const diffId = diffIds[next]
    next++
    return { ...(layer !== undefined && { layer }), ...(diffId !== undefined && { diffId }) }
  }
  const told = history.map((entry) => (entry.emptyLayer ? { history: entry } : { history: entry, ...takeLayer() }))
  const untold = layers.slice(next).map(takeLayer)
  return [...told, ...untold]
}
