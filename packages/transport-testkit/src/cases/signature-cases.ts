import assert from 'node:assert/strict'
import type { Signature } from '@crossdock/core'
import { assertBytes, imageFor, openSource } from '../case-steps.ts'
import type { ConformanceCase } from '../conformance-case.ts'
import { randomBytes } from '../images/random-bytes.ts'
import { openDestination, putImage } from '../images/write-image.ts'

export const signatureCases: readonly ConformanceCase[] = [
  {
    id: 'signatures/none',
    rule: 'an image without signatures has an empty list of them',
    needs: ['readable'],
    async run(fixture, operation) {
      await using source = await openSource(await fixture.seeded(imageFor(fixture)), operation)
      assert.deepEqual(await source.getSignatures(undefined, operation), [])
    },
  },
  {
    id: 'signatures/round-trip',
    rule: 'signatures of the formats in traits.signatures are written and read back, bytes and annotations',
    needs: ['writable', 'readable', 'signatures'],
    async run(fixture, operation) {
      const reference = await fixture.emptyLocation()
      const written: Signature[] = []
      {
        await using destination = await openDestination(reference, operation)
        const { signatures: formats = [] } = destination.traits
        assert.ok(formats.length > 0, 'traits.signatures is empty although putSignatures exists')
        written.push(...SAMPLES.filter(({ format }) => formats.includes(format)))
        await putImage(destination, imageFor(fixture), operation)
        await destination.putSignatures?.(written, undefined, operation)
        await destination.commit(operation)
      }
      await using source = await openSource(reference, operation)
      const read = await source.getSignatures(undefined, operation)
      assert.equal(read.length, written.length, 'number of signatures')
      for (const signature of written) assertHas(read, signature)
      const { digest } = await source.getManifest(undefined, operation)
      assert.equal((await source.getSignatures(digest, operation)).length, written.length, 'by digest')
    },
  },
]

const SAMPLES: readonly Signature[] = [
  { format: 'simple', bytes: randomBytes(300, 'first simple signature') },
  { format: 'simple', bytes: randomBytes(301, 'second simple signature') },
  {
    format: 'sigstore',
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    bytes: new TextEncoder().encode('{"critical":{}}'),
    annotations: { 'dev.cosignproject.cosign/signature': 'MEUCIQ==' },
  },
]

function assertHas(read: readonly Signature[], wanted: Signature): void {
  const found = read.find(({ format, bytes }) => format === wanted.format && Buffer.compare(bytes, wanted.bytes) === 0)
  assert.ok(found !== undefined, `a ${wanted.format} signature is not among those that are read back`)
  assertBytes(found.bytes, wanted.bytes, 'signature')
  if (found.format === 'sigstore' && wanted.format === 'sigstore') {
    assert.equal(found.mediaType, wanted.mediaType)
    assert.deepEqual({ ...found.annotations }, { ...wanted.annotations })
  }
}
