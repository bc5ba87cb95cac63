import { MAX_MANIFEST_BYTES, type ManifestBytes, shortDigest } from '@crossdock/core'
import { asPlace } from './fields.ts'
import { parseJsonDocument } from './json.ts'
import { checkPromise, type Manifest, parseManifest, type ParseManifestOptions } from './manifest.ts'
import { saysNothing } from './manifest-type.ts'
import { isSchema1Type, normalizeMediaType } from './media-types.ts'
import { parseSchema1, saysSchema1, type Schema1Manifest } from './schema1.ts'

/** A document of any format that is read; `kind` tells them apart. */
export type AnyManifest = Manifest | Schema1Manifest

/**
 * As `parseManifest`, but for Docker schema 1, which is read too. A document that was given without a type, or with one
 * that says nothing, is schema 1 if its `schemaVersion` is 1.
 */
export function parseAnyManifest(manifest: ManifestBytes, options: ParseManifestOptions = {}): AnyManifest {
  if (!isSchema1(manifest)) return parseManifest(manifest, options)
  const parsed = parseSchema1(manifest)
  if (options.descriptor !== undefined) checkPromise(manifest, parsed.mediaType, options.descriptor)
  return parsed
}

function isSchema1(manifest: ManifestBytes): boolean {
  const given = normalizeMediaType(manifest.mediaType)
  if (!saysNothing(given)) return isSchema1Type(given)
  const what = `manifest ${shortDigest(manifest.digest)}`
  return saysSchema1(asPlace(parseJsonDocument(manifest.bytes, { what, maxBytes: MAX_MANIFEST_BYTES }), `${what}:`))
}
