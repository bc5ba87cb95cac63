import { describe, expect, it } from 'vitest'
import { checkManifest, digestOf, manifestDigest, MAX_MANIFEST_BYTES } from '../src/index.ts'
import signed from './fixtures/schema1-signed.json' with { type: 'json' }

const TYPE = 'application/vnd.oci.image.manifest.v1+json'
const BYTES = new TextEncoder().encode('{"schemaVersion":2}')
const DIGEST = digestOf(BYTES)
const what = 'a shelf'

function put(bytes: Uint8Array, mediaType = TYPE) {
  return { bytes, mediaType, digest: digestOf(bytes) }
}

describe('checkManifest', () => {
  it('accepts the bytes of the digest, by whatever algorithm', () => {
    for (const digest of [DIGEST, digestOf(BYTES, 'sha512')]) {
      expect(() => checkManifest(put(BYTES), { digest, types: [TYPE], what })).not.toThrow()
    }
  })

  it('refuses other bytes', () => {
    expect(() => checkManifest(put(BYTES.subarray(1)), { digest: DIGEST, what })).toThrow(
      expect.objectContaining({ code: 'DIGEST_MISMATCH', message: expect.stringContaining(DIGEST) }),
    )
  })

  it('refuses a type that is not taken, and says which are', () => {
    const check = (): void => checkManifest(put(BYTES, 'text/plain'), { digest: DIGEST, types: [TYPE], what })
    expect(check).toThrow(`a shelf takes manifests of the types ${TYPE}, not "text/plain"`)
    expect(check).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
  })

  it('refuses more bytes than a registry has to take', () => {
    const bytes = new Uint8Array(MAX_MANIFEST_BYTES + 1)
    expect(() => checkManifest(put(bytes), { digest: digestOf(bytes), what })).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    )
  })

  it('takes a signed schema 1 manifest by its payload only where all types are taken', () => {
    const bytes = new TextEncoder().encode(signed.document)
    const digest = manifestDigest(bytes)
    expect(digest).not.toBe(digestOf(bytes))
    expect(() => checkManifest(put(bytes), { digest, what })).not.toThrow()
    expect(() => checkManifest(put(bytes), { digest, types: [TYPE], what })).toThrow(
      expect.objectContaining({ code: 'DIGEST_MISMATCH' }),
    )
  })
})
