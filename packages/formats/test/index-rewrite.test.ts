import { digestOf, MAX_MANIFEST_BYTES } from '@crossdock/core'
import { expect, test } from 'vitest'
import { buildIndex, checkDescriptor, ORIGINAL_INDEX, parseManifest, rewriteIndex } from '../src/index.ts'
import { bytesOf, CHILD, digest, IMAGE, manifestBytes } from './documents.ts'

function textOf({ bytes }: { readonly bytes: Uint8Array }): string {
  return new TextDecoder().decode(bytes)
}

const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
const ENTRIES = `{"x":12345678901234567890.50,"mediaType":"${CHILD.mediaType}","digest":"${digest('a')}","size":5,"__proto__":{"y":1}},
  {"mediaType":"${CHILD.mediaType}","digest":"${digest('b')}","size":10,"y":1e1},{"mediaType":"${CHILD.mediaType}","digest":"${digest('a')}","size":5}`
const ORIGINAL = manifestBytes(`{ "schemaVersion": 2, "unknown": {"n": 9007199254740993}, "manifests": [${ENTRIES}],
  "annotations": {"k": "v", "__proto__": "p"} }`)

test('only the kept entries stay, with every field and digit', () => {
  const rewritten = rewriteIndex(ORIGINAL, new Set([digest('a'), digest('f')]))
  const child = `"mediaType":"${CHILD.mediaType}","digest":"${digest('a')}","size":5`
  expect(textOf(rewritten)).toBe(
    `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","unknown":{"n":9007199254740993},` +
      `"manifests":[{"x":12345678901234567890.50,${child},"__proto__":{"y":1}},{${child}}],` +
      `"annotations":{"k":"v","__proto__":"p","dev.crossdock.index.original":"${ORIGINAL.digest}"}}`,
  )
  expect(rewritten.digest).toBe(digestOf(rewritten.bytes))
  expect(rewritten.mediaType).toBe(OCI_INDEX)
  expect(parseManifest(rewritten)).toMatchObject({
    kind: 'index',
    manifests: [{ digest: digest('a') }, { digest: digest('a') }],
  })
})

test('the digest keeps its algorithm', () => {
  const original = { ...ORIGINAL, digest: digestOf(ORIGINAL.bytes, 'sha512') }
  const rewritten = rewriteIndex(original, new Set([digest('a')]))
  expect(rewritten.digest).toBe(digestOf(rewritten.bytes, 'sha512'))
  expect(parseManifest(rewritten).annotations[ORIGINAL_INDEX]).toBe(original.digest)
})

test('a Docker list is only filtered', () => {
  const entry = { ...CHILD, mediaType: 'application/vnd.docker.distribution.manifest.v2+json' }
  const mediaType = 'application/vnd.docker.distribution.manifest.list.v2+json'
  const document = { schemaVersion: 2, mediaType, manifests: [entry, { ...entry, digest: digest('b') }] }
  const rewritten = rewriteIndex(manifestBytes(document, mediaType), new Set([digest('a')]))
  expect(textOf(rewritten)).toBe(JSON.stringify({ ...document, manifests: [entry] }))
})

test('keeping everything changes nothing, keeping nothing is an error', () => {
  expect(rewriteIndex(ORIGINAL, new Set([digest('b'), digest('a')]))).toBe(ORIGINAL)
  expect(() => rewriteIndex(ORIGINAL, new Set())).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  expect(() => rewriteIndex(ORIGINAL, new Set([digest('f')]))).toThrow(/none of the 1 entries to keep/)
  expect(() => rewriteIndex(manifestBytes(IMAGE), new Set([digest('a')]))).toThrow(/is not an index/)
})

test('a new index has its fields in order and reads back', () => {
  const manifests = [
    checkDescriptor(
      { artifactType: 'a/b', platform: CHILD.platform, annotations: { a: 'b' }, ...CHILD, unknown: 1 },
      'entry',
    ),
  ]
  const built = buildIndex({ manifests, annotations: { k: 'v' } })
  expect(textOf(built)).toBe(
    `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[{"mediaType":"${CHILD.mediaType}","digest":"${CHILD.digest}",` +
      '"size":500,"annotations":{"a":"b"},"artifactType":"a/b","platform":{"os":"linux","architecture":"amd64"}}],' +
      '"annotations":{"k":"v"}}',
  )
  expect(built.digest).toBe(digestOf(built.bytes))
  expect(parseManifest(built)).toMatchObject({ manifests, annotations: { k: 'v' } })
  expect(textOf(buildIndex({ manifests: [] }))).toBe(`{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[]}`)
})

test('an index that no registry would take is not built', () => {
  const manifests = Array.from({ length: MAX_MANIFEST_BYTES / 128 }, () => CHILD)
  expect(bytesOf(manifests).byteLength).toBeGreaterThan(MAX_MANIFEST_BYTES)
  expect(() => buildIndex({ manifests })).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
})
