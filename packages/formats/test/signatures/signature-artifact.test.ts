import { type Descriptor, digestOf, parseDigest, type Signature, type SigstoreSignature } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import {
  attachmentTag,
  bundleArtifact,
  isAttachmentTag,
  isBundleType,
  isSignatureArtifactType,
  parseManifest,
  readSignatureArtifact,
  SIMPLE_SIGNATURES,
  simpleArtifact,
  type SignatureArtifact,
} from '../../src/index.ts'

const subject: Descriptor = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: parseDigest(`sha256:${'a'.repeat(64)}`),
  size: 7,
}
const bundle: SigstoreSignature = {
  format: 'sigstore',
  mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  bytes: new TextEncoder().encode('{"mediaType":"…"}'),
  annotations: { 'dev.sigstore.bundle.content': 'dsse-envelope' },
}

function read({ manifest, blobs }: SignatureArtifact, of = subject.digest): Promise<readonly Signature[]> {
  return readSignatureArtifact(manifest, of, async ({ digest }) => {
    return blobs.find(({ descriptor }) => descriptor.digest === digest)?.bytes ?? new Uint8Array()
  })
}

describe('artifacts of signatures', () => {
  it('hold simple signatures in order', async () => {
    const signatures = [3, 1, 2, 1].map((byte) => ({ format: 'simple' as const, bytes: Uint8Array.of(0x90, byte) }))
    const made = simpleArtifact(signatures, subject)
    expect(await read(made)).toEqual(signatures)
    expect(parseManifest(made.manifest)).toMatchObject({ artifactType: SIMPLE_SIGNATURES, subject })
    expect(made.manifest).toEqual(simpleArtifact(signatures, subject).manifest)
  })

  it('hold a bundle as cosign does, with the annotations of the manifest', async () => {
    const made = bundleArtifact(bundle, subject)
    const [found] = await read(made)
    expect({ ...found, annotations: { ...bundle.annotations } }).toEqual(bundle)
    const { layers, config, annotations } = JSON.parse(new TextDecoder().decode(made.manifest.bytes))
    expect(annotations).toEqual(bundle.annotations)
    expect(config).toEqual({
      mediaType: 'application/vnd.oci.empty.v1+json',
      size: 2,
      digest: digestOf(new TextEncoder().encode('{}')),
    })
    expect(layers).toEqual([
      { mediaType: bundle.mediaType, digest: digestOf(bundle.bytes), size: bundle.bytes.byteLength },
    ])
  })

  it('are read for their subject alone', async () => {
    const other = parseDigest(`sha256:${'b'.repeat(64)}`)
    expect(await read(bundleArtifact(bundle, subject), other)).toEqual([])
    expect(await read(bundleArtifact({ ...bundle, mediaType: 'application/spdx+json' }, subject))).toEqual([])
  })

  it('refuse signatures that are too large', () => {
    const large = { ...bundle, bytes: new Uint8Array(4 * 1024 * 1024 + 1) }
    expect(() => bundleArtifact(large, subject)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    const annotated = { ...bundle, annotations: { a: 'x'.repeat(4 * 1024 * 1024) } }
    expect(() => bundleArtifact(annotated, subject)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  })
})

describe('isBundleType', () => {
  it.each([
    ['application/vnd.dev.sigstore.bundle.v0.3+json', true],
    ['application/vnd.dev.sigstore.bundle+json;version=0.1', true],
    ['application/vnd.dev.sigstore.bundle+json', true],
    ['application/vnd.dev.sigstore.bundle.v0.3+json.gz', false],
    ['application/vnd.dev.cosign.simplesigning.v1+json', false],
    [SIMPLE_SIGNATURES, false],
  ])('%s: %s', (type, expected) => {
    expect(isBundleType(type)).toBe(expected)
    expect(isSignatureArtifactType(type)).toBe(expected || type === SIMPLE_SIGNATURES)
  })
})

describe('attachmentTag', () => {
  it('is what cosign says, and fits into a tag for every algorithm', () => {
    expect(attachmentTag(subject.digest, 'sig')).toBe(`sha256-${'a'.repeat(64)}.sig`)
    expect(attachmentTag(subject.digest, 'sbom')).toBe(`sha256-${'a'.repeat(64)}.sbom`)
    expect(attachmentTag(parseDigest(`sha512:${'b'.repeat(128)}`), 'att')).toBe(`sha512-${'b'.repeat(64)}.att`)
  })

  it.each(['sig', 'att', 'sbom'] as const)('is known again: %s', (kind) => {
    expect(isAttachmentTag(attachmentTag(subject.digest, kind))).toBe(true)
    expect(isAttachmentTag(`x${attachmentTag(subject.digest, kind)}`)).toBe(false)
    expect(isAttachmentTag(attachmentTag(subject.digest, kind).slice(0, -kind.length - 1))).toBe(false)
  })
})
