import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { digestOf, type Descriptor, type ProgressEvent } from '@crossdock/core'
import { randomBytes, testImage, testIndex, testSchema1, writeImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { collect, descriptor, failure, rawServer, registry, seen, transport } from './peers.ts'

const OCI = 'application/vnd.oci.image.manifest.v1+json'

describe('getManifest', () => {
  it('costs one GET, and none the second time', async () => {
    await using server = await registry()
    const image = testImage()
    const reference = transport().parseReference(`//${server.host}/a:t`)
    await writeImage(reference, image)
    const before = server.requests.length
    await using source = await reference.openSource()
    const [one, two] = await Promise.all([source.getManifest(), source.getManifest()])
    expect(one.digest).toBe(image.root.digest)
    expect(await source.getManifest()).toBe(two)
    expect(seen(server).slice(before)).toEqual(['GET manifest 200'])
    expect(server.requests.at(-1)?.headers.accept?.split(', ')).toHaveLength(6)
  })

  it('stays with what the tag named first', async () => {
    await using server = await registry()
    const docker = transport()
    const reference = docker.parseReference(`//${server.host}/a:t`)
    const image = testImage()
    await writeImage(reference, image)
    await using source = await reference.openSource()
    await source.getManifest()
    await writeImage(reference, testImage({ seed: 'newer' }))
    expect((await source.getManifest()).digest).toBe(image.root.digest)
  })

  it('reads by digest if the name has one, whatever the tag', async () => {
    await using server = await registry()
    const docker = transport()
    const [image, newer] = [testImage(), testImage({ seed: 'newer' })]
    for (const one of [image, newer]) await writeImage(docker.parseReference(`//${server.host}/a:t`), one)
    await using source = await docker.parseReference(`//${server.host}/a:t@${image.root.digest}`).openSource()
    expect((await source.getManifest()).digest).toBe(image.root.digest)
    expect(server.requests.at(-1)?.path).toContain('sha256:')
  })

  it.each([
    ['by digest', '@'],
    ['by tag, where the header tells', ':t'],
  ])('refuses bytes that were damaged on the way, asked for %s, naming both digests', async (_name, suffix) => {
    await using server = await registry()
    const image = testImage()
    const docker = transport()
    await writeImage(docker.parseReference(`//${server.host}/a:t`), image)
    server.faults.add({ match: { route: 'manifest' }, action: { kind: 'corrupt', atByte: 3 } })
    const name = suffix === '@' ? `a@${image.root.digest}` : `a${suffix}`
    await using source = await docker.parseReference(`//${server.host}/${name}`).openSource()
    const error = await failure(() => source.getManifest())
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', side: 'source' })
    expect(error.message.match(/sha256:[0-9a-f]{64}/g)).toHaveLength(2)
    expect(error.message).toContain(image.root.digest)
  })

  it('takes the bytes for what they are, with a warning, where the header alone is wrong', async () => {
    await using server = await registry()
    const image = testImage()
    const docker = transport()
    await writeImage(docker.parseReference(`//${server.host}/a:t`), image)
    server.faults.add({ match: { route: 'manifest' }, action: { kind: 'wrongDigest' } })
    const events: ProgressEvent[] = []
    const onProgress = (event: ProgressEvent): void => void events.push(event)
    await using source = await docker.parseReference(`//${server.host}/a:t`).openSource()
    expect((await source.getManifest(undefined, { onProgress })).digest).toBe(image.root.digest)
    expect(events).toMatchObject([{ type: 'note', level: 'warning', message: expect.stringContaining('announces') }])
    await using pinned = await docker.parseReference(`//${server.host}/a@${image.root.digest}`).openSource()
    expect((await pinned.getManifest()).digest).toBe(image.root.digest)
  })

  it.each([
    ['by tag', 't'],
    ['by digest', undefined],
  ])('names signed schema 1 by what is signed, asked for %s', async (_how, tag) => {
    await using server = await registry()
    const image = testSchema1()
    const docker = transport()
    await writeImage(docker.parseReference(`//${server.host}/a:t`), image)
    const name = tag === undefined ? `a@${image.root.digest}` : `a:${tag}`
    await using source = await docker.parseReference(`//${server.host}/${name}`).openSource()
    expect(await source.getManifest()).toMatchObject({ digest: image.root.digest, mediaType: image.root.mediaType })
    // One byte of the payload; the signatures may be others.
    server.faults.add({ match: { route: 'manifest' }, action: { kind: 'corrupt', atByte: 30 } })
    await using again = await docker.parseReference(`//${server.host}/${name}`).openSource()
    await expect(again.getManifest()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', side: 'source' })
  })

  it('asks again for a manifest that breaks off', async () => {
    await using server = await registry()
    const image = testImage()
    const docker = transport({ maxAttempts: 4 })
    await writeImage(docker.parseReference(`//${server.host}/a:t`), image)
    const match = { route: 'manifest', method: 'GET', times: 1 } as const
    server.faults.add({ match, action: { kind: 'cut', afterBytes: 10 } })
    await using source = await docker.parseReference(`//${server.host}/a:t`).openSource()
    expect((await source.getManifest()).digest).toBe(image.root.digest)
  })

  it('hashes what a registry without the header sends', async () => {
    const body = JSON.stringify({ schemaVersion: 2, mediaType: OCI })
    const server = await rawServer((_request, response) => {
      response.writeHead(200, { 'content-type': `${OCI}; charset=utf-8` }).end(body)
    })
    await using source = await transport().parseReference(`//${server.host}/a:t`).openSource()
    const manifest = await source.getManifest()
    expect(manifest).toMatchObject({ digest: digestOf(Buffer.from(body)), mediaType: OCI })
  })

  it.each([undefined, 'text/plain', 'application/json', 'application/octet-stream'])(
    'finds the type in the document if the answer says %s',
    async (type) => {
      await using server = await registry()
      const image = testIndex()
      const reference = transport().parseReference(`//${server.host}/a:t`)
      await writeImage(reference, image)
      server.faults.add({
        match: { route: 'manifest' },
        action: { kind: 'amend', headers: { 'content-type': type ?? null } },
      })
      await using source = await reference.openSource()
      expect((await source.getManifest()).mediaType).toBe(image.root.mediaType)
    },
  )

  it('unpacks what a proxy packed though nobody asked', async () => {
    const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI, text: 'x'.repeat(1000) }))
    const server = await rawServer((_request, response) => {
      response.writeHead(200, {
        'content-type': OCI,
        'content-encoding': 'gzip',
        'docker-content-digest': digestOf(body),
      })
      response.end(gzipSync(body))
    })
    await using source = await transport().parseReference(`//${server.host}/a:t`).openSource()
    expect((await source.getManifest()).digest).toBe(digestOf(body))
  })

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    [
      'a web page',
      (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Log in</h1>\u001b[31m'),
      /web page/,
    ],
    [
      'nothing',
      (response) => response.writeHead(200, { 'content-type': OCI }).end(),
      /empty \(status 200, application/,
    ],
    ['blank', (response) => response.writeHead(200).end('\r\n'), /empty \(status 200, no type, 2 bytes/],
    ['text', (response) => response.end('go away\u001b[2J'), /no manifest \(status 200, no type, 11 bytes, "go away/],
    ['a page by its looks', (response) => response.writeHead(200, { 'content-type': OCI }).end('<html>'), /"<html>"/],
    ['a list', (response) => response.end('[{}]'), /no manifest/],
    ['half of it', (response) => response.end('{"schemaVersion":2,"lay'), /cut off .*"\{"schemaVersion/],
    ['204', (response) => response.writeHead(204).end(), /status 204/],
  ])('says so if what comes is %s', async (_name, answer, words) => {
    const server = await rawServer((_request, response) => answer(response))
    await using source = await transport().parseReference(`//${server.host}/a:t`).openSource()
    const error = await failure(() => source.getManifest())
    expect(error).toMatchObject({ code: 'INVALID_DATA', side: 'source' })
    expect(error.message).toMatch(words)
    expect(error.message).not.toContain('\u001b')
  })

  it('reads no more than the limit', async () => {
    await using server = await registry({
      faults: [{ match: { route: 'manifest' }, action: { kind: 'endless', status: 200 } }],
    })
    await using source = await transport({ maxManifestBytes: 100_000 })
      .parseReference(`//${server.host}/a:t`)
      .openSource()
    expect(await failure(() => source.getManifest())).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('knows that a missing image is not found, and what to do', async () => {
    await using server = await registry()
    await using source = await transport().parseReference(`//${server.host}/a:t`).openSource()
    const error = await failure(() => source.getManifest())
    expect(error).toMatchObject({ code: 'NOT_FOUND', side: 'source', retryable: false })
    expect(error.message).toContain(`docker://${server.host}/a`)
  })

  it('asks for the tag again after a failure', async () => {
    await using server = await registry()
    const reference = transport().parseReference(`//${server.host}/a:t`)
    await writeImage(reference, testImage())
    server.faults.add({ match: { route: 'manifest', nth: 1 }, action: { kind: 'respond', status: 500 } })
    await using source = await reference.openSource()
    expect(await failure(() => source.getManifest())).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    await source.getManifest()
  })
})

describe('getBlob', () => {
  const bytes = randomBytes(300_000, 'blob')
  const blob = descriptor(bytes)

  async function served(): Promise<Awaited<ReturnType<typeof registry>>> {
    const server = await registry()
    await using destination = await transport().parseReference(`//${server.host}/a:t`).openDestination()
    await destination.putBlob({ size: bytes.byteLength, open: () => once(bytes) }, blob)
    return server
  }

  async function read(host: string, wanted: Descriptor = blob, offset?: number): Promise<Buffer> {
    await using source = await transport().parseReference(`//${host}/a:t`).openSource()
    return Buffer.concat(await collect(await source.getBlob(wanted, { offset })))
  }

  it('reads from an offset with a range that ends at the last byte', async () => {
    const server = await served()
    expect((await read(server.host, blob, 1000)).equals(bytes.subarray(1000))).toBe(true)
    expect(server.requests.at(-1)?.range).toBe('bytes=1000-299999')
    expect(await read(server.host, blob, bytes.byteLength)).toHaveLength(0)
  })

  it.each([
    ['a cut', { kind: 'cut', afterBytes: 100_000 }],
    ['a reset', { kind: 'reset', afterBytes: 100_000 }],
  ] as const)('goes on after %s', async (_name, action) => {
    const server = await served()
    server.faults.add({ match: { route: 'blob', nth: 1 }, action })
    const before = server.requests.length
    expect((await read(server.host)).equals(bytes)).toBe(true)
    const [first, second] = server.requests.slice(before)
    expect(first?.range).toBeUndefined()
    expect(second?.range).toMatch(/^bytes=\d+-299999$/)
  })

  it.each(['ignoreRange', 'refuseRange'] as const)('copes with a registry that %ss', async (kind) => {
    const server = await served()
    server.faults.add({ match: { route: 'blob' }, action: { kind } })
    expect((await read(server.host, blob, 1000)).equals(bytes.subarray(1000))).toBe(true)
  })

  it('does not splice a range that is another one', async () => {
    const server = await served()
    server.faults.add({ match: { route: 'blob', range: true }, action: { kind: 'shiftContentRange', byBytes: 1 } })
    expect((await read(server.host, blob, 1000)).equals(bytes.subarray(1000))).toBe(true)
  })

  it('takes the content from the descriptor if that is right, and from the registry otherwise', async () => {
    const server = await served()
    const data = Buffer.from('{}')
    const small = { ...descriptor(data), data: data.toString('base64') }
    const before = server.requests.length
    expect((await read(server.host, small)).equals(data)).toBe(true)
    expect((await read(server.host, small, 1)).toString()).toBe('}')
    expect(server.requests).toHaveLength(before)
    expect((await read(server.host, { ...blob, data: 'AAAA' })).equals(bytes)).toBe(true)
  })

  it('knows that a missing blob is not found before the first byte', async () => {
    const server = await served()
    await using source = await transport().parseReference(`//${server.host}/a:t`).openSource()
    const missing = descriptor(randomBytes(3, 'bytes'))
    expect(await failure(() => source.getBlob(missing))).toMatchObject({ code: 'NOT_FOUND' })
  })

  it('takes a foreign layer that the registry lacks from its URL, without credentials', async () => {
    const auth = { kind: 'basic', users: { gordon: 'pw' } } as const
    await using server = await registry({ auth })
    let authorization: string | undefined = 'none came'
    const elsewhere = await rawServer((request, response) => {
      ;({ authorization } = request.headers)
      response.end(bytes)
    })
    const layer = {
      ...blob,
      mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
      urls: [`http://${elsewhere.host}/layer`],
    }
    const docker = transport({ credentials: { username: 'gordon', password: 'pw' } })
    await using source = await docker.parseReference(`//${server.host}/a:t`).openSource()
    expect(Buffer.concat(await collect(await source.getBlob(layer))).equals(bytes)).toBe(true)
    expect(authorization).toBeUndefined()
    const here = { ...layer, urls: [`http://${server.host}/v2/a/blobs/${blob.digest}`] }
    expect(await failure(() => source.getBlob(here))).toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(server.requests.at(-1)?.headers.authorization).toBeUndefined()
    const evil = { ...layer, urls: ['file:///etc/passwd', 'http://169.254.169.254/'] }
    expect(await failure(() => source.getBlob(evil))).toMatchObject({ code: 'INVALID_DATA' })
    const plain = { ...blob, urls: layer.urls }
    expect(await failure(() => source.getBlob(plain))).toMatchObject({ code: 'NOT_FOUND' })
  })
})

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

describe('blobSize', () => {
  it.each([
    ['HEAD', true, {}, ['HEAD blob 200']],
    ['GET where HEAD is refused', true, { status: 405 }, ['HEAD blob 405', 'GET blob 200']],
    ['GET where HEAD is not to be asked', false, {}, ['GET blob 200']],
  ])('costs %s', async (_what, head, { status }: { status?: number }, requests) => {
    await using server = await registry()
    const image = testImage()
    await writeImage(transport().parseReference(`//${server.host}/a:t`), image)
    if (status !== undefined) {
      server.faults.add({ match: { route: 'blob', method: 'HEAD' }, action: { kind: 'respond', status } })
    }
    await using source = await transport({ hosts: { [server.host]: { head } } })
      .parseReference(`//${server.host}/a:t`)
      .openSource()
    const before = server.requests.length
    const [blob] = image.blobs
    expect(await source.blobSize?.(blob?.descriptor.digest ?? image.root.digest)).toBe(blob?.bytes.byteLength)
    expect(seen(server).slice(before)).toEqual(requests)
  })

  it('that the registry does not say is UNSUPPORTED', async () => {
    const server = await rawServer((_request, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' }).end('x')
    })
    await using source = await transport().parseReference(`//${server.host}/a:t`).openSource()
    const size = source.blobSize?.(digestOf(new Uint8Array()))
    await expect(size).rejects.toMatchObject({ code: 'UNSUPPORTED', side: 'source' })
  })
})
