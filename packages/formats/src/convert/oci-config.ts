import { MAX_CONFIG_BYTES } from '@crossdock/core'
import { OCI_IMAGE, OCI_RUN_CONFIG } from './config-structs.ts'
import { asPlace, optionalObject } from '../fields.ts'
import { encodeConfig } from './encode-config.ts'
import { encodeStruct, unknownMembers } from './go-struct.ts'
import { parseJsonDocument } from '../json.ts'

/** A configuration made anew, and the names of what it could not take along. */
export interface RewrittenConfig {
  readonly bytes: Uint8Array
  /** Fields that said something: `docker_version`, `config.Healthcheck`. */
  readonly dropped: readonly string[]
}

/**
 * A Docker configuration as OCI has it (image-spec, config.md): its fields and no others, which for OCI's own configurations
 * are all that the specification knows. Throws `INVALID_DATA` naming a field of the wrong type, and `LIMIT_EXCEEDED`.
 */
export function toOciConfig(config: Uint8Array): RewrittenConfig {
  const what = 'image config'
  const place = asPlace(parseJsonDocument(config, { what, maxBytes: MAX_CONFIG_BYTES }), `${what}:`)
  const run = optionalObject(place, 'config')?.object ?? {}
  return {
    bytes: encodeConfig(encodeStruct(OCI_IMAGE, place)),
    dropped: [
      ...unknownMembers(OCI_IMAGE, place.object),
      ...unknownMembers(OCI_RUN_CONFIG, run).map((name) => `config.${name}`),
    ],
  }
}
