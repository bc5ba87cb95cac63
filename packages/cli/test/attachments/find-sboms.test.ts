import { type Descriptor, type ImageSource, type ProgressEvent, type Referrer } from '@crossdock/core'
import {
  memoryTransport,
  rootDescriptor,
  testBlob,
  type TestBlob,
  type TestImage,
  testImage,
  testManifest,
  withReferrers,
  wrapTransport,
} from '@crossdock/transport-testkit'
import { describe, expect, test } from 'vitest'
import { findAttachments } from '../../src/attachments/find-attachments.ts'
import { findSboms, readSbom } from '../../src/attachments/find-sboms.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const IN_TOTO = 'application/vnd.in-toto+json'
const encode = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
const image = testImage()
const spdx = { spdxVersion: 'SPDX-2.3', name: 'app' }

interface Parts {
  readonly layer: TestBlob
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly artifactType?: string | undefined
  readonly subject?: TestImage | undefined
}

function artifact({ layer, annotations, artifactType, subject }: Parts): TestImage {
  const config = testBlob(encode('{}'), { mediaType: 'application/vnd.oci.empty.v1+json' })
  const root = testManifest(
    {
      schemaVersion: 2,
      mediaType: MANIFEST,
      artifactType,
      config: config.descriptor,
      layers: [{ ...layer.descriptor, annotations }],
      subject: subject && rootDescriptor(subject),
    },
    { mediaType: MANIFEST },
  )
  return { root, manifests: [root], blobs: [config, layer] }
}

function statementFor(subject: TestImage | undefined, predicate: unknown, predicateType = 'https://spdx.dev/Document') {
  const subjects = subject === undefined ? [] : [{ digest: { sha256: subject.root.digest.slice('sha256:'.length) } }]
  return { _type: 'https://in-toto.io/Statement/v0.1', subject: subjects, predicateType, predicate }
}

function envelope(statement: unknown): unknown {
  return { payloadType: IN_TOTO, payload: Buffer.from(encode(statement)).toString('base64'), signatures: [] }
}

interface Place {
  readonly content: TestImage
  readonly tags?: readonly Referrer[] | undefined
  readonly platform?: string | undefined
}

/** What is found in a place, as text where it can be read. */
async function sbomsOf({ content, tags = [], platform }: Place) {
  const memory = memoryTransport()
  memory.store.put('app:1', content)
  const notes: string[] = []
  const transport = wrapTransport(memory, {
    source: (honest): ImageSource => ({
      ...honest,
      async *referrers(subject, options) {
        for (const referrer of tags) if (referrer.tag?.startsWith(subject.replace(':', '-')) === true) yield referrer
        yield* honest.referrers?.(subject, options) ?? []
      },
    }),
  })
  const source = await transport.parseReference('app:1').openSource?.()
  if (source === undefined) throw new Error('nothing to open')
  const operation = {
    signal: new AbortController().signal,
    onProgress: (event: ProgressEvent) => void (event.type === 'note' && notes.push(event.message)),
  }
  const tree = await findAttachments(source, { platform, operation })
  const found = await findSboms(source, tree, operation)
  const read = async () =>
    Promise.all(found.map(async (sbom) => new TextDecoder().decode(await readSbom(source, sbom, operation))))
  return { found, read, notes, memory }
}

const attached = (...artifacts: readonly TestImage[]): TestImage => withReferrers(image, artifacts)
const tagged = (suffix: string, artifact_: TestImage): Referrer => ({
  ...rootDescriptor(artifact_),
  tag: `${image.root.digest.replace(':', '-')}.${suffix}`,
})

describe('a bill of materials is found', () => {
  const raw = testBlob(encode(`${JSON.stringify(spdx)}\n`), { mediaType: 'application/spdx+json' })

  test('in an artifact that refers to the image, and is printed byte for byte', async () => {
    const { found, read } = await sbomsOf({ content: attached(artifact({ layer: raw, subject: image })) })
    expect(found).toEqual([
      {
        format: 'spdx',
        subject: image.root.digest,
        platform: undefined,
        as: 'artifact',
        digest: raw.descriptor.digest,
        mediaType: 'application/spdx+json',
        size: raw.bytes.byteLength,
      },
    ])
    expect(await read()).toEqual([`${JSON.stringify(spdx)}\n`])
  })

  test('by the type of the artifact where the layer says nothing', async () => {
    const layer = testBlob(encode('<bom/>'), { mediaType: 'application/octet-stream' })
    const parts = { layer, artifactType: 'application/vnd.cyclonedx+xml', subject: image }
    const { found, read } = await sbomsOf({ content: attached(artifact(parts)) })
    expect(found).toMatchObject([{ format: 'cyclonedx', as: 'artifact' }])
    expect(await read()).toEqual(['<bom/>'])
  })

  test("under cosign's tag for it", async () => {
    const sbom = artifact({ layer: raw })
    const { found, read } = await sbomsOf({ content: attached(sbom), tags: [tagged('sbom', sbom)] })
    expect(found).toMatchObject([{ format: 'spdx', as: 'artifact' }])
    expect(await read()).toEqual([`${JSON.stringify(spdx)}\n`])
  })

  test.each([
    ['as it says', { predicateType: 'https://spdx.dev/Document' }, spdx, `${JSON.stringify(spdx, undefined, 2)}\n`],
    ['without saying so', undefined, spdx, `${JSON.stringify(spdx, undefined, 2)}\n`],
    ['as a text', undefined, { Data: 'SPDXVersion: SPDX-2.3', Timestamp: '' }, 'SPDXVersion: SPDX-2.3'],
  ])("in an attestation of cosign's, %s", async (_, annotations, predicate, text) => {
    const layer = testBlob(encode(envelope(statementFor(image, predicate))), {
      mediaType: 'application/vnd.dsse.envelope.v1+json',
    })
    const att = artifact({ layer, annotations })
    const { found, read } = await sbomsOf({ content: attached(att), tags: [tagged('att', att)] })
    expect(found).toMatchObject([{ format: 'spdx', as: 'signed statement' }])
    expect(await read()).toEqual([text])
  })

  test('in a sigstore bundle', async () => {
    const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json'
    const statement = statementFor(image, { bomFormat: 'CycloneDX' }, 'https://cyclonedx.org/bom')
    const layer = testBlob(encode({ mediaType, dsseEnvelope: envelope(statement) }), { mediaType })
    const { found, read } = await sbomsOf({
      content: attached(artifact({ layer, subject: image, artifactType: mediaType })),
    })
    expect(found).toMatchObject([{ format: 'cyclonedx', as: 'signed statement' }])
    expect(JSON.parse((await read())[0] ?? '')).toEqual({ bomFormat: 'CycloneDX' })
  })
})

function layerOf(statement: unknown): TestBlob {
  return testBlob(encode(statement), { mediaType: IN_TOTO })
}

/** How an index says that an entry is about an image. */
function aboutOf({ root: { digest } }: TestImage) {
  return {
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digest },
  }
}

describe("what Docker's builder attests", () => {
  const annotations = { 'in-toto.io/predicate-type': 'https://spdx.dev/Document' }
  const [amd64, arm64] = [testImage({ seed: 'amd64' }), testImage({ seed: 'arm64' })]
  const attestations = [amd64, arm64].map((about) =>
    artifact({ layer: layerOf(statementFor(about, { about: about.root.digest })), annotations }),
  )
  const entries: readonly Descriptor[] = [
    { ...rootDescriptor(amd64), platform: { os: 'linux', architecture: 'amd64' } },
    { ...rootDescriptor(arm64), platform: { os: 'linux', architecture: 'arm64' } },
    ...[amd64, arm64].map((about, at) => ({ ...rootDescriptor(attestations[at] ?? about), ...aboutOf(about) })),
  ]
  const root = testManifest({ schemaVersion: 2, mediaType: INDEX, manifests: entries }, { mediaType: INDEX })
  const parts = [amd64, arm64, ...attestations]
  const built: TestImage = {
    root,
    manifests: [...parts.flatMap(({ manifests }) => manifests), root],
    blobs: [...new Map(parts.flatMap(({ blobs }) => blobs).map((blob) => [blob.descriptor.digest, blob])).values()],
  }

  test('is found for each platform', async () => {
    const { found } = await sbomsOf({ content: built })
    expect(found).toMatchObject([
      { platform: 'linux/amd64', as: 'statement' },
      { platform: 'linux/arm64', as: 'statement' },
    ])
  })

  test('is that of the one platform that is asked for', async () => {
    const { found, read } = await sbomsOf({ content: built, platform: 'linux/arm64' })
    expect(found).toMatchObject([{ platform: 'linux/arm64', subject: arm64.root.digest }])
    expect(JSON.parse((await read())[0] ?? '')).toEqual({ about: arm64.root.digest })
  })

  test('is left out where the index is there in part', async () => {
    const missing = attestations[1]?.root.digest
    const content = { ...built, manifests: built.manifests.filter(({ digest }) => digest !== missing) }
    const { found } = await sbomsOf({ content })
    expect(found).toMatchObject([{ platform: 'linux/amd64' }])
  })
})

describe('what is not true is refused:', () => {
  test('a statement about another image', async () => {
    const layer = testBlob(encode(envelope(statementFor(testImage({ seed: 'other' }), spdx))), {
      mediaType: 'application/vnd.dsse.envelope.v1+json',
    })
    const att = artifact({ layer })
    const { found, read } = await sbomsOf({ content: attached(att), tags: [tagged('att', att)] })
    expect(found).toHaveLength(1)
    await expect(read()).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining('something else than'),
    })
  })

  test('a statement of another kind than its annotation says', async () => {
    const statement = statementFor(image, {}, 'https://slsa.dev/provenance/v1')
    const layer = testBlob(encode(envelope(statement)), { mediaType: 'application/vnd.dsse.envelope.v1+json' })
    const att = artifact({ layer, annotations: { predicateType: 'https://spdx.dev/Document' } })
    const { read } = await sbomsOf({ content: attached(att), tags: [tagged('att', att)] })
    await expect(read()).rejects.toThrow(/no statement with a bill of materials in spdx/)
  })

  test('bytes that are others than the digest says', async () => {
    const layer = testBlob(encode(spdx), { mediaType: 'application/spdx+json' })
    const { memory, read } = await sbomsOf({ content: attached(artifact({ layer, subject: image })) })
    memory.store.corrupt('app:1', layer.descriptor.digest)
    await expect(read()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  test('a size that nobody reads', async () => {
    const layer = testBlob(encode(spdx), { mediaType: 'application/spdx+json' })
    const huge = { ...layer, descriptor: { ...layer.descriptor, size: 2 ** 40 } }
    const { read } = await sbomsOf({ content: attached(artifact({ layer: huge, subject: image })) })
    await expect(read()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  test('a referrer that refers to something else', async () => {
    const layer = testBlob(encode(spdx), { mediaType: 'application/spdx+json' })
    const other = artifact({ layer, subject: testImage({ seed: 'other' }) })
    const { tag: _, ...untied } = tagged('sbom', other)
    const memory = memoryTransport()
    memory.store.put('app:1', attached(other))
    const source = await memory.parseReference('app:1').openSource()
    const notes: string[] = []
    const operation = {
      signal: new AbortController().signal,
      onProgress: (event: ProgressEvent) => void (event.type === 'note' && notes.push(event.message)),
    }
    const liar: ImageSource = {
      ...source,
      async *referrers() {
        yield untied
      },
    }
    expect((await findAttachments(liar, { platform: undefined, operation })).attachments).toEqual([])
    expect(notes).toEqual([expect.stringMatching(/was listed as referring to .*, which it does not: it was left out/)])
  })
})

test('what cannot be read as a statement is none', async () => {
  const layer = testBlob(encode('no JSON'), { mediaType: 'application/vnd.dsse.envelope.v1+json' })
  const att = artifact({ layer })
  expect((await sbomsOf({ content: attached(att), tags: [tagged('att', att)] })).found).toEqual([])
})
