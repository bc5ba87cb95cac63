import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { ProgressEvent } from '@crossdock/core'
import { testImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { type HttpTransportOptions, httpTransport, type UrlTransport } from '../src/index.ts'
import { fileServer, type FileServer, serveFile, type ServedFile } from './file-server.ts'
import { dockerArchive, ociArchive, readImage, tarOf } from './image-archives.ts'
import { temporaryFolder } from './temporary-folder.ts'

const MONDAY = 'Mon, 05 Jan 2026 00:00:00 GMT'
const image = testImage({ layerBytes: 300_000 })
const other = testImage({ layerBytes: 300_000, seed: 'other' })

interface Scene {
  readonly file: ServedFile
  readonly server: FileServer
  readonly cacheFolder: string
  /** A transport as a new process has it. */
  readonly transport: (options?: HttpTransportOptions) => UrlTransport
  /** Reads the image through a transport of its own, and says its digest. */
  readonly read: (options?: HttpTransportOptions, suffix?: string) => Promise<string>
}

async function scene(file: ServedFile): Promise<Scene> {
  const server = await fileServer(serveFile(file))
  const cacheFolder = await temporaryFolder()
  const transport = (options: HttpTransportOptions = {}): UrlTransport =>
    httpTransport({ cacheFolder, retryDelayMs: 0, proxy: false, ...options })
  return {
    file,
    server,
    cacheFolder,
    transport,
    read: async (options, suffix = '') => {
      const opened = transport(options)
      try {
        await using source = await opened.parseReference(`${server.base}/app.tar${suffix}`).openSource()
        return (await readImage(source)).digest
      } finally {
        await opened.close()
      }
    },
  }
}

const statuses = ({ server }: Scene): readonly (string | undefined)[] =>
  server.seen.map(({ headers }) => headers['range'])

describe('what an archive is', () => {
  it('an OCI layout, plain and packed', async () => {
    const { file, read } = await scene({ bytes: await ociArchive(image, 'app') })
    expect(await read()).toBe(image.root.digest)
    expect(await read({}, '#app')).toBe(image.root.digest)
    expect(await read({}, `#@${image.root.digest}`)).toBe(image.root.digest)
    expect(await read({}, '#@0')).toBe(image.root.digest)
    await expect(read({}, '#nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    file.bytes = gzipSync(file.bytes)
    expect(await read()).toBe(image.root.digest)
  })

  it('a docker archive, with the names in it', async () => {
    const { server, transport, read } = await scene({ bytes: await dockerArchive(image, ['app:1', 'app:2']) })
    const digest = await read()
    expect(await read({}, '#app:2')).toBe(digest)
    await expect(read({}, '#app:3')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(read({}, `#@${digest}`)).rejects.toMatchObject({ code: 'INVALID_REFERENCE' })
    const names: string[] = []
    for await (const name of transport().parseReference(`${server.base}/app.tar`).tags()) names.push(name)
    expect(names).toEqual(['app:1', 'app:2'])
  })

  it.each([
    ['a page', Buffer.from('<html>hello</html>'.repeat(100)), 'INVALID_DATA', /127\.0\.0\.1.*app\.tar/],
    ['nothing', new Uint8Array(0), 'INVALID_DATA', /without members/],
    ['files', tarOf([{ path: 'etc/motd', content: 'hi' }]), 'INVALID_DATA', /tarball:FILE/],
  ])('%s is no image', async (_, bytes, code, message) => {
    const { read } = await scene({ bytes: await bytes })
    await expect(read()).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

describe('the cache', () => {
  it('asks whether the archive changed, by ETag', async () => {
    const { server, file, read } = await scene({ bytes: await ociArchive(image), etag: '"one"' })
    await read()
    expect(await read()).toBe(image.root.digest)
    expect(server.seen.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"one"'])
    file.bytes = await ociArchive(other)
    file.etag = 'W/"two"'
    expect(await read()).toBe(other.root.digest)
    expect(await read()).toBe(other.root.digest)
    expect(server.seen.at(-1)?.headers['if-none-match']).toBe('W/"two"')
  })

  it('or else by date', async () => {
    const { server, read } = await scene({ bytes: await ociArchive(image), lastModified: MONDAY })
    await read()
    expect(await read()).toBe(image.root.digest)
    expect(server.seen.map(({ headers }) => headers['if-modified-since'])).toEqual([undefined, MONDAY])
  })

  it('asks nothing for as long as the server says, from its last answer on', async () => {
    const { server, read } = await scene({
      bytes: await ociArchive(image),
      etag: '"one"',
      headers: { 'cache-control': 'max-age=60' },
    })
    let now = 1_800_000_000_000
    const clock = { now: () => now }
    await read({ clock })
    now += 59_000
    await read({ clock })
    expect(server.seen).toHaveLength(1)
    now += 1000
    await read({ clock }) // 304
    now += 59_000
    await read({ clock })
    expect(server.seen).toHaveLength(2)
    now -= 1_000_000 // a clock that went back promises nothing
    await read({ clock })
    expect(server.seen).toHaveLength(3)
  })

  it('downloads anew what was damaged in it, or is gone', async () => {
    const { server, cacheFolder, read } = await scene({ bytes: await ociArchive(image), etag: '"one"' })
    await read()
    const contents = join(cacheFolder, 'contents')
    const [name = ''] = await readdir(contents)
    const bytes = await readFile(join(contents, name))
    bytes[1000] = 255 - (bytes[1000] ?? 0)
    await writeFile(join(contents, name), bytes)
    expect(await read()).toBe(image.root.digest)
    expect(server.seen.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, undefined])
  })

  it('keeps nothing that may not be kept', async () => {
    const { server, cacheFolder, read } = await scene({
      bytes: await ociArchive(image),
      etag: '"one"',
      headers: { 'cache-control': 'no-store, max-age=60' },
    })
    await read()
    await read()
    expect(server.seen.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, undefined])
    expect(await readdir(join(cacheFolder, 'contents'))).toEqual([])
    await expect(readdir(join(cacheFolder, 'records'))).rejects.toThrow('ENOENT')
  })

  it('is not looked at without resumption', async () => {
    const { server, read } = await scene({ bytes: await ociArchive(image), headers: { 'cache-control': 'max-age=60' } })
    await read({ resume: false })
    await read({ resume: false })
    expect(server.seen).toHaveLength(2)
  })

  it('takes records from elsewhere', async () => {
    const kept = new Map()
    const records = {
      get: async (url: string) => kept.get(url),
      put: async (record: { readonly url: string }) => void kept.set(record.url, record),
    }
    const { server, read } = await scene({ bytes: await ociArchive(image), headers: { 'cache-control': 'max-age=60' } })
    await read({ records })
    await read({ records })
    expect(server.seen).toHaveLength(1)
    expect([...kept.keys()]).toEqual([`http:${server.base}/app.tar`])
  })

  it('keeps no query in records, which may be a secret', async () => {
    const kept = new Map()
    const records = {
      get: async (url: string) => kept.get(url),
      put: async (record: { readonly url: string }) => void kept.set(record.url, record),
    }
    const { server, read } = await scene({ bytes: await ociArchive(image), headers: { 'cache-control': 'max-age=60' } })
    for (const query of ['?token=hush', '?token=hush', '?token=other', '']) await read({ records }, query)
    expect(server.seen).toHaveLength(3)
    expect([...kept.keys()].join(' ')).toMatch(/^\S+app\.tar\?[0-9a-f]{64} \S+app\.tar\?[0-9a-f]{64} \S+app\.tar$/)
    expect(JSON.stringify([...kept.values()])).not.toContain('hush')
  })

  it('is asked once by all who ask at the same time', async () => {
    const { server, transport } = await scene({ bytes: await ociArchive(image) })
    const reference = transport().parseReference(`${server.base}/app.tar`)
    const sources = await Promise.all([1, 2, 3].map(() => reference.openSource()))
    expect(server.seen).toHaveLength(1)
    for (const source of sources) {
      await readImage(source)
      await source[Symbol.asyncDispose]()
    }
  })
})

describe('a download that breaks off', () => {
  it.each<[string, Partial<ServedFile>]>([
    ['an ETag', { etag: '"one"' }],
    ['a date', { lastModified: MONDAY }],
  ])('goes on within the process, by %s', async (_, validators) => {
    const bytes = await ociArchive(image)
    const there = await scene({ bytes, ...validators, cutAfter: 200_000 })
    const events: ProgressEvent[] = []
    const reference = there.transport().parseReference(`${there.server.base}/app.tar`)
    await using source = await reference.openSource({ onProgress: (event) => void events.push(event) })
    expect((await readImage(source)).digest).toBe(image.root.digest)
    const ranges = statuses(there)
    expect(ranges[0]).toBeUndefined()
    expect(ranges.slice(1).every((range) => range?.startsWith('bytes='))).toBe(true)
    expect(there.server.seen.at(-1)?.headers['if-range']).toBe(validators.etag ?? validators.lastModified)
    expect(events.map(({ type }) => type)).toContain('retry')
  })

  it('and in a later one', async () => {
    const bytes = await ociArchive(image)
    const there = await scene({ bytes, etag: '"one"', dieAfter: 400_000 })
    await expect(there.read({ maxAttempts: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    there.file.dieAfter = undefined
    const before = there.server.seen.length
    expect(await there.read()).toBe(image.root.digest)
    const [range] = statuses(there).slice(before)
    expect(Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1])).toBeGreaterThanOrEqual(400_000)
    expect(there.server.seen).toHaveLength(before + 1)
    expect(await readdir(join(there.cacheFolder, 'parts'))).toEqual([])
    await there.read() // it is as current as another one
    expect(there.server.seen.at(-1)?.headers['if-none-match']).toBe('"one"')
  })

  it('begins anew without a validator', async () => {
    const there = await scene({ bytes: await ociArchive(image), cutAfter: 400_000 })
    await expect(there.read({ maxAttempts: 2 })).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: false })
    expect(statuses(there).every((range) => range === undefined)).toBe(true)
    expect(await readdir(join(there.cacheFolder, 'parts'))).toEqual([])
  })

  it('begins anew when the archive is another one meanwhile', async () => {
    const there = await scene({ bytes: await ociArchive(image), etag: '"one"', dieAfter: 400_000 })
    await expect(there.read({ maxAttempts: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    Object.assign(there.file, { bytes: await ociArchive(other), etag: '"two"', dieAfter: undefined })
    expect(await there.read()).toBe(other.root.digest)
    expect(there.server.seen.at(-1)?.headers['if-range']).toBe('"one"')
  })

  it('leaves nothing without resumption', async () => {
    const there = await scene({ bytes: await ociArchive(image), etag: '"one"', dieAfter: 400_000 })
    await expect(there.read({ maxAttempts: 1, resume: false })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await readdir(join(there.cacheFolder, 'parts'))).toEqual([])
  })

  it('is not trusted when a server joins two contents under one validator', async () => {
    const there = await scene({ bytes: await ociArchive(image), etag: '"one"', dieAfter: 400_000 })
    await expect(there.read({ maxAttempts: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const bytes = await ociArchive(image)
    bytes.fill(7, 450_000, 460_000)
    Object.assign(there.file, { bytes, dieAfter: undefined })
    await expect(there.read()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    there.file.bytes = await ociArchive(image)
    expect(await there.read()).toBe(image.root.digest)
  })
})
