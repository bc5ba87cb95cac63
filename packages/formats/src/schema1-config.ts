import { type ImageConfig, parseImageConfig } from './image-config.ts'
import type { Schema1Manifest } from './schema1.ts'

/**
 * What a schema 1 manifest says itself that other images have a configuration for: that of its topmost step, and the history of all. It
 * knows no diff IDs. Throws `INVALID_DATA` for fields that cannot be read.
 */
export function schema1Config({ layers, architecture }: Schema1Manifest): ImageConfig {
  const config = parseImageConfig(new TextEncoder().encode(layers.at(-1)?.v1Compatibility ?? ''))
  return {
    ...config,
    architecture: config.architecture === '' ? architecture : config.architecture,
    history: layers.map(({ history }) => history),
  }
}
