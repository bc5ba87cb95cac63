import { bytesBody, digestOf, type ProgressEvent } from '@crossdock/core'
import { randomBytes, testImage, testIndex, testSchema1, writeImage } from '@crossdock/transport-testkit'
import type { RegistryServer } from '@crossdock/registry-server'
import { describe, expect, it } from 'vitest'
import { dockerTransport, folderLocations, memoryLocations } from '../src/index.ts'
import {
  descriptor,
  failure,
  rawServer,
  registry,
  seen,
  temporaryFolder,
  transport,
  unsizedBody,
  watchedBody,
} from './peers.ts'

describe('requests', () => {
  it('are HEAD, POST and one PUT for a new blob, and one PUT for a manifest', async () => {
    await using server = await registry()
    const image = testImage({ layers: 1 })
    await using destination = await transport().parseReference(`//${server.host}/a:t`).openDestination()
    for (const { bytes, descriptor: blob } of image.blobs) {
      expect(await destination.reuseBlob?.(blob)).toBeUndefined()
      await destination.putBlob(bytesBody(bytes), blob)
    }
    await destination.putManifest(image.root)
    expect(server.requests.some(({ route }) => route === 'manifest')).toBe(false)
    await destination.commit()
    expect(seen(server)).toEqual([
      'HEAD blob 404',
      'POST upload 202',
      'PUT upload 201',
      'HEAD blob 404',
      'POST upload 202',
      'PUT upload 201',
      'PUT manifest 201',
    ])
  })

  it('are one HEAD to find that nothing is to be done', async () => {
    await using server = await registry()
    const image = testImage()
    const reference = transport().parseReference(`//${server.host}/a:t`)
    await writeImage(reference, image)
    const before = server.requests.length
    await using destination = await reference.openDestination()
    const { digest, mediaType, bytes } = image.root
    expect(await destination.hasManifest?.({ digest, mediaType, size: bytes.byteLength })).toBe(true)
    expect(await destination.hasManifest?.({ digest: digestOf(new Uint8Array()), mediaType, size: 0 })).toBe(false)
    expect(seen(server).slice(before)).toEqual(['HEAD manifest 200', 'HEAD manifest 200'])
  })

  it('are GETs instead of HEADs where the registry answers those wrongly', async () => {
    await using server = await registry({
      faults: [{ match: { method: 'HEAD' }, action: { kind: 'respond', status: 404 } }],
    })
    const image = testImage()
    const reference = transport({ hosts: { [server.host]: { head: false } } }).parseReference(`//${server.host}/a:t`)
    await writeImage(reference, image)
    await using destination = await reference.openDestination()
    const { digest, mediaType, bytes } = image.root
    expect(await destination.hasManifest?.({ digest, mediaType, size: bytes.byteLength })).toBe(true)
    expect(server.requests.some(({ method }) => method === 'HEAD')).toBe(false)
  })

  it('are hashed where HEAD does not say the digest', async () => {
    await using server = await registry({
      faults: [{ match: { route: 'manifest' }, action: { kind: 'amend', headers: { 'docker-content-digest': null } } }],
    })
    const image = testImage()
    const reference = transport().parseReference(`//${server.host}/a:t`)
    await writeImage(reference, image)
    await using destination = await reference.openDestination()
    const { digest, mediaType } = image.root
    expect(await destination.hasManifest?.({ digest, mediaType, size: 0 })).toBe(true)
    expect(seen(server).slice(-2)).toEqual(['HEAD manifest 200', 'GET manifest 200'])
  })
})

describe('reuseBlob', () => {
  const bytes = randomBytes(5000, 'shared')
  const blob = descriptor(bytes)

  async function putIn({ host }: RegistryServer, repository: string): Promise<void> {
    await using destination = await transport().parseReference(`//${host}/${repository}:t`).openDestination()
    await destination.putBlob(bytesBody(bytes), blob)
  }

  it('mounts with one request from another repository of the registry', async () => {
    await using server = await registry()
    const docker = transport()
    const from = docker.parseReference(`//${server.host}/from:t`)
    await using first = await from.openDestination()
    await first.putBlob(bytesBody(bytes), blob)
    const before = server.requests.length
    await using second = await dockerTransport({ resume: false })
      .parseReference(`//${server.host}/to:t`)
      .openDestination()
    expect(await second.findBlob?.({ ...blob, from })).toBe('mountable')
    expect(await second.reuseBlob?.({ ...blob, from })).toMatchObject({ blob, mountedFrom: 'from' })
    expect(await second.findBlob?.(blob)).toBe('present')
    expect(seen(server).slice(before)).toEqual(['HEAD blob 404', 'HEAD blob 200', 'POST mount 201', 'HEAD blob 200'])
    // And from where this session has seen it, without being told.
    await using third = await docker.parseReference(`//${server.host}/third:t`).openDestination()
    expect(await third.reuseBlob?.(blob)).toMatchObject({ mountedFrom: 'from' })
  })

  it('mounts from where an earlier process sent or fetched the blob', async () => {
    await using server = await registry()
    const folder = await temporaryFolder()
    await putIn(server, 'fetched')
    {
      const earlier = transport({ locations: folderLocations(folder) })
      await using source = await earlier.parseReference(`//${server.host}/fetched:t`).openSource()
      await using reader = await source.getBlob(blob)
      expect(reader.size).toBe(blob.size)
    }
    const before = server.requests.length
    const later = transport({ locations: folderLocations(folder) })
    {
      await using destination = await later.parseReference(`//${server.host}/second:t`).openDestination()
      expect(await destination.findBlob?.(blob)).toBe('mountable')
      expect(await destination.reuseBlob?.(blob)).toMatchObject({ blob, mountedFrom: 'fetched' })
    }
    expect(seen(server).slice(before)).toEqual(['HEAD blob 404', 'HEAD blob 200', 'POST mount 201'])
    const last = transport({ locations: folderLocations(folder) })
    await using destination = await last.parseReference(`//${server.host}/third:t`).openDestination()
    expect(await destination.reuseBlob?.(blob)).toMatchObject({ mountedFrom: 'second' })
  })

  it('loses nothing where the blob has gone since', async () => {
    await using server = await registry()
    const locations = memoryLocations()
    locations.add({ host: server.host, repository: 'gone', digest: blob.digest })
    await using destination = await transport({ locations }).parseReference(`//${server.host}/to:t`).openDestination()
    expect(await destination.reuseBlob?.(blob)).toBeUndefined()
    await destination.putBlob(bytesBody(bytes), blob)
    expect(seen(server)).toEqual(['POST mount 202', 'HEAD blob 404', 'PUT upload 201'])
  })

  it('tries a neighbour that refuses once, and sends what comes from there', async () => {
    await using server = await registry({
      faults: [{ match: { route: 'mount' }, action: { kind: 'respond', status: 403 } }],
    })
    const locations = memoryLocations()
    const blobs = ['one', 'two', 'three'].map((text) => randomBytes(100, text))
    for (const each of blobs) locations.add({ host: server.host, repository: 'closed', digest: digestOf(each) })
    await using destination = await transport({ locations }).parseReference(`//${server.host}/to:t`).openDestination()
    for (const each of blobs) {
      expect(await destination.reuseBlob?.(descriptor(each))).toBeUndefined()
      await destination.putBlob(bytesBody(each), descriptor(each))
    }
    expect(seen(server).filter((request) => request.includes('mount'))).toEqual(['POST mount 403'])
    expect(seen(server).filter((request) => request === 'PUT upload 201')).toHaveLength(3)
  })

  it.each([401, 403])('finds nothing to mount where a neighbour answers %i', async (status) => {
    await using server = await registry({
      faults: [{ match: { repository: 'closed' }, action: { kind: 'respond', status } }],
    })
    const locations = memoryLocations()
    locations.add({ host: server.host, repository: 'closed', digest: blob.digest })
    await using destination = await transport({ locations }).parseReference(`//${server.host}/to:t`).openDestination()
    expect(await destination.findBlob?.(blob)).toBeUndefined()
    expect(seen(server)).toContain(`HEAD blob ${status}`)
  })

  it('uses the upload that a registry opens instead of mounting, and drops it if nothing is put', async () => {
    await using server = await registry({ mounts: false })
    const from = transport().parseReference(`//${server.host}/from:t`)
    {
      await using destination = await from.openDestination()
      await destination.putBlob(bytesBody(bytes), blob)
    }
    const before = server.requests.length
    {
      await using destination = await transport().parseReference(`//${server.host}/to:t`).openDestination()
      expect(await destination.reuseBlob?.({ ...blob, from })).toBeUndefined()
      await destination.putBlob(bytesBody(bytes), blob)
      expect(await destination.reuseBlob?.({ ...blob, from })).toMatchObject({ blob })
    }
    {
      await using destination = await transport().parseReference(`//${server.host}/other:t`).openDestination()
      expect(await destination.reuseBlob?.({ ...blob, from })).toBeUndefined()
    }
    expect(seen(server).slice(before)).toEqual([
      'POST mount 202',
      'HEAD blob 404',
      'PUT upload 201',
      'POST mount 202',
      'HEAD blob 200',
      'DELETE upload 204',
      'POST mount 202',
      'HEAD blob 404',
      'DELETE upload 204',
    ])
  })

  it.each([400, 401, 403, 404, 405])(
    'goes on with a plain upload when the mount is refused with %i',
    async (status) => {
      await using server = await registry({
        faults: [{ match: { route: 'mount' }, action: { kind: 'respond', status } }],
      })
      const docker = transport()
      await using destination = await docker.parseReference(`//${server.host}/to:t`).openDestination()
      const from = docker.parseReference(`//${server.host}/from:t`)
      expect(await destination.reuseBlob?.({ ...blob, from })).toBeUndefined()
      await destination.putBlob(bytesBody(bytes), { ...blob, from })
      expect(await destination.findBlob?.(blob)).toBe('present')
    },
  )

  it('does not mount from another registry or from what is no registry', async () => {
    await using server = await registry()
    const docker = transport()
    await using destination = await docker.parseReference(`//${server.host}/to:t`).openDestination()
    await destination.reuseBlob?.({ ...blob, from: docker.parseReference('//example.com/from:t') })
    await destination.reuseBlob?.({ ...blob, from: docker.parseReference(`//${server.host}/to:other`) })
    expect(seen(server)).toEqual(['HEAD blob 404', 'HEAD blob 404'])
  })

  it.each([400, 403, 404, 405])('takes HEAD with %i for "not there"', async (status) => {
    await using server = await registry({
      faults: [{ match: { method: 'HEAD' }, action: { kind: 'respond', status } }],
    })
    await using destination = await transport().parseReference(`//${server.host}/a:t`).openDestination()
    expect(await destination.reuseBlob?.(blob)).toBeUndefined()
  })

  it('takes a HEAD that leads to a storage service for "there", and asks a registry that has moved', async () => {
    await using server = await registry()
    const docker = transport()
    const old = await rawServer((request, response) => {
      response.writeHead(307, { location: `http://${server.host}${request.url}` }).end()
    })
    const front = await rawServer((_request, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:1/bucket/x?signature=for-get` }).end()
    })
    await using behind = await docker.parseReference(`//${front.host}/a:t`).openDestination()
    expect(await behind.findBlob?.(blob)).toBe('present')
    await using moved = await docker.parseReference(`//${old.host}/a:t`).openDestination()
    expect(await moved.findBlob?.(blob)).toBeUndefined()
    expect(seen(server)).toEqual(['HEAD blob 404'])
  })

  it('does not believe a HEAD that speaks of another size or digest', async () => {
    for (const headers of [{ 'content-length': '7' }, { 'docker-content-digest': digestOf(new Uint8Array(1)) }]) {
      await using server = await registry()
      await using destination = await transport().parseReference(`//${server.host}/a:t`).openDestination()
      await destination.putBlob(bytesBody(bytes), blob)
      server.faults.add({ match: { method: 'HEAD' }, action: { kind: 'amend', headers } })
      expect(await destination.reuseBlob?.(blob)).toBeUndefined()
    }
  })
})

describe('putManifest', () => {
  it.each([
    [
      'schema 1, which docker-registry fails with unless it is allowed',
      testSchema1(),
      'UNSUPPORTED',
      /may not take Docker schema 1/,
    ],
    ['anything else', testImage(), 'UNAVAILABLE', /the registry failed/],
  ])('a failure of the registry with %s', async (_what, image, code, message) => {
    await using server = await registry()
    const answer = {
      kind: 'respond',
      status: 500,
      body: '{"errors":[{"code":"UNKNOWN","message":"unknown error"}]}',
    } as const
    server.faults.add({ match: { route: 'manifest', method: 'PUT' }, action: answer })
    const written = writeImage(transport().parseReference(`//${server.host}/a:t`), image)
    await expect(written).rejects.toMatchObject({ code, side: 'destination', message: expect.stringMatching(message) })
  })

  it('writes instances by digest at once and the name with the commit', async () => {
    await using server = await registry()
    const index = testIndex()
    const reference = transport().parseReference(`//${server.host}/a:t`)
    await writeImage(reference, index)
    const names = server.requests
      .filter(({ route }) => route === 'manifest')
      .map(({ method, path }) => `${method} ${path.split('/').at(-1)}`)
    expect(names.at(-1)).toBe('PUT t')
    expect(names.slice(0, -1).every((name) => name.startsWith('PUT sha256:'))).toBe(true)
    await using source = await reference.openSource()
    expect(Buffer.from((await source.getManifest()).bytes).equals(index.root.bytes)).toBe(true)
  })

  it('names blobs that the registry lacks, so that they can be sent again', async () => {
    await using server = await registry()
    const image = testImage({ layers: 1 })
    await using destination = await transport().parseReference(`//${server.host}/a:t`).openDestination()
    await destination.putManifest(image.root)
    const error = await failure(() => destination.commit())
    expect(error.code).toBe('CONFLICT')
    expect(image.blobs.map(({ descriptor: { digest } }) => digest)).toEqual(
      expect.arrayContaining([...(error.missing ?? ['none'])]),
    )
  })

  it.each([
    ['MANIFEST_INVALID', 'UNSUPPORTED'],
    ['UNSUPPORTED', 'UNSUPPORTED'],
  ])('fails with %s as %s', async (code, expected) => {
    const body = JSON.stringify({ errors: [{ code, message: 'no' }] })
    await using server = await registry({
      faults: [{ match: { method: 'PUT', route: 'manifest' }, action: { kind: 'respond', status: 400, body } }],
    })
    await using destination = await transport().parseReference(`//${server.host}/a:t`).openDestination()
    await destination.putManifest(testImage().root)
    expect(await failure(() => destination.commit())).toMatchObject({ code: expected, side: 'destination' })
  })

  it.each([200, 201, 202])('takes %i for success', async (status) => {
    await using server = await registry()
    const image = testImage()
    const reference = transport().parseReference(`//${server.host}/a:t`)
    server.faults.add({ match: { method: 'PUT', route: 'manifest' }, action: { kind: 'amend', status } })
    await expect(writeImage(reference, image)).resolves.toBeUndefined()
  })

  it('asks a registry that says it stored something else for what it has', async () => {
    await using server = await registry({ faults: [{ match: { method: 'PUT' }, action: { kind: 'wrongDigest' } }] })
    const image = testImage()
    const events: ProgressEvent[] = []
    const reference = transport().parseReference(`//${server.host}/a:t`)
    await using destination = await reference.openDestination()
    const onProgress = (event: ProgressEvent): void => void events.push(event)
    for (const { bytes, descriptor: blob } of image.blobs) {
      await destination.putBlob(bytesBody(bytes), blob, { onProgress })
    }
    await destination.putManifest(image.root)
    await destination.commit({ onProgress })
    const warnings = events.filter((event) => event.type === 'note').map(({ message }) => message)
    expect(warnings).toHaveLength(image.blobs.length + 1)
    expect(
      warnings.every((text) => /says that it stored sha256:0+ instead of .*, but has that as well$/.test(text)),
    ).toBe(true)
  })

  it.each([
    ['blob', { route: 'upload' }],
    ['manifest', { route: 'manifest' }],
  ] as const)('refuses a registry that stored another %s', async (_name, match) => {
    const headers = { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }
    await using server = await registry({
      faults: [{ match: { ...match, method: 'PUT' }, action: { kind: 'respond', status: 201, headers } }],
    })
    const error = await failure(() => writeImage(transport().parseReference(`//${server.host}/a:t`), testImage()))
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', side: 'destination' })
    expect(error.message).toContain('says that it stored sha256:000')
  })

  it('writes under the tag of a name that has both, and only the document of its digest', async () => {
    await using server = await registry()
    const docker = transport()
    const image = testImage()
    await writeImage(docker.parseReference(`//${server.host}/a:t@${image.root.digest}`), image)
    await using source = await docker.parseReference(`//${server.host}/a:t`).openSource()
    expect((await source.getManifest()).digest).toBe(image.root.digest)
    const other = testImage({ seed: 'other' })
    const reference = docker.parseReference(`//${server.host}/a:t@${image.root.digest}`)
    expect(await failure(() => writeImage(reference, other))).toMatchObject({ code: 'DIGEST_MISMATCH' })
  })
})

describe('putBlob', () => {
  it('never completes a wrong body', async () => {
    await using server = await registry()
    const bytes = randomBytes(300_000, 'bytes')
    const blob = descriptor(bytes)
    await using destination = await transport().parseReference(`//${server.host}/a:t`).openDestination()
    for (const wrong of [bytes.map((byte) => byte ^ 1), bytes.subarray(1), Buffer.concat([bytes, bytes])]) {
      expect(await failure(() => destination.putBlob(watchedBody(wrong), blob))).toMatchObject({
        code: 'DIGEST_MISMATCH',
      })
    }
    expect(server.requests.filter(({ status }) => status === 201)).toEqual([])
    expect(server.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(3)
  })

  it('takes an empty blob and refuses bytes for one', async () => {
    await using server = await registry()
    await using destination = await transport().parseReference(`//${server.host}/a:t`).openDestination()
    const empty = descriptor(new Uint8Array())
    expect(await failure(() => destination.putBlob(bytesBody(randomBytes(1, 'bytes')), empty))).toMatchObject({
      code: 'DIGEST_MISMATCH',
    })
    await destination.putBlob(bytesBody(new Uint8Array()), empty)
    expect(await destination.findBlob?.(empty)).toBe('present')
  })

  it.each([0, 10, 300_000])('computes what nobody said of a blob of %i bytes', async (size) => {
    await using server = await registry()
    const docker = transport({ hosts: { [server.host]: { chunkBytes: 100_000 } } })
    await using destination = await docker.parseReference(`//${server.host}/a:t`).openDestination()
    const bytes = randomBytes(size, 'unknown')
    const { digest } = descriptor(bytes)
    expect(await destination.putBlob(unsizedBody(bytes), { mediaType: 'x/y' })).toEqual({
      digest,
      size,
      mediaType: 'x/y',
    })
    expect(await destination.findBlob?.({ digest, size, mediaType: 'x/y' })).toBe('present')
    const wrong = { digest: digestOf(randomBytes(3, 'bytes')) }
    expect(await failure(() => destination.putBlob(unsizedBody(bytes), wrong))).toMatchObject({
      code: 'DIGEST_MISMATCH',
    })
  })

  it('sends a blob once that two want at the same time', async () => {
    await using server = await registry({
      faults: [{ match: { method: 'POST' }, action: { kind: 'delay', delayMs: 30 } }],
    })
    const docker = transport()
    const bytes = randomBytes(1000, 'bytes')
    await using one = await docker.parseReference(`//${server.host}/a:t`).openDestination()
    await using two = await docker.parseReference(`//${server.host}/a:u`).openDestination()
    await Promise.all([one, two].map((destination) => destination.putBlob(bytesBody(bytes), descriptor(bytes))))
    expect(seen(server)).toEqual(['POST upload 202', 'PUT upload 201'])
  })

  it('says what is wrong with a server that opens uploads nowhere', async () => {
    const server = await rawServer((_request, response) => {
      response.writeHead(202).end()
    })
    const docker = dockerTransport({ resume: false, insecure: true })
    await using destination = await docker.parseReference(`//${server.host}/a:t`).openDestination()
    const error = await failure(() =>
      destination.putBlob(bytesBody(randomBytes(1, 'bytes')), descriptor(randomBytes(1, 'bytes'))),
    )
    expect(error).toMatchObject({ code: 'INVALID_DATA' })
    expect(error.message).toContain('Location')
    await docker.close()
  })
})
