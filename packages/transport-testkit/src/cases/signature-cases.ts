import assert from 'node:assert/strict'
import type { Digest, OperationOptions, Signature, SignatureFormat } from '@crossdock/core'
import { assertBytes, assertFails, imageFor, openSource } from '../case-steps.ts'
import type { CaseFixture, ConformanceCase } from '../conformance-case.ts'
import { randomBytes } from '../images/random-bytes.ts'
import { testIndex } from '../images/test-index.ts'
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
  {
    id: 'signatures/order',
    rule: 'signatures of one format are read back in the order in which they were put',
    needs: ['writable', 'readable', 'signatures'],
    async run(fixture, operation) {
      const reference = await fixture.emptyLocation()
      const written: Signature[] = []
      {
        await using destination = await openDestination(reference, operation)
        const formats = destination.traits.signatures ?? []
        for (const format of formats) written.push(...['c', 'a', 'd', 'b'].map((text) => numbered(format, text)))
        await putImage(destination, imageFor(fixture), operation)
        await destination.putSignatures?.(written, undefined, operation)
        await destination.commit(operation)
      }
      await using source = await openSource(reference, operation)
      const read = await source.getSignatures(undefined, operation)
      for (const wanted of ['simple', 'sigstore']) {
        assert.deepEqual(
          read.filter(({ format }) => format === wanted).map(textOf),
          written.filter(({ format }) => format === wanted).map(textOf),
          `the ${wanted} signatures`,
        )
      }
    },
  },
  {
    id: 'signatures/by-manifest',
    rule: 'signatures of an index and of its instances are kept apart',
    needs: ['writable', 'readable', 'signatures', 'indexes'],
    async run(fixture, operation) {
      const reference = await fixture.emptyLocation()
      const index = testIndex({ format: fixture.format })
      const [first, second] = index.manifests
      assert.ok(first !== undefined && second !== undefined, 'an index of two images')
      const signed: readonly (readonly [string, Digest | undefined])[] = [
        ['of the first instance', first.digest],
        ['of the index', undefined],
      ]
      {
        await using destination = await openDestination(reference, operation)
        const [format] = destination.traits.signatures ?? []
        assert.ok(format !== undefined, 'traits.signatures is empty although putSignatures exists')
        await putImage(destination, index, operation)
        for (const [text, instance] of signed) {
          await destination.putSignatures?.([numbered(format, text)], instance, operation)
        }
        await destination.commit(operation)
      }
      await using source = await openSource(reference, operation)
      for (const [text, instance] of signed) {
        assert.deepEqual((await source.getSignatures(instance, operation)).map(textOf), [text])
      }
      assert.deepEqual((await source.getSignatures(index.root.digest, operation)).map(textOf), ['of the index'])
      assert.deepEqual(await source.getSignatures(second.digest, operation), [], 'of the second instance')
    },
  },
  {
    id: 'signatures/oversized-refused',
    rule: 'a signature of more than 4 MiB is refused',
    needs: ['writable', 'signatures'],
    run: (fixture, operation) =>
      assertRefused(fixture, operation, (format) => [withBytes(format, new Uint8Array(4 * 1024 * 1024 + 1))]),
  },
  {
    id: 'signatures/too-many-refused',
    rule: 'more than 1000 signatures of one manifest are refused',
    needs: ['writable', 'signatures'],
    run: (fixture, operation) =>
      assertRefused(fixture, operation, (format) =>
        Array.from({ length: 1001 }, (_, number) => numbered(format, `${number}`)),
      ),
  },
]

async function assertRefused(
  fixture: CaseFixture,
  operation: OperationOptions,
  make: (format: SignatureFormat) => readonly Signature[],
): Promise<void> {
  await using destination = await openDestination(await fixture.emptyLocation(), operation)
  const { signatures: formats = [] } = destination.traits
  await putImage(destination, imageFor(fixture), operation)
  for (const format of formats) {
    await assertFails('LIMIT_EXCEEDED', `putting ${format} signatures`, async () => {
      await destination.putSignatures?.(make(format), undefined, operation)
      await destination.commit(operation)
    })
  }
}

/** Nobody's signature, but one whose bytes begin as OpenPGP does. */
function numbered(format: SignatureFormat, text: string): Signature {
  return withBytes(format, new TextEncoder().encode(`\u0090${text}`).subarray(1))
}

function withBytes(format: SignatureFormat, bytes: Uint8Array): Signature {
  if (format === 'simple') return { format, bytes }
  return { format, mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', bytes, annotations: {} }
}

function textOf({ bytes }: Signature): string {
  return new TextDecoder('latin1').decode(bytes.subarray(1))
}

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
