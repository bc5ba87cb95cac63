import { bytesBody, digestOf } from '@crossdock/core'
import { attachmentTag, referrersTag } from '@crossdock/formats'
import type { RegistryServer } from '@crossdock/registry-server'
import {
  rootDescriptor,
  testArtifact,
  testImage,
  testIndex,
  writeImage,
  type TestImage,
} from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import type { DockerTransport } from '../src/index.ts'
import { collect, failure, rawServer, registry, seen, transport } from './peers.ts'

const IMAGE = testImage()
const ARTIFACTS = ['one', 'two', 'three'].map((seed) => testArtifact({ seed, subject: rootDescriptor(IMAGE) }))

async function write(docker: DockerTransport, { host }: RegistryServer, image: TestImage): Promise<void> {
  await writeImage(docker.parseReference(`//${host}/a@${image.root.digest}`), image)
}

async function list(docker: DockerTransport, { host }: { readonly host: string }): Promise<string[]> {
  await using source = await docker.parseReference(`//${host}/a:t`).openSource()
  return (await collect(source.referrers?.(IMAGE.root.digest) ?? none())).map(({ digest }) => digest)
}

async function* none(): AsyncGenerator<never> {}

const digests = ARTIFACTS.map(({ root }) => root.digest)

describe('of a registry that keeps the list', () => {
  it('come page by page', async () => {
    await using server = await registry({ referrersPageSize: 1 })
    const docker = transport()
    for (const image of [IMAGE, ...ARTIFACTS]) await write(docker, server, image)
    expect(server.requests.some(({ path }) => path.includes('manifests/sha256-'))).toBe(false)
    const before = server.requests.length
    expect((await list(docker, server)).toSorted()).toEqual(digests.toSorted())
    const asked = seen(server).slice(before)
    expect(asked.filter((line) => line !== 'HEAD manifest 404')).toEqual(Array<string>(3).fill('GET referrers 200'))
    expect(asked).toHaveLength(6)
  })

  it('are refused if the next page is elsewhere', async () => {
    await using server = await registry({
      faults: [{ match: { route: 'referrers' }, action: { kind: 'linkTo', url: 'http://127.0.0.1:1/' } }],
    })
    const docker = transport()
    await write(docker, server, IMAGE)
    expect(await failure(() => list(docker, server))).toMatchObject({ code: 'INVALID_DATA' })
  })

  it('are none of a repository that is not there', async () => {
    const server = await rawServer((_request, response) => {
      response.writeHead(404).end('{"errors":[{"code":"NAME_UNKNOWN"}]}')
    })
    expect(await failure(() => list(transport(), server))).toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('of a registry that does not', () => {
  it('are kept under a tag, in one process and in several', async () => {
    await using server = await registry({ referrersApi: false })
    const [one, two] = [transport(), transport()]
    await write(one, server, IMAGE)
    await Promise.all(ARTIFACTS.slice(0, 2).map((artifact) => write(one, server, artifact)))
    await write(two, server, ARTIFACTS[2]!)
    expect((await list(two, server)).toSorted()).toEqual(digests.toSorted())
    // Once more changes nothing.
    await write(two, server, ARTIFACTS[2]!)
    expect(await list(two, server)).toHaveLength(3)
    await using source = await two.parseReference(`//${server.host}/a:${referrersTag(IMAGE.root.digest)}`).openSource()
    const index = JSON.parse(Buffer.from((await source.getManifest()).bytes).toString()) as { manifests: object[] } // written here
    expect(index.manifests[0]).toMatchObject({
      artifactType: 'application/vnd.example.artifact',
      annotations: { 'com.example.seed': expect.any(String) },
    })
  })

  it('survive that somebody else overwrites the list', async () => {
    await using server = await registry({ referrersApi: false })
    const docker = transport()
    for (const image of [IMAGE, ARTIFACTS[0]!]) await write(docker, server, image)
    const tag = referrersTag(IMAGE.root.digest)
    const kept = await docker.parseReference(`//${server.host}/a:${tag}`).openSource()
    const { bytes, mediaType } = await kept.getManifest()
    // What is read back after the first write is the old list.
    server.faults.add({
      match: { method: 'GET', tag, nth: 2 },
      action: { kind: 'respond', status: 200, headers: { 'content-type': mediaType }, body: bytes },
    })
    await write(docker, server, ARTIFACTS[1]!)
    expect((await list(docker, server)).toSorted()).toEqual(digests.slice(0, 2).toSorted())
  })

  it('are written anew if the list changed since it was read', async () => {
    await using server = await registry({ referrersApi: false })
    const docker = transport()
    for (const image of [IMAGE, ARTIFACTS[0]!]) await write(docker, server, image)
    const tag = referrersTag(IMAGE.root.digest)
    // The first time the version that is read is an older one than that which is replaced.
    server.faults.add({
      match: { method: 'GET', tag, nth: 1 },
      action: { kind: 'amend', headers: { etag: '"older"' } },
    })
    await write(docker, server, ARTIFACTS[1]!)
    const writes = server.requests.filter(({ method, path }) => method === 'PUT' && path.endsWith(tag)).slice(1)
    expect(writes.map(({ status }) => status)).toEqual([412, 201])
    expect(writes[0]?.headers['if-match']).toBe('"older"')
    expect((await list(docker, server)).toSorted()).toEqual(digests.slice(0, 2).toSorted())
  })

  it('are only those that really name the image', async () => {
    await using server = await registry({ referrersApi: false })
    const docker = transport()
    for (const image of [IMAGE, ARTIFACTS[0]!]) await write(docker, server, image)
    const liar = testIndex()
    await write(docker, server, liar)
    const tag = referrersTag(IMAGE.root.digest)
    await writeImage(docker.parseReference(`//${server.host}/a:${tag}`), liar)
    expect(await list(docker, server)).toEqual([])
  })

  it('are none if the tag is answered with the image itself', async () => {
    await using server = await registry({ referrersApi: false })
    const docker = transport()
    await write(docker, server, IMAGE)
    server.faults.add({ match: { route: 'manifest', method: 'GET' }, action: { kind: 'subjectAsReferrers' } })
    expect(await list(docker, server)).toEqual([])
  })

  it.each([400, 404, 405, 501])('are looked for under the tag if the API is answered with %i, once', async (status) => {
    await using server = await registry({
      faults: [{ match: { route: 'referrers' }, action: { kind: 'respond', status } }],
    })
    const docker = transport()
    expect(await list(docker, server)).toEqual([])
    expect(await list(docker, server)).toEqual([])
    expect(server.requests.filter(({ route }) => route === 'referrers')).toHaveLength(1)
  })

  it('are looked for under the tag if the API is answered with a page', async () => {
    await using server = await registry({ faults: [{ match: { route: 'referrers' }, action: { kind: 'html' } }] })
    expect(await list(transport(), server)).toEqual([])
  })

  it('do not replace what else is under the tag', async () => {
    await using server = await registry({ referrersApi: false })
    const docker = transport()
    await write(docker, server, IMAGE)
    await writeImage(
      docker.parseReference(`//${server.host}/a:${referrersTag(IMAGE.root.digest)}`),
      testImage({ seed: 'else' }),
    )
    expect(await failure(() => write(docker, server, ARTIFACTS[0]!))).toMatchObject({ code: 'CONFLICT' })
  })
})

it('fetches what was read to check the list once', async () => {
  await using server = await registry({ referrersApi: false })
  const docker = transport()
  for (const image of [IMAGE, ARTIFACTS[0]!]) await write(docker, server, image)
  const before = server.requests.length
  await using source = await docker.parseReference(`//${server.host}/a:t`).openSource()
  const [found] = await collect(source.referrers?.(IMAGE.root.digest) ?? none())
  await source.getManifest(found?.digest)
  expect(
    seen(server)
      .slice(before)
      .filter((line) => !line.startsWith('HEAD')),
  ).toEqual(['GET referrers 404', 'GET manifest 200', 'GET manifest 200'])
  expect(digestOf(Buffer.alloc(0))).not.toBe(found?.digest)
})

describe('by tags of cosign', () => {
  const attached = (['sig', 'att', 'sbom'] as const).map((kind) => {
    const image = testImage({ seed: kind })
    return { image, tag: attachmentTag(IMAGE.root.digest, kind) }
  })

  it('come with their tag, each once, and beside those that name their subject', async () => {
    await using server = await registry()
    const docker = transport()
    for (const image of [IMAGE, ...ARTIFACTS]) await write(docker, server, image)
    for (const { image, tag } of attached) await writeImage(docker.parseReference(`//${server.host}/a:${tag}`), image)
    // The registry's list has the first, too.
    const both = attached[0]!.image.root
    server.faults.add({
      match: { route: 'referrers' },
      action: {
        kind: 'members',
        members: { manifests: [rootDescriptor(attached[0]!.image), rootDescriptor(ARTIFACTS[0]!)] },
      },
    })
    await using source = await docker.parseReference(`//${server.host}/a:t`).openSource()
    const found = await collect(source.referrers?.(IMAGE.root.digest) ?? none())
    expect(found.map(({ digest, tag }) => [digest, tag])).toEqual([
      ...attached.map(({ image, tag }) => [image.root.digest, tag]),
      [digests[0], undefined],
    ])
    expect(found[0]).toMatchObject({ mediaType: both.mediaType, size: both.bytes.byteLength })
  })

  it.each([
    ['HEAD is not answered', { kind: 'respond', status: 405 }],
    ['HEAD says no digest', { kind: 'amend', headers: { 'docker-content-digest': '' } }],
    ['HEAD says no type', { kind: 'amend', headers: { 'content-type': 'text/plain' } }],
  ] as const)('are read where %s', async (_case, action) => {
    await using server = await registry()
    const docker = transport()
    const { image, tag } = attached[0]!
    await writeImage(docker.parseReference(`//${server.host}/a:${tag}`), image)
    server.faults.add({ match: { method: 'HEAD' }, action })
    await using source = await docker.parseReference(`//${server.host}/a:t`).openSource()
    const found = await collect(source.referrers?.(IMAGE.root.digest) ?? none())
    expect(found).toEqual([{ ...rootDescriptor(image), tag }])
  })

  it('are none if the tag is answered with the image itself', async () => {
    await using server = await registry()
    const docker = transport()
    await writeImage(docker.parseReference(`//${server.host}/a:${attached[0]!.tag}`), IMAGE)
    expect(await list(docker, server)).toEqual([])
  })

  it('are written under the tag, in one request, and by digest as well', async () => {
    await using server = await registry()
    const docker = transport()
    const { image, tag } = attached[1]!
    const reference = docker.parseReference(`//${server.host}/a:t`)
    await using destination = await reference.openDestination()
    for (const { descriptor, bytes } of image.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
    const options = { instance: image.root.digest, tag }
    const described = rootDescriptor(image)
    expect(await destination.hasManifest?.(described, options)).toBe(false)
    await destination.putManifest(image.root, options)
    expect(await destination.hasManifest?.(described, options)).toBe(true)
    expect(await destination.hasManifest?.(rootDescriptor(IMAGE), { instance: IMAGE.root.digest, tag })).toBe(false)
    expect(server.requests.filter(({ method, route }) => method === 'PUT' && route === 'manifest')).toHaveLength(1)
    await using source = await docker.parseReference(`//${server.host}/a@${image.root.digest}`).openSource()
    expect((await source.getManifest()).bytes).toEqual(image.root.bytes)
    expect(await collect(reference.tags())).toEqual([tag])
  })
})
