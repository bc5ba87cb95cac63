import {
  type DockerReference,
  type ImageSigner,
  type ImageTransport,
  type ManifestBytes,
  parseDockerReference,
  type ProgressEvent,
  type Signature,
} from '@crossdock/core'
import {
  memoryTransport,
  rootDescriptor,
  testArtifact,
  testImage,
  testIndex,
  type TracedCall,
  tracing,
  withReferrers,
  wrapTransport,
} from '@crossdock/transport-testkit'
import { describe, expect, test } from 'vitest'
import { copyImage, planCopy } from '../src/index.ts'

const encoder = new TextEncoder()
const identity = parseDockerReference('example.com/app:1')
const carried: Signature = { format: 'simple', bytes: new Uint8Array([1]) }

function signature(format: Signature['format'], { digest }: ManifestBytes, name: DockerReference): Signature {
  const bytes = encoder.encode(`${format} ${name.domain}/${name.path}:${name.tag} ${digest}`)
  return format === 'simple'
    ? { format, bytes }
    : { format, mediaType: 'application/vnd.example', bytes, annotations: { 'com.example.by': 'me' } }
}

function signerOf(format: Signature['format'] = 'simple'): ImageSigner {
  return { format, sign: async (manifest, name) => signature(format, manifest, name) }
}

function named(transport: ImageTransport, dockerReference: DockerReference | undefined) {
  return wrapTransport(transport, {
    destination: (destination) => ({ ...destination, reference: { ...destination.reference, dockerReference } }),
  })
}

describe('signers', () => {
  test('sign what is written, after the signatures that come along', async () => {
    const memory = memoryTransport()
    const image = testImage()
    memory.store.put('from:1', image, { signatures: [carried] })
    const events: ProgressEvent[] = []
    const result = await copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), {
      signers: [signerOf('simple'), signerOf('sigstore')],
      signAs: identity,
      onProgress: (event) => void (event.type === 'signatures' && events.push(event)),
    })
    expect(memory.store.repository('to').signatures.get(image.root.digest)).toEqual([
      carried,
      signature('simple', image.root, identity),
      signature('sigstore', image.root, identity),
    ])
    expect(result.signatures).toEqual({ carried: 1, made: 2 })
    expect(events).toEqual([{ type: 'signatures', count: 3 }])
  })

  test('sign an index and every instance that is copied, and nothing that refers to it', async () => {
    const memory = memoryTransport()
    const index = testIndex()
    const sbom = testArtifact({ subject: rootDescriptor(index) })
    memory.store.put('from:1', withReferrers(index, [sbom]))
    const options = { signers: [signerOf()], signAs: identity, referrers: true }
    const copied = await copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), {
      ...options,
      platforms: 'all',
    })
    const written = memory.store.repository('to').signatures
    expect([...written.keys()].toSorted()).toEqual(index.manifests.map(({ digest }) => digest).toSorted())
    for (const manifest of index.manifests) {
      expect(written.get(manifest.digest)).toEqual([signature('simple', manifest, identity)])
    }
    expect(copied.signatures).toEqual({ carried: 0, made: 3 })
  })

  test('sign what a conversion and a choice of platforms have made', async () => {
    const memory = memoryTransport()
    memory.store.put('from:1', testIndex())
    const result = await copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), {
      signers: [signerOf()],
      signAs: identity,
      platforms: ['linux/amd64'],
      format: 'docker',
    })
    const { manifests, signatures } = memory.store.repository('to')
    expect(result.digest).not.toBe(result.sourceDigest)
    expect(signatures.size).toBe(2)
    for (const [digest, found] of signatures) {
      const manifest = manifests.get(digest)
      expect(manifest?.mediaType).toContain('docker')
      expect(found).toEqual([signature('simple', manifest ?? result.manifest, identity)])
    }
  })

  test('sign an image that is there already', async () => {
    const memory = memoryTransport()
    const image = testImage()
    memory.store.put('from:1', image)
    memory.store.put('to:1', image)
    const [from, to] = [memory.parseReference('from:1'), memory.parseReference('to:1')]
    expect(await copyImage(from, to)).toMatchObject({ upToDate: true, signatures: { carried: 0, made: 0 } })
    const signed = await copyImage(from, to, { signers: [signerOf()], signAs: identity })
    expect(signed).toMatchObject({ upToDate: false, moved: 0, signatures: { carried: 0, made: 1 } })
  })

  test('vouch for the name of the destination unless another is given', async () => {
    const memory = memoryTransport()
    const image = testImage()
    memory.store.put('from:1', image)
    const to = named(memory, identity).parseReference('to:1')
    await copyImage(memory.parseReference('from:1'), to, { signers: [signerOf()] })
    expect(memory.store.repository('to').signatures.get(image.root.digest)).toEqual([
      signature('simple', image.root, identity),
    ])
  })

  test.each([
    ['no name', undefined, /is no name that a signature could vouch for.*say the identity to sign as/],
    ['a name alone', parseDockerReference('example.com/app'), /example\.com\/app has neither tag nor digest/],
  ])('are refused %s to vouch for, before anything is read', async (_, name, message) => {
    const log: TracedCall[] = []
    const memory = tracing(memoryTransport(), log)
    const to = named(memory, name).parseReference('to:1')
    for (const operate of [copyImage, planCopy]) {
      const memoryFrom = memoryTransport()
      memoryFrom.store.put('from:1', testImage())
      const refused = operate(memoryFrom.parseReference('from:1'), to, { signers: [signerOf()] })
      await expect(refused).rejects.toMatchObject({ code: 'UNSUPPORTED', side: 'destination' })
      await expect(refused).rejects.toThrow(message)
    }
    expect(log.filter(({ method }) => /\.(?:put|get)/.test(method))).toEqual([])
  })

  test.each([
    [
      'a format that it does not keep',
      ['simple'] as const,
      /is to have a sigstore signature.*place for simple signatures only/,
    ],
    ['any', [] as const, /is to have a sigstore signature.*no place for signatures/],
  ])('are refused by a destination without a place for %s, before anything is read', async (_, signatures, message) => {
    const memory = memoryTransport({ destinationTraits: { signatures } })
    memory.store.put('from:1', testImage())
    const copy = copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), {
      signers: [signerOf('sigstore')],
      signAs: identity,
    })
    await expect(copy).rejects.toThrow(message)
    expect(memory.store.blobOpens).toEqual([])
  })

  test('that fail leave the destination as it was', async () => {
    const memory = memoryTransport()
    memory.store.put('from:1', testImage())
    const failing: ImageSigner = { format: 'simple', sign: () => Promise.reject(new Error('no key')) }
    const copy = copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), {
      signers: [failing],
      signAs: identity,
    })
    await expect(copy).rejects.toThrow(/no key/)
    expect(memory.store.digest('to:1')).toBeUndefined()
  })

  test('whose plan says how many signatures there would be', async () => {
    const memory = memoryTransport()
    memory.store.put('from:1', testIndex(), { signatures: [carried] })
    const plan = await planCopy(memory.parseReference('from:1'), memory.parseReference('to:1'), {
      signers: [signerOf()],
      signAs: identity,
      platforms: 'all',
    })
    expect(plan.signatures).toEqual({ carried: 1, made: 3 })
    expect(memory.store.has('to')).toBe(false)
  })
})
