import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { RequestListener } from 'node:http'
import { zstdCompressSync } from 'node:zlib'
import { bytesBody, type ImageError, type ImageSource } from '@crossdock/core'
import { packTar } from '@crossdock/test-engine'
import { randomBytes, testBlob, testImage } from '@crossdock/transport-testkit'
import { describe, expect, it, vi } from 'vitest'
import { connectionError } from '../src/errors.ts'
import { type DockerDaemonTransport, dockerDaemonTransport } from '../src/index.ts'
import { answerForEver, consume, rawEngine, transportOf } from './raw-engine.ts'
import { temporaryFolder } from './temporary-folder.ts'

const image = testImage({ format: 'docker', layerBytes: 100_000 })

function read(transport: DockerDaemonTransport): Promise<ImageSource> {
  return transport.parseReference('app:1').openSource()
}

async function write(transport: DockerDaemonTransport): Promise<void> {
  await using destination = await transport.parseReference('app:1').openDestination!()
  for (const { bytes, descriptor } of image.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
  await destination.putManifest(image.root)
  await destination.commit()
}

const saying =
  (status: number, body: string | Uint8Array): RequestListener =>
  (request, response) =>
    void consume(request).then(() => response.writeHead(status).end(body))

describe('no engine', () => {
  it('at the socket: it says so and what to do', async () => {
    const transport = dockerDaemonTransport({ host: 'unix:///no/such/docker.sock' })
    for (const use of [read, write]) {
      await expect(use(transport)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        retryable: false,
        message: expect.stringMatching(
          /unix:\/\/\/no\/such\/docker.sock.*ENOENT.*is the Docker Engine running\?.*DOCKER_HOST/,
        ),
      })
    }
  })

  it('at the port', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => void server.once('listening', resolve))
    const address = server.address()
    await new Promise((resolve) => void server.close(resolve))
    const port = typeof address === 'object' ? address?.port : 0
    const transport = dockerDaemonTransport({ host: `tcp://127.0.0.1:${port}` })
    await expect(read(transport)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('for this user', () => {
    const reason = Object.assign(new Error('connect EACCES'), { code: 'EACCES' })
    const host = { text: 'unix:///a', at: { path: '/a' } }
    const expected: Partial<ImageError> = { code: 'FORBIDDEN', message: expect.stringContaining('docker, as a rule') }
    expect(connectionError(reason, host)).toMatchObject(expected)
  })

  it('that answers in time', async () => {
    const transport = await transportOf((request) => request.resume(), { idleTimeoutMs: 50 })
    for (const use of [read, write]) {
      await expect(use(transport)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining('longer than 50 ms'),
      })
    }
  })
})

describe('an image that is read', () => {
  it.each([
    [404, '{"message":"No such image: app:1"}', 'NOT_FOUND', 'No such image'],
    [403, '{"message":"authorization denied by plugin"}', 'FORBIDDEN', 'denied by plugin'],
    [500, 'not JSON \u001B[31m', 'UNAVAILABLE', 'not JSON'],
    [500, '', 'UNAVAILABLE', 'without a reason'],
    [400, '[]', 'INVALID_DATA', '(status 400)'],
    [200, '', 'INVALID_DATA', 'without members'],
    [200, '<html></html>', 'INVALID_DATA', 'the archive that the engine at'],
    [200, Buffer.alloc(10_240, 1), 'INVALID_DATA', 'the archive that the engine at'],
  ])('status %d and %j', async (status, body, code, words) => {
    await expect(read(await transportOf(saying(status, body)))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
    })
  })

  it('with a refusal that never ends', async () => {
    const transport = await transportOf((_, response) => {
      response.writeHead(500)
      void answerForEver(response, 'no '.repeat(1000))
    })
    await expect(read(transport)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('with an archive that never ends: nothing is left', async () => {
    const tmpDir = await temporaryFolder()
    const transport = await transportOf((_, response) => void answerForEver(response, 'x'.repeat(65_536)), {
      tmpDir,
      maxUnpackedBytes: 1_000_000,
    })
    await expect(read(transport)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(await readdir(tmpDir)).toEqual([])
  })

  it('with an archive that stops, or breaks off', async () => {
    const stopping = await transportOf((_, response) => void response.write(Buffer.alloc(1000)), { idleTimeoutMs: 50 })
    await expect(read(stopping)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const breaking = await transportOf((_, response) => {
      response.write(Buffer.alloc(1000), () => response.destroy())
    })
    await expect(read(breaking)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('within its answer'),
    })
  })

  it('with an error behind what is there of the archive', async () => {
    const message = { errorDetail: { message: 'layer does not exist' }, error: 'layer does not exist' }
    const body = Buffer.concat([Buffer.alloc(100_000), Buffer.from(`${JSON.stringify(message)}\r\n`)])
    await expect(read(await transportOf(saying(200, body)))).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining('gave up saving the image: layer does not exist'),
    })
  })

  it('with a layer that unpacks to more than is accepted', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(2_000_000))
    const config = JSON.stringify({ rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] } })
    const list = JSON.stringify([{ Config: 'c.json', RepoTags: null, Layers: ['l.tar'] }])
    const body = await packTar([
      { path: 'l.tar', content: bomb },
      { path: 'c.json', content: config },
      { path: 'manifest.json', content: list },
    ])
    const transport = await transportOf(saying(200, body), { maxUnpackedBytes: 1_000_000 })
    await expect(read(transport)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('with a layout that lacks what it names', async () => {
    const entry = { mediaType: image.root.mediaType, digest: image.root.digest, size: image.root.bytes.byteLength }
    const body = await packTar([
      { path: `blobs/${image.root.digest.replace(':', '/')}`, content: image.root.bytes },
      { path: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests: [entry] }) },
      { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    ])
    await expect(read(await transportOf(saying(200, body)))).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining('holds no whole image'),
    })
  })
})

describe('an image that is written', () => {
  it.each([
    [
      200,
      '{"errorDetail":{"message":"invalid diffID"},"error":"x"}',
      'INVALID_DATA',
      'refused the image: invalid diffID',
    ],
    [200, '{"error":"write /x: no space left on device"}', 'IO', 'no space left'],
    [200, '{"errorDetail":{}}', 'INVALID_DATA', 'an error without a message'],
    [200, '', 'INVALID_DATA', 'without saying that the image is loaded'],
    [200, '{"stream":"Loading"}\r\n\r\n{"status":"x"}', 'INVALID_DATA', 'without saying that the image is loaded'],
    [200, 'Loaded image: app:1', 'INVALID_DATA', 'the answer of the engine'],
    [200, '["Loaded image: app:1"]', 'INVALID_DATA', 'should be JSON objects'],
    [200, `{"stream":"Loaded image: app:1"}\n{"error":"late"}`, 'INVALID_DATA', 'refused the image: late'],
    [500, '{"message":"disk"}', 'UNAVAILABLE', 'does not take the image: disk'],
    [404, 'page not found', 'NOT_FOUND', 'page not found'],
  ])('status %d and %j', async (status, body, code, words) => {
    await expect(write(await transportOf(saying(status, body)))).rejects.toMatchObject({
      code,
      retryable: false,
      message: expect.stringContaining(words),
    })
  })

  it('to an engine that says nothing but that it is loaded', async () => {
    const writing = write(await transportOf(saying(200, '{"stream":"Loaded image: app:1"}')))
    await expect(writing).resolves.toBeUndefined()
  })

  it('to an engine that refuses it at once', async () => {
    const transport = await transportOf((_, response) => void response.writeHead(500).end('{"message":"no"}'))
    await expect(write(transport)).rejects.toMatchObject({ retryable: false })
  })

  it('to an engine that has it before it was sent', async () => {
    const transport = await transportOf((_, response) => void response.end('{"stream":"Loaded image: app:1"}'))
    await using destination = await transport.parseReference('app:1').openDestination!()
    let blobs = 0
    const putAnother = (): Promise<unknown> => {
      const { bytes, descriptor } = testBlob(randomBytes(10, `blob ${blobs++}`))
      return destination.putBlob(bytesBody(bytes), descriptor)
    }
    await vi.waitFor(() => expect(putAnother()).rejects.toThrow('did not wait for the end of the image'))
  })

  it('to an engine that never ends its answer', async () => {
    for (const piece of [`${JSON.stringify({ status: 'x'.repeat(60_000) })}\n`, 'x'.repeat(60_000)]) {
      const transport = await transportOf((request, response) => {
        void consume(request).then(() => answerForEver(response, piece))
      })
      await expect(write(transport)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    }
  })

  it('to an engine that breaks off, before an answer or within it', async () => {
    const silent = await transportOf((request) => void consume(request).then(() => request.socket.destroy()))
    await expect(write(silent)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: false })
    const midway = await transportOf((request, response) => {
      void consume(request).then(() => response.write('{"stream":', () => response.destroy()))
    })
    await expect(write(midway)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('within its answer'),
    })
  })

  it('to an engine that takes nothing', async () => {
    const transport = dockerDaemonTransport({ host: await rawEngine(() => undefined), idleTimeoutMs: 50 })
    await using destination = await transport.parseReference('app:1').openDestination!()
    const size = 64 * 1024 * 1024
    const zeros = { size, open: () => pieces(size) }
    await expect(destination.putBlob(zeros, { size })).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: false })
  })
})

async function* pieces(size: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < size; sent += 65_536) yield new Uint8Array(65_536)
}
