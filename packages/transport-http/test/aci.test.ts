import { gzipSync } from 'node:zlib'
import { isDetachedSignature, writeTar } from '@crossdock/archive'
import { readBytes } from '@crossdock/streams'
import { describe, expect, it, onTestFinished } from 'vitest'
import { httpTransport } from '../src/index.ts'
import { fileServer, type FileServer } from './file-server.ts'
import { readImage } from './image-archives.ts'
import { temporaryFolder } from './temporary-folder.ts'

const MANIFEST = {
  acKind: 'ImageManifest',
  acVersion: '0.8.11',
  name: 'example.com/app',
  labels: [
    { name: 'version', value: '1.2' },
    { name: 'os', value: 'linux' },
    { name: 'arch', value: 'amd64' },
  ],
}

type Member = 'manifest' | 'rootfs' | 'rootfs/motd' | './' | './manifest' | './rootfs' | 'other'

/** An App Container Image with these members in this order. */
async function aciOf(...members: readonly Member[]): Promise<Uint8Array> {
  const contents: Partial<Record<Member, string>> = {
    manifest: JSON.stringify(MANIFEST),
    './manifest': JSON.stringify(MANIFEST),
    'rootfs/motd': 'hello',
    other: 'x',
  }
  const tar = writeTar(
    members.map((path) => {
      const content = Buffer.from(contents[path] ?? '')
      return contents[path] === undefined
        ? { path, type: 'directory' as const }
        : { path, size: content.byteLength, content }
    }),
  )
  return await readBytes(tar, { limitBytes: 2 ** 20, what: 'the image' })
}

const good = await aciOf('manifest', 'rootfs', 'rootfs/motd')

interface Served {
  readonly server: FileServer
  /** The signatures of the image, as texts, and whether each has its archive. */
  readonly read: (suffix?: string) => Promise<readonly string[]>
}

async function serve(bytes: Uint8Array, signatureStatus = 404): Promise<Served> {
  const server = await fileServer(({ url }, response) => {
    if (url === '/app.aci.asc') response.writeHead(signatureStatus).end('signature')
    else response.writeHead(200, { etag: '"one"' }).end(bytes)
  })
  const cacheFolder = await temporaryFolder()
  const transport = httpTransport({ cacheFolder, proxy: false, maxAttempts: 1 })
  onTestFinished(() => transport.close())
  return {
    server,
    read: async (suffix = '') => {
      await using source = await transport.parseReference(`${server.base}/app.aci${suffix}`).openSource()
      await readImage(source)
      const signatures = await source.getSignatures()
      const texts: string[] = []
      for (const signature of signatures) {
        if (!isDetachedSignature(signature)) continue
        const archive = await readBytes(signature.archive.open(), { limitBytes: 2 ** 20, what: 'the archive' })
        texts.push(`${new TextDecoder().decode(signature.bytes)} of ${Buffer.compare(archive, bytes)}`)
      }
      return texts
    },
  }
}

describe('an App Container Image', () => {
  it.each<[string, readonly Member[]]>([
    ['manifest first', ['manifest', 'rootfs', 'rootfs/motd']],
    ['manifest last', ['rootfs', 'rootfs/motd', 'manifest']],
    ['from a folder', ['./', './manifest', './rootfs']],
  ])('%s is read, plain and packed', async (_, members) => {
    const bytes = await aciOf(...members)
    for (const packed of [bytes, gzipSync(bytes)]) expect(await (await serve(packed)).read()).toEqual([])
  })

  it('has the signature that lies beside it, with the archive that was fetched', async () => {
    const packed = gzipSync(good)
    const { server, read } = await serve(packed, 200)
    expect(await read()).toEqual(['signature of 0'])
    expect(server.seen.map(({ path }) => path)).toEqual(['/app.aci', '/app.aci.asc'])
  })

  it('fails while its signature is being made, or cannot be had', async () => {
    await expect((await serve(good, 202)).read()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect((await serve(good, 500)).read()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('has none where the server says that it may not be read, as some do of what is not there', async () => {
    expect(await (await serve(good, 403)).read()).toEqual([])
  })

  it('has the signature that lies where it is said to lie', async () => {
    const server = await fileServer(({ url }, response) => {
      response.writeHead(url === '/app.aci.asc' ? 404 : 200)
      response.end(url === '/find?ext=aci.asc' ? 'elsewhere' : good)
    })
    const transport = httpTransport({ cacheFolder: await temporaryFolder(), proxy: false, maxAttempts: 1 })
    onTestFinished(() => transport.close())
    const at = (path: string): URL => new URL(`http:${server.base}${path}`)
    const reference = transport.signedArchive(at('/app.aci'), at('/find?ext=aci.asc'))
    expect(reference.toString()).toBe(`${server.base}/app.aci`)
    await using source = await reference.openSource()
    const [signature] = await source.getSignatures()
    expect(signature?.format === 'simple' && new TextDecoder().decode(signature.bytes)).toBe('elsewhere')
    expect(server.seen.map(({ path }) => path)).toEqual(['/app.aci', '/find?ext=aci.asc'])
    expect(() => transport.signedArchive(new URL('https://h/a.aci'), at('/'))).toThrow('names no archive')
  })

  it('is the one that was meant', async () => {
    const { read } = await serve(good)
    for (const meant of ['#example.com/app', '#example.com/app:1.2', '#@0']) expect(await read(meant)).toEqual([])
    for (const other of ['#example.com/app:1.3', '#example.com/other', '#@1', `#@sha256:${'0'.repeat(64)}`]) {
      await expect(read(other)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  it.each<[string, readonly Member[]]>([
    ['two manifests', ['manifest', 'rootfs', 'manifest']],
    ['no root filesystem', ['manifest']],
    ['something else', ['other', 'manifest', 'rootfs']],
    ['something else at its end', ['manifest', 'rootfs', 'other']],
  ])('with %s is refused, and not kept', async (_, members) => {
    const { server, read } = await serve(await aciOf(...members))
    await expect(read()).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(read()).rejects.toMatchObject({ code: 'INVALID_DATA' })
    expect(server.seen.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, undefined])
  })
})
