import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesBody, type Descriptor, type Digest, digestEncoded, digestOf, parseDigest } from '@crossdock/core'
import { attachedNames, OCI_LAYER_TAR, referrersTag } from '@crossdock/formats'
import { putImage, rootDescriptor, testArtifact, testImage } from '@crossdock/transport-testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestsOfKeys, subjectKey, subjectOfName } from '../../src/collect/attached-names.ts'
import type { Store } from '../../src/store.ts'
import { storeTransport } from '../../src/transport/transport.ts'
import { openTestStore } from '../open-test-store.ts'
import { putBytes, putIndex, putLayer, putManifest } from './put-content.ts'

const HOUR_MS = 60 * 60 * 1000
const NOW = { minAgeMs: 0 }

interface Signed {
  readonly image: Descriptor
  /** The name of the list of what refers to the image. */
  readonly list: string
  /** The name of its signature, as cosign gives it. */
  readonly signature: string
}

/** An image under a name, with a list of referrers and a signature; each has a config and a layer of its own. */
async function putSigned(store: Store, name: string): Promise<Signed> {
  const image = await putManifest(store, { name, layers: [await putLayer(store, name)] })
  await store.images.put({ name, target: image })
  return { image, ...(await attach(store, name, image.digest)) }
}

async function attach(store: Store, name: string, subject: Digest): Promise<Omit<Signed, 'image'>> {
  const [list = '', signature = ''] = attachedNames(subject)
  const archive = await putManifest(store, { name: `archive of ${name}`, layers: [await putLayer(store, `a ${name}`)] })
  const over = await putManifest(store, { name: `signature of ${name}`, layers: [await putLayer(store, `s ${name}`)] })
  await store.images.put({ name: list, target: await putIndex(store, [archive]) })
  await store.images.put({ name: signature, target: over })
  return { list, signature }
}

async function namesIn(store: Store): Promise<readonly string[]> {
  return (await store.images.list()).map(({ name }) => name)
}

/** Blobs of what {@link putSigned} makes: three manifests with config and layer, and an index. */
const BLOBS = 10

/** Nothing of the image is left, and what is left is as it should be. */
async function expectGone(store: Store, { list, signature }: Omit<Signed, 'image'>): Promise<void> {
  const names = await namesIn(store)
  expect(names).not.toContain(list)
  expect(names).not.toContain(signature)
  const findings: string[] = []
  for await (const { message } of store.verify()) findings.push(message)
  expect(findings).toEqual([])
  expect(await store.collect(NOW)).toMatchObject({ blobs: 0, images: [] })
}

describe('the name of what is attached', () => {
  const HEX = '0123456789abcdef'.split('')
  const hex = (length: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(...HEX), minLength: length, maxLength: length })
  const digests: fc.Arbitrary<Digest> = fc.oneof(
    hex(64).map((encoded) => parseDigest(`sha256:${encoded}`)),
    hex(128).map((encoded) => parseDigest(`sha512:${encoded}`)),
  )

  it('leads to what it is attached to', () => {
    fc.assert(
      fc.property(digests, fc.array(digests), (digest, others) => {
        for (const name of attachedNames(digest)) expect(subjectOfName(name)).toBe(subjectKey(digest))
        const keys = new Map([[subjectKey(digest), 1]])
        expect(digestsOfKeys(keys, [...others, digest])).toEqual([digest])
      }),
    )
  })

  it('is no other', () => {
    fc.assert(
      fc.property(digests, fc.string(), fc.string(), (digest, before, behind) => {
        for (const name of attachedNames(digest)) {
          const other = before + name + behind
          const isAttached = before === '' && (behind === '' || attachedNames(digest).includes(other))
          expect(subjectOfName(other) !== undefined).toBe(isAttached)
        }
      }),
    )
  })
})

describe('what is attached to an image stays with it', () => {
  it('as long as it has a name', async () => {
    const store = await openTestStore()
    const { list, signature } = await putSigned(store, 'a')
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, images: [], kept: { image: 3, referrer: 7 } })
    expect(await namesIn(store)).toEqual(['a', list, signature])
  })

  it('of which it is a part, whether or not it was brought in', async () => {
    const store = await openTestStore()
    const child = await putManifest(store, { name: 'child' })
    const absent = { ...child, digest: digestOf(new TextEncoder().encode('absent')) }
    const attached = [await attach(store, 'child', child.digest), await attach(store, 'absent', absent.digest)]
    await store.images.put({ name: 'index', target: await putIndex(store, [child, absent]) })
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, images: [] })
    await store.images.delete('index')
    expect((await store.collect(NOW)).images).toHaveLength(4)
    for (const one of attached) await expectGone(store, one)
  })

  it('as does what is attached to that', async () => {
    const store = await openTestStore()
    const { list } = await putSigned(store, 'a')
    const { target } = await store.images.get(list)
    const attached = await attach(store, 'list', target.digest)
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, images: [] })
    await store.images.delete('a')
    expect((await store.collect(NOW)).images).toHaveLength(4)
    await expectGone(store, attached)
  })

  it('that another namespace has', async () => {
    const store = await openTestStore()
    const { image, ...attached } = await putSigned(store, 'a')
    const other = store.namespace('other')
    await other.images.put({ name: 'b', target: image })
    const inOther = await attach(other, 'a', image.digest)
    await store.images.delete('a')
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, images: [] })
    expect(await namesIn(store)).toEqual([attached.list, attached.signature])
    await other.images.delete('b')
    const collected = await store.collect(NOW)
    expect(collected.images.map(({ namespace }) => namespace).toSorted()).toEqual([
      'default',
      'default',
      'other',
      'other',
    ])
    await expectGone(store, attached)
    await expectGone(other, inOther)
  })

  it('that a lease keeps, unless the lease is flat', async () => {
    const store = await openTestStore()
    const { image, list, signature } = await putSigned(store, 'a')
    const lease = await store.leases.create()
    await store.leases.add(lease.id, { kind: 'content', id: image.digest })
    await store.images.delete('a')
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, images: [] })
    await store.leases.delete(lease.id)
    const flat = await store.leases.create({ flat: true })
    await store.leases.add(flat.id, { kind: 'content', id: image.digest })
    expect(await store.collect(NOW)).toMatchObject({ blobs: BLOBS - 1, images: [{ name: list }, { name: signature }] })
  })

  it('or by a lease of its own', async () => {
    const store = await openTestStore()
    const { signature } = await putSigned(store, 'a')
    const lease = await store.leases.create()
    await store.leases.add(lease.id, { kind: 'image', id: signature })
    await store.images.delete('a')
    expect(await store.collect(NOW)).toMatchObject({ blobs: BLOBS - 3 })
    expect(await namesIn(store)).toEqual([signature])
  })

  it('that is young', async () => {
    let offset = 0
    const store = await openTestStore({ clock: { now: () => Date.now() + offset } })
    const attached = await putSigned(store, 'a')
    await store.images.delete('a')
    expect(await store.collect()).toMatchObject({ blobs: 0, images: [] })
    offset = 2 * HOUR_MS
    expect(await store.collect()).toMatchObject({ blobs: BLOBS })
    await expectGone(store, attached)
  })

  it('and not longer than its own time', async () => {
    const store = await openTestStore()
    const { image, list, signature } = await putSigned(store, 'a')
    const { target } = await store.images.get(signature)
    const labels = { 'containerd.io/gc.expire': '2001-01-01T00:00:00Z' }
    await store.images.update({ name: signature, target, labels })
    expect(await store.collect(NOW)).toMatchObject({ blobs: 3, images: [{ name: signature }] })
    expect(await namesIn(store)).toEqual(['a', list])
    expect(await store.content.has(image.digest)).toBe(true)
  })
})

describe('what is attached to an image goes with it', () => {
  it('when its last name is deleted', async () => {
    const store = await openTestStore()
    const { image, ...attached } = await putSigned(store, 'a')
    await store.images.put({ name: 'b', target: image })
    await store.images.delete('a')
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, images: [] })
    await store.images.delete('b')
    const planned = await store.collect({ ...NOW, dryRun: true })
    expect(await namesIn(store)).toEqual([attached.list, attached.signature])
    const collected = await store.collect(NOW)
    expect(collected).toEqual(planned)
    const names = [attached.list, attached.signature].map((name) => ({ namespace: 'default', name }))
    expect(collected).toMatchObject({ blobs: BLOBS, images: names })
    await expectGone(store, attached)
    expect(await readFile(join(store.folder, 'index.json'), 'utf8')).not.toContain(attached.list)
  })

  it('as the transport attaches it', async () => {
    const store = await openTestStore()
    const transport = storeTransport({ store })
    const image = testImage()
    {
      await using destination = await transport.parseReference('x').openDestination!()
      await putImage(destination, image)
      const artifact = testArtifact({ subject: rootDescriptor(image) })
      for (const { bytes, descriptor } of artifact.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
      await destination.putManifest(artifact.root, { instance: artifact.root.digest })
      await destination.putSignatures!([{ format: 'simple', bytes: new Uint8Array([0x90, 1, 2, 3]) }])
      await destination.commit()
    }
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, images: [] })
    await store.images.delete('docker.io/library/x:latest')
    expect((await store.collect(NOW)).images).toEqual([{ namespace: 'default', name: referrersTag(image.root.digest) }])
    const left: string[] = []
    for await (const { digest } of store.content.list()) left.push(digest)
    expect(left).toEqual([])
  })

  it('at once when that is asked for', async () => {
    const store = await openTestStore()
    const attached = await putSigned(store, 'a')
    await store.images.delete('a', { collect: true })
    await store.collect(NOW)
    await expectGone(store, attached)
  })

  it.each(['put', 'update'] as const)('when %s lets the name stand for another', async (change) => {
    const store = await openTestStore()
    const attached = await putSigned(store, 'a')
    const target = await putManifest(store, { name: 'newer' })
    await store.images[change]({ name: 'a', target })
    expect(await store.collect(NOW)).toMatchObject({ blobs: BLOBS })
    expect(await namesIn(store)).toEqual(['a'])
    await expectGone(store, attached)
  })

  it('when its time is over', async () => {
    const store = await openTestStore()
    const { image, ...attached } = await putSigned(store, 'a')
    await store.images.update({
      name: 'a',
      target: image,
      labels: { 'containerd.io/gc.expire': '2001-01-01T00:00:00Z' },
    })
    expect(await store.collect(NOW)).toMatchObject({ blobs: BLOBS, images: [{ name: 'a' }, {}, {}] })
    await expectGone(store, attached)
  })

  it('in a digest that is too long for a tag', async () => {
    const store = await openTestStore()
    const bytes = new TextEncoder().encode('{"schemaVersion":2,"manifests":[]}')
    const digest = digestOf(bytes, 'sha512')
    await using ingest = await store.content.ingest({ ref: 'long', digest })
    await ingest.write(bytes)
    await ingest.commit()
    await store.images.put({ name: 'a', target: { mediaType: 'application/x', digest, size: bytes.byteLength } })
    const attached = await attach(store, 'a', digest)
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, images: [] })
    await store.images.delete('a')
    expect((await store.collect(NOW)).images).toHaveLength(2)
    await expectGone(store, attached)
  })

  it('when another program has taken its blob away', async () => {
    const store = await openTestStore()
    const { image, ...attached } = await putSigned(store, 'a')
    await store.images.delete('a')
    await rm(join(store.folder, 'blobs', 'sha256', digestEncoded(image.digest)))
    expect((await store.collect(NOW)).images).toHaveLength(2)
    await expectGone(store, attached)
  })

  it('by whomever its name was given', async () => {
    const store = await openTestStore()
    const { image, list, signature } = await putSigned(store, 'a')
    const path = join(store.folder, 'index.json')
    for (const name of [list, signature]) await store.images.delete(name)
    const { manifests }: { manifests: object[] } = JSON.parse(await readFile(path, 'utf8'))
    const over = await putManifest(store, { name: 'by another program' })
    const entry = { ...over, annotations: { 'org.opencontainers.image.ref.name': signature } }
    await writeFile(path, JSON.stringify({ schemaVersion: 2, manifests: [...manifests, entry] }))
    await store.collect(NOW)
    expect(await namesIn(store)).toEqual(['a', signature])
    expect(await store.content.has(over.digest)).toBe(true)
    await store.images.delete('a', { target: image.digest })
    expect((await store.collect(NOW)).images).toEqual([{ namespace: 'default', name: signature }])
    await expectGone(store, { list, signature })
  })
})

async function storeWithClock(): Promise<{ readonly store: Store; pass(ms: number): void }> {
  let offset = 0
  const store = await openTestStore({ clock: { now: () => Date.now() + offset } })
  return { store, pass: (ms) => void (offset += ms) }
}

describe('prune', () => {
  it('judges what is attached by what it is attached to', async () => {
    const { store, pass } = await storeWithClock()
    const [used, unused] = [await putSigned(store, 'used'), await putSigned(store, 'unused')]
    pass(3 * HOUR_MS)
    await store.images.markUsed('used')
    const planned = await store.prune({ unusedForMs: HOUR_MS, dryRun: true })
    const pruned = await store.prune({ unusedForMs: HOUR_MS })
    expect(pruned).toEqual(planned)
    expect(pruned).toMatchObject({ names: ['unused'], blobs: BLOBS })
    expect(pruned.images.map(({ name }) => name)).toEqual([unused.list, unused.signature].toSorted())
    expect(await namesIn(store)).toEqual([used.list, used.signature, 'used'].toSorted())
    await expectGone(store, unused)
  })

  it('counts it as the image', async () => {
    const { store, pass } = await storeWithClock()
    for (const name of ['a', 'b']) {
      const { list } = await putSigned(store, name)
      const large = await putBytes(store, new Uint8Array(50_000).fill(name.charCodeAt(0)), OCI_LAYER_TAR)
      const archive = await putManifest(store, { name: `large ${name}`, layers: [large] })
      await store.images.put({ name: list, target: await putIndex(store, [archive]) })
      pass(2 * HOUR_MS)
    }
    expect(await store.prune({ maxBytes: 120_000, dryRun: true })).toMatchObject({ names: [] })
    const planned = await store.prune({ maxBytes: 80_000, dryRun: true })
    expect(planned).toMatchObject({ names: ['a'] })
    expect(await store.prune({ maxBytes: 80_000 })).toEqual(planned)
  })

  it('judges an image that is only called so as any other', async () => {
    const { store, pass } = await storeWithClock()
    const name = referrersTag(digestOf(new TextEncoder().encode('nothing')))
    await store.images.put({ name, target: await putManifest(store, { name: 'x' }) })
    pass(3 * HOUR_MS)
    expect(await store.prune({ unusedForMs: 4 * HOUR_MS })).toMatchObject({ names: [], images: [] })
    expect(await store.prune({ maxBytes: 100_000 })).toMatchObject({ names: [], images: [] })
    expect(await store.prune({ maxBytes: 1, dryRun: true })).toMatchObject({ names: [name], images: [] })
    expect(await store.prune({ unusedForMs: HOUR_MS })).toMatchObject({ names: [name], images: [], blobs: 2 })
  })
})

describe('a name that only looks like that of something attached', () => {
  it('keeps what it stands for', async () => {
    const store = await openTestStore()
    const never = digestOf(new TextEncoder().encode('never was here'))
    const attached = await attach(store, 'never', never)
    const near = [`${referrersTag(never)}.pem`, `x-${referrersTag(never)}`, referrersTag(never).slice(0, -1)]
    for (const name of near) await store.images.put({ name, target: await putManifest(store, { name }) })
    expect(await store.collect(NOW)).toMatchObject({ blobs: 0, images: [] })
    expect(await namesIn(store)).toEqual([attached.list, attached.signature, ...near].toSorted())
  })
})

describe('while others write', () => {
  it('what they attach to an image that they name stays', async () => {
    const store = await openTestStore()
    const other = await openTestStore({ folder: store.folder })
    for (let round = 0; round < 8; round += 1) {
      const { image, signature } = await putSigned(store, `image ${round}`)
      await store.images.delete(`image ${round}`)
      const lease = await other.leases.create()
      const collecting = store.collect(NOW)
      await other.leases.add(lease.id, { kind: 'content', id: image.digest })
      const isThere = await other.content.has(image.digest)
      if (isThere) {
        const target = await putManifest(other.withLease(lease), { name: `late ${round}` })
        await other.images.putAll([
          { name: `image ${round}`, target: image },
          { name: signature, target },
        ])
      }
      await other.leases.delete(lease.id)
      await collecting
      const findings: string[] = []
      for await (const { message, kind } of store.verify()) if (kind !== 'orphan') findings.push(message)
      expect(findings).toEqual([])
      expect((await namesIn(store)).includes(signature)).toBe(isThere)
    }
  })
})
