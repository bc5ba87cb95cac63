import { digestOf } from '@crossdock/core'
import { expect, test } from 'vitest'
import {
  parseImageConfig,
  parseManifest,
  parsePlatform,
  parsePlatformPattern,
  selectInstance,
  selectInstances,
} from '../src/index.ts'
import { bytesOf, manifestBytes } from './documents.ts'
import documents from './fixtures/real-documents.json' with { type: 'json' }

// What is refused elsewhere must not take any of these with it: other programs wrote them and read them.
const configs = documents.filter(({ kind }) => kind === 'config')
const manifests = documents.filter(({ kind }) => kind !== 'config')

test.each(manifests)('$origin: $kind $digest', ({ kind, digest, document }) => {
  const manifest = manifestBytes(document)
  expect(manifest.digest).toBe(digest)
  expect(parseManifest(manifest).kind).toBe(kind)
})

test.each(configs)('$origin: config $digest', ({ digest, document }) => {
  const bytes = bytesOf(document)
  expect(digestOf(bytes)).toBe(digest)
  expect(() => parseImageConfig(bytes)).not.toThrow()
})

test('a built index yields one image, and with a pattern the attestation about it too', () => {
  const indexes = manifests
    .map(({ document }) => parseManifest(manifestBytes(document)))
    .filter(({ kind }) => kind === 'index')
  const attested = indexes.find(
    (index) => index.kind === 'index' && index.manifests.some(({ platform }) => platform?.architecture === 'unknown'),
  )
  if (attested?.kind !== 'index') throw new Error('no index with attestations among the documents')
  expect(selectInstance(attested, parsePlatform('linux/amd64')).platform).toMatchObject({ architecture: 'amd64' })
  const kept = selectInstances(attested, [parsePlatformPattern('linux/amd64')])
  expect(kept.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'unknown'])
})
