import {
  bytesBody,
  digestOf,
  ImageError,
  type ProgressEvent,
  type Signature,
  type SigstoreSignature,
  type SimpleSignature,
} from '@crossdock/core'
import {
  addAttachments,
  type AttachmentKind,
  attachmentTag,
  bundleArtifact,
  COSIGN_SIGNATURE,
  OCI_MANIFEST,
  parseManifest,
} from '@crossdock/formats'
import type { RegistryServer } from '@crossdock/registry-server'
import {
  putImage,
  rootDescriptor,
  testImage,
  testIndex,
  type TestImage,
  writeImage,
} from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import type { DockerTransport, DockerTransportOptions } from '../src/index.ts'
import { memorySignatures } from './memory-signatures.ts'
import { failure, registry, seen, transport } from './peers.ts'

const IMAGE = testImage()
const SIG = attachmentTag(IMAGE.root.digest, 'sig')

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function simple(text: string): SimpleSignature {
  return { format: 'simple', bytes: encode(text) }
}

function cosign(text: string): SigstoreSignature {
  return { format: 'sigstore', mediaType: COSIGN_SIGNATURE, bytes: encode(text), annotations: { a: text } }
}

function bundle(text: string): SigstoreSignature {
  const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json'
  return { format: 'sigstore', mediaType, bytes: encode(text), annotations: {} }
}

async function writeSigned(
  docker: DockerTransport,
  { host }: RegistryServer,
  signatures: readonly Signature[],
): Promise<void> {
  await using destination = await docker.parseReference(`//${host}/a:t`).openDestination()
  await putImage(destination, IMAGE)
  if (destination.putSignatures === undefined) throw new TypeError('there is no place for signatures')
  await destination.putSignatures(signatures)
  await destination.commit()
}

async function read(docker: DockerTransport, { host }: RegistryServer): Promise<readonly string[]> {
  await using source = await docker.parseReference(`//${host}/a:t`).openSource()
  return (await source.getSignatures()).map(({ bytes }) => new TextDecoder().decode(bytes))
}

describe('nothing is asked for', () => {
  it('where nothing is configured', async () => {
    await using server = await registry()
    const docker = transport()
    await writeImage(docker.parseReference(`//${server.host}/a:t`), IMAGE)
    const before = server.requests.length
    expect(await read(docker, server)).toEqual([])
    await using source = await docker.parseReference(`//${server.host}/a@${IMAGE.root.digest}`).openSource()
    expect(await source.getSignatures()).toEqual([])
    expect(seen(server).slice(before)).toEqual(['GET manifest 200'])
    await using destination = await docker.parseReference(`//${server.host}/a:t`).openDestination()
    expect(destination.putSignatures).toBeUndefined()
    expect(destination.traits.signatures).toEqual([])
  })

  it('of the network with a storage, and of a registry for which attachments are off', async () => {
    await using server = await registry()
    const signatureStorage = memorySignatures()
    const asked: string[] = []
    const docker = transport({
      signatureStorage,
      sigstoreAttachments: ({ domain, path }) => {
        asked.push(`${domain}/${path}`)
        return false
      },
    })
    await writeSigned(docker, server, [simple('1'), simple('2')])
    const before = server.requests.length
    expect(await read(docker, server)).toEqual(['1', '2'])
    expect(seen(server).slice(before)).toEqual(['GET manifest 200'])
    expect(signatureStorage.calls).toEqual([`write ${server.host}/a`, `read ${server.host}/a`])
    expect(asked).toEqual([`${server.host}/a`, `${server.host}/a`])
  })
})

describe('beside the image', () => {
  const options: DockerTransportOptions = { sigstoreAttachments: true }

  it('sigstore signatures lie under the tag of cosign, and bundles refer to the image', async () => {
    await using server = await registry()
    const docker = transport(options)
    await writeSigned(docker, server, [cosign('1'), bundle('2'), cosign('3')])
    expect(await read(docker, server)).toEqual(['1', '3', '2'])
    await using source = await docker.parseReference(`//${server.host}/a:${SIG}`).openSource()
    expect(parseManifest(await source.getManifest())).toMatchObject({ layers: [{ size: 1 }, { size: 1 }] })
    const state = server.storage.repository('a')
    const referring = [...(state?.manifests.values() ?? [])].filter(({ subject }) => subject === IMAGE.root.digest)
    expect(referring).toEqual([expect.objectContaining({ artifactType: bundle('').mediaType })])
  })

  it('cost a request each, and one for each signature that is there', async () => {
    await using server = await registry()
    const docker = transport(options)
    await writeImage(docker.parseReference(`//${server.host}/a:t`), IMAGE)
    const before = server.requests.length
    expect(await read(docker, server)).toEqual([])
    expect(seen(server).slice(before).toSorted()).toEqual(['GET manifest 200', 'GET manifest 404', 'GET referrers 200'])
  })

  it('are added to, and none twice', async () => {
    await using server = await registry()
    await writeSigned(transport(options), server, [cosign('1'), bundle('2')])
    const before = server.requests.length
    await writeSigned(transport(options), server, [cosign('1')])
    const written = server.requests.slice(before).filter(({ path }) => path.endsWith(SIG))
    expect(written.map(({ method }) => method)).toEqual(['GET'])
    await writeSigned(transport(options), server, [cosign('3'), bundle('2'), cosign('1')])
    expect(await read(transport(options), server)).toEqual(['1', '3', '2'])
  })

  it('of several writers are all there', async () => {
    await using server = await registry()
    const docker = transport(options)
    const texts = ['1', '2', '3', '4']
    await Promise.all(texts.map((text) => writeSigned(docker, server, [cosign(text)])))
    await Promise.all(texts.map((text) => writeSigned(transport(options), server, [cosign(`other ${text}`)])))
    expect((await read(docker, server)).toSorted()).toEqual(
      [...texts, ...texts.map((text) => `other ${text}`)].toSorted(),
    )
  })

  it('are there before the tag is, and those of an instance by its digest', async () => {
    await using server = await registry()
    const docker = transport(options)
    const index = testIndex()
    const [instance] = index.manifests
    await using destination = await docker.parseReference(`//${server.host}/a:t`).openDestination()
    await putImage(destination, index)
    await destination.putSignatures?.([cosign('of the instance')], instance?.digest)
    await destination.putSignatures?.([cosign('of the index'), bundle('of the index')])
    expect(server.storage.repository('a')?.tags.has('t')).toBe(false)
    await destination.commit()
    expect(await read(docker, server)).toEqual(['of the index', 'of the index'])
    await using source = await docker.parseReference(`//${server.host}/a:t`).openSource()
    expect(await source.getSignatures(instance?.digest)).toHaveLength(1)
  })

  it('are signed where the image was put by somebody else', async () => {
    await using server = await registry()
    await writeImage(transport().parseReference(`//${server.host}/a:t`), IMAGE)
    const docker = transport(options)
    await using destination = await docker.parseReference(`//${server.host}/a:t`).openDestination()
    await destination.putSignatures?.([bundle('1'), cosign('2')], IMAGE.root.digest)
    expect(await read(docker, server)).toEqual(['2', '1'])
    expect((await failure(async () => await destination.putSignatures?.([cosign('3')]))).code).toBe('INVALID_DATA')
  })

  it('are read through a registry that tells nothing of referrers, with a note', async () => {
    await using server = await registry()
    await writeSigned(transport(options), server, [cosign('1')])
    server.faults.add({ match: { route: 'referrers' }, action: { kind: 'respond', status: 403 } })
    const notes: ProgressEvent[] = []
    const docker = transport(options)
    await using source = await docker.parseReference(`//${server.host}/a:t`).openSource()
    expect(await source.getSignatures(undefined, { onProgress: (event) => notes.push(event) })).toHaveLength(1)
    expect(notes).toEqual([expect.objectContaining({ type: 'note', message: expect.stringContaining('bundles') })])
  })

  it('are none if the tag is answered with the image itself', async () => {
    await using server = await registry()
    const docker = transport(options)
    await writeImage(docker.parseReference(`//${server.host}/a:t`), IMAGE)
    await writeImage(docker.parseReference(`//${server.host}/a:${SIG}`), IMAGE)
    expect(await read(docker, server)).toEqual([])
    await writeSigned(docker, server, [cosign('1')])
    expect(await read(docker, server)).toEqual(['1'])
  })

  it.each([
    ['a layer that lies about its size', [layer('1', { size: 0 })], 'DIGEST_MISMATCH'],
    ['a layer that is something else', [layer('b')], 'DIGEST_MISMATCH'],
    ['a layer that is too large', [layer('1', { size: 4 * 1024 * 1024 + 1 })], 'LIMIT_EXCEEDED'],
    ['10,000 layers', Array.from({ length: 10_000 }, () => layer('1')), 'LIMIT_EXCEEDED'],
    ['no layers', undefined, 'INVALID_DATA'],
  ])('are refused with %s', async (_case, layers, code) => {
    await using server = await registry()
    const docker = transport(options)
    await writeImage(docker.parseReference(`//${server.host}/a:t`), IMAGE)
    const bytes = encode(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: layer('config'), layers }))
    server.faults.add(
      {
        match: { tag: SIG },
        action: { kind: 'respond', status: 200, headers: { 'content-type': OCI_MANIFEST }, body: bytes },
      },
      { match: { route: 'blob', method: 'GET' }, action: { kind: 'respond', status: 200, body: encode('1') } },
    )
    expect(await failure(() => read(docker, server))).toMatchObject({ code })
  })

  it('are not written over something else under their tag', async () => {
    await using server = await registry()
    const docker = transport(options)
    await writeImage(docker.parseReference(`//${server.host}/a:${SIG}`), testIndex())
    expect(await failure(() => writeSigned(docker, server, [cosign('1')]))).toMatchObject({ code: 'INVALID_DATA' })
  })

  it('in more than 128 artifacts are refused', async () => {
    await using server = await registry()
    const docker = transport(options)
    await writeImage(docker.parseReference(`//${server.host}/a:t`), IMAGE)
    const { manifest } = bundleArtifact(bundle('1'), rootDescriptor(IMAGE))
    const listed = Array.from({ length: 129 }, (_, number) => ({
      mediaType: OCI_MANIFEST,
      digest: digestOf(encode(`${number}`)),
      size: manifest.bytes.byteLength,
      artifactType: bundle('').mediaType,
    }))
    server.faults.add({ match: { route: 'referrers' }, action: { kind: 'members', members: { manifests: listed } } })
    expect(await failure(() => read(docker, server))).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})

function layer(content: string, members: object = {}): object {
  return { mediaType: COSIGN_SIGNATURE, digest: digestOf(encode(content)), size: content.length, ...members }
}

describe('where the registry keeps simple signatures', () => {
  it('they go there, and are read from there, whatever the storage has', async () => {
    await using server = await registry({ signatureExtension: true })
    const signatureStorage = memorySignatures()
    const docker = transport({ signatureStorage })
    await writeSigned(docker, server, [simple('1'), simple('2')])
    await writeSigned(docker, server, [simple('2'), simple('3')])
    expect(await read(docker, server)).toEqual(['1', '2', '3'])
    expect(signatureStorage.calls).toEqual([])
    // Nobody had to be asked whether it does.
    expect(server.requests.some(({ route }) => route === 'ping')).toBe(false)
  })

  it('what is signed is readable by its digest before, and under its name after', async () => {
    await using server = await registry({ signatureExtension: true })
    const docker = transport({ signatureStorage: memorySignatures() })
    await using destination = await docker.parseReference(`//${server.host}/a:t`).openDestination()
    await putImage(destination, IMAGE)
    expect(await destination.hasManifest?.(rootDescriptor(IMAGE))).toBe(false)
    expect(destination.traits.signatures).toEqual(['simple'])
    await destination.putSignatures?.([simple('1')])
    const state = server.storage.repository('a')
    expect([state?.manifests.has(IMAGE.root.digest), state?.tags.has('t')]).toEqual([true, false])
  })

  it.each([
    ['no list', { kind: 'respond', status: 200, body: encode('{"signatures":{}}') }, 'INVALID_DATA'],
    ['no base64', { kind: 'members', members: { signatures: [entry({ content: 'a' })] } }, 'INVALID_DATA'],
    ['a page', { kind: 'html' }, 'INVALID_DATA'],
    [
      '129',
      { kind: 'members', members: { signatures: Array.from({ length: 129 }, () => entry({})) } },
      'LIMIT_EXCEEDED',
    ],
    ['no end', { kind: 'endless' }, 'LIMIT_EXCEEDED'],
    ['a refusal', { kind: 'respond', status: 403 }, 'FORBIDDEN'],
  ] as const)('an answer that is %s is refused', async (_case, action, code) => {
    await using server = await registry({ signatureExtension: true })
    const docker = transport({ signatureStorage: memorySignatures() })
    await writeSigned(docker, server, [simple('1')])
    server.faults.add({ match: { route: 'signatures' }, action })
    expect(await failure(() => read(docker, server))).toMatchObject({ code })
  })

  it('entries of other kinds are passed over, and an empty or missing list is none', async () => {
    await using server = await registry({ signatureExtension: true })
    const docker = transport({ signatureStorage: memorySignatures() })
    await writeSigned(docker, server, [simple('1')])
    for (const [members, expected] of [
      [{ signatures: [entry({ type: 'other' }), entry({ schemaVersion: 3 }), 1, entry({})] }, ['a']],
      [{ signatures: null }, []],
    ] as const) {
      server.faults.clear()
      server.faults.add({ match: { route: 'signatures' }, action: { kind: 'members', members } })
      expect(await read(docker, server)).toEqual(expected)
    }
    server.faults.clear()
    server.faults.add({ match: { route: 'signatures' }, action: { kind: 'respond', status: 404 } })
    expect(await read(docker, server)).toEqual([])
  })
})

function entry(members: object): object {
  return { schemaVersion: 2, type: 'atomic', name: 'a', content: 'YQ==', ...members }
}

describe('what has no place is refused before anything is written, naming what to configure', () => {
  it.each([
    ['sigstore', { signatureStorage: memorySignatures() }, [simple('1'), cosign('2')], 'use-sigstore-attachments'],
    ['simple', { sigstoreAttachments: true }, [cosign('2'), simple('1')], 'lookaside'],
  ] as const)('%s signatures', async (_format, options, signatures, advice) => {
    await using server = await registry()
    const error = await failure(() => writeSigned(transport(options), server, signatures))
    expect(error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining(advice) })
    expect(server.storage.repository('a')?.tags.size).toBe(0)
  })
})

describe('an image that is deleted', () => {
  it('takes its signatures in the storage along, a tag alone does not', async () => {
    await using server = await registry()
    const signatureStorage = memorySignatures()
    const docker = transport({ signatureStorage })
    await writeSigned(docker, server, [simple('1')])
    await docker.parseReference(`//${server.host}/a:t`).delete()
    expect(signatureStorage.calls).toEqual([`write ${server.host}/a`])
    await docker.parseReference(`//${server.host}/a@${IMAGE.root.digest}`).delete()
    expect(signatureStorage.calls.at(-1)).toBe(`delete ${server.host}/a`)
    expect(await signatureStorage.read({ domain: server.host, path: 'a' }, IMAGE.root.digest)).toEqual([])
  })

  it('is deleted although its signatures are not, which is said', async () => {
    await using server = await registry()
    const signatureStorage = {
      ...memorySignatures(),
      delete: () => Promise.reject(new ImageError('IO', 'the disk is read-only')),
    }
    const docker = transport({ signatureStorage })
    await writeSigned(docker, server, [simple('1')])
    const notes: ProgressEvent[] = []
    const reference = docker.parseReference(`//${server.host}/a@${IMAGE.root.digest}`)
    await reference.delete({ onProgress: (event) => notes.push(event) })
    expect(notes).toEqual([expect.objectContaining({ message: expect.stringContaining('read-only') })])
  })
})

it('signatures that come under a tag are found by it, and others are added behind them', async () => {
  await using server = await registry()
  const docker = transport({ sigstoreAttachments: true })
  const attached: { readonly image: TestImage } = { image: attachedImage([cosign('1')]) }
  await using destination = await docker.parseReference(`//${server.host}/a:t`).openDestination()
  for (const { descriptor, bytes } of attached.image.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
  await putImage(destination, IMAGE)
  await destination.putManifest(attached.image.root, { instance: attached.image.root.digest, tag: SIG })
  await destination.putSignatures?.([cosign('1')])
  await destination.commit()
  expect(server.storage.repository('a')?.tags.get(SIG)).toBe(attached.image.root.digest)
  await writeSigned(docker, server, [cosign('2')])
  expect(await read(docker, server)).toEqual(['1', '2'])
})

it('that are under the tag stay when others come under it', async () => {
  await using server = await registry()
  const docker = transport({ sigstoreAttachments: true })
  await writeSigned(docker, server, [cosign('1')])
  const attached = attachedImage([cosign('2')])
  const tags = server.storage.repository('a')?.tags
  for (const _ of ['once', 'again']) {
    await putUnderTag(docker, server, { attached, kind: 'sig' })
    expect(await read(docker, server)).toEqual(['1', '2'])
  }
  const other = attachedImage([cosign('3')])
  for (const image of [attached, other]) await putUnderTag(docker, server, { attached: image, kind: 'att' })
  expect(tags?.get(attachmentTag(IMAGE.root.digest, 'att'))).not.toBe(other.root.digest)
  expect(server.storage.repository('a')?.manifests.has(other.root.digest)).toBe(true)
  for (const image of [attached, other]) await putUnderTag(docker, server, { attached: image, kind: 'sbom' })
  expect(tags?.get(attachmentTag(IMAGE.root.digest, 'sbom'))).toBe(other.root.digest)
})

async function putUnderTag(
  docker: DockerTransport,
  { host }: RegistryServer,
  { attached, kind }: { readonly attached: TestImage; readonly kind: AttachmentKind },
): Promise<void> {
  await using destination = await docker.parseReference(`//${host}/a:t`).openDestination()
  await putImage(destination, IMAGE)
  for (const { descriptor, bytes } of attached.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
  const tag = attachmentTag(IMAGE.root.digest, kind)
  await destination.putManifest(attached.root, { instance: attached.root.digest, tag })
  await destination.commit()
}

function attachedImage(signatures: readonly SigstoreSignature[]): TestImage {
  const made = addAttachments(signatures)
  if (made === undefined) throw new TypeError('nothing was made')
  return { root: made.manifest, manifests: [made.manifest], blobs: made.blobs }
}
