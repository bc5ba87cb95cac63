import { type Descriptor, type Digest, ImageError, quoteForeign } from '@crossdock/core'
import { layerTypeWith } from '../layer-types.ts'
import type { LayerCompression } from '../media-types.ts'

/** What has become of a layer on its way. For one that has not changed its own descriptor will do. */
export interface LayerEdit {
  readonly digest: Digest
  readonly size: number
  /** What its bytes are now. Default: what its media type said before. */
  readonly compression?: LayerCompression | undefined
  /** Default: those that it had if it is the same blob still, else none. */
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** Default: none, as for a layer that was fetched and is kept beside the others. */
  readonly urls?: readonly string[] | undefined
}

/** Throws `INVALID_DATA` unless there is one edit for each layer. */
export function checkEdits(edits: readonly unknown[], layers: readonly unknown[]): void {
  if (edits.length === layers.length) return
  throw new ImageError('INVALID_DATA', `the image has ${layers.length} layers, but ${edits.length} were given`)
}

/** Whether any layer is other bytes now. If none is, the types that a manifest had stay, whatever the bytes are. */
export function changesLayers(edits: readonly LayerEdit[], layers: readonly Pick<Descriptor, 'digest'>[]): boolean {
  return edits.some(({ digest }, index) => digest !== layers[index]?.digest)
}

/**
 * The layers after the edits. The type stays of the same kind, OCI or Docker, foreign or not. Throws `UNSUPPORTED` for a
 * compression that its format has no type for.
 */
export function editLayers(
  layers: readonly Descriptor[],
  edits: readonly LayerEdit[] | undefined,
): readonly Descriptor[] {
  if (edits === undefined) return layers
  checkEdits(edits, layers)
  if (!changesLayers(edits, layers)) return layers
  return layers.map((layer, index) => editLayer(layer, edits[index] ?? layer))
}

function editLayer(layer: Descriptor, { digest, size, compression, urls, ...edit }: LayerEdit): Descriptor {
  const mediaType = compression === undefined ? layer.mediaType : typeWith(layer.mediaType, compression)
  const annotations = edit.annotations ?? (digest === layer.digest ? layer.annotations : undefined)
  return {
    mediaType,
    digest,
    size,
    ...(urls !== undefined && { urls }),
    ...(annotations !== undefined && { annotations }),
  }
}

function typeWith(mediaType: string, compression: LayerCompression): string {
  const type = layerTypeWith(mediaType, compression)
  if (type !== undefined) return type
  throw new ImageError(
    'UNSUPPORTED',
    `a layer of type "${quoteForeign(mediaType, 100)}" cannot be written with compression ${compression}`,
  )
}
