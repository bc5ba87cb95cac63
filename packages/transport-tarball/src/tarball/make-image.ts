import { type Descriptor, type Digest, digestOf, type ManifestBytes } from '@crossdock/core'
import { hostPlatform, OCI_CONFIG, OCI_MANIFEST, parseImageConfig } from '@crossdock/formats'
import type { ResolvedTarballOptions } from '../options.ts'

export interface MadeImage {
  readonly manifest: ManifestBytes
  readonly config: Uint8Array
  readonly configDigest: Digest
}

export interface LayerFacts {
  readonly descriptor: Descriptor
  readonly diffId: Digest
}

/** The same layers and options always make the same image. Throws `INVALID_DATA` for a config that is none. */
export function makeImage(
  layers: readonly LayerFacts[],
  { config: given, annotations }: Pick<ResolvedTarballOptions, 'config' | 'annotations'>,
): MadeImage {
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) }
  const config = encode({ ...platformBeside(given), ...given, rootfs })
  parseImageConfig(config)
  const configDigest = digestOf(config)
  const bytes = encode({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: configDigest, size: config.byteLength },
    layers: layers.map(({ descriptor }) => descriptor),
    ...(annotations !== undefined && { annotations }),
  })
  return { manifest: { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) }, config, configDigest }
}

/** This machine's platform, but for a variant that belongs to another architecture. */
function platformBeside(given: ResolvedTarballOptions['config']): Readonly<Record<string, unknown>> {
  const { os, architecture, variant } = hostPlatform()
  return { os, architecture, ...(variant !== undefined && !Object.hasOwn(given, 'architecture') && { variant }) }
}

function encode(document: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document))
}
