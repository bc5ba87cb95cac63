import {
  type Descriptor,
  type Digest,
  ImageError,
  manifestDigest,
  type ManifestBytes,
  parseDigest,
} from '@crossdock/core'
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from '../src/index.ts'

/** A digest that is easy to tell from others: the character 64 times. */
export function digest(character: string): Digest {
  return parseDigest(`sha256:${character.repeat(64)}`)
}

export function bytesOf(document: unknown): Uint8Array {
  return new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document))
}

/** A document (JSON text or a value) as a transport would hand it over. */
export function manifestBytes(document: unknown, mediaType = ''): ManifestBytes {
  const bytes = bytesOf(document)
  return { bytes, mediaType, digest: manifestDigest(bytes) }
}

export const CONFIG: Descriptor = { mediaType: OCI_CONFIG, digest: digest('c'), size: 7 }
export const LAYER: Descriptor = { mediaType: OCI_LAYER_GZIP, digest: digest('1'), size: 100 }
export const CHILD: Descriptor = {
  mediaType: OCI_MANIFEST,
  digest: digest('a'),
  size: 500,
  platform: { os: 'linux', architecture: 'amd64' },
}
export const IMAGE: object = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: CONFIG, layers: [LAYER] }
export const INDEX: object = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [CHILD] }

/** `accepted`, or the code of the error; whatever else is thrown is told as it is. */
export function outcome(read: () => unknown): string {
  try {
    read()
    return 'accepted'
  } catch (reason) {
    return reason instanceof ImageError ? reason.code : `not an ImageError: ${String(reason)}`
  }
}

/** What bad input may come to. */
export const OUTCOMES: readonly string[] = ['accepted', 'INVALID_DATA', 'LIMIT_EXCEEDED', 'UNSUPPORTED']

/** What has to be there. */
export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('it is not there')
  return value
}
