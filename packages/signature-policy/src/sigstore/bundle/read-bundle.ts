import { readStrictJson } from '@crossdock/config'
import type { Bundle } from '@sigstore/bundle'
import { objectAt } from '../../documents/json-object.ts'

const MAX_BUNDLE_BYTES = 1024 * 1024
const MAX_LOG_ENTRIES = 8

/**
 * Reads a sigstore bundle (sigstore/protobuf-specs, `sigstore_bundle.proto`); nothing of it is verified yet. Throws `INVALID_DATA` and `LIMIT_EXCEEDED`, and
 * whatever the reading library throws.
 */
export async function readBundle(bytes: Uint8Array): Promise<Bundle> {
  const json = readStrictJson(bytes, { what: 'the bundle', maxBytes: MAX_BUNDLE_BYTES })
  objectAt(json, [])
  const { bundleFromJSON } = await import('@sigstore/bundle')
  const bundle = bundleFromJSON(json.value)
  if (bundle.verificationMaterial.tlogEntries.length > MAX_LOG_ENTRIES) {
    throw json.error(['verificationMaterial', 'tlogEntries'], `there are more than ${MAX_LOG_ENTRIES} log entries`)
  }
  return bundle
}
