import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type DockerReference, ImageError, parseDigest, parseDockerReference, type Signature } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { lookasideStorage } from '../../src/index.ts'
import { lookasidePlace } from '../../src/storage/lookaside-place.ts'

const IMAGE = parseDockerReference('registry.example.com/team/app:1.0')
const HEX = 'ab'.repeat(32)
const MANIFEST = parseDigest(`sha256:${HEX}`)
const SIGNATURES: readonly Signature[] = [
  { format: 'simple', bytes: Uint8Array.of(0x90, 1) },
  { format: 'simple', bytes: Uint8Array.of(0x90, 2, 0) },
  {
    format: 'sigstore',
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    bytes: new TextEncoder().encode('{}'),
    annotations: { a: 'b' },
  },
]

/** Signatures with bytes of one kind. */
function plain(signatures: readonly Signature[]): readonly object[] {
  return signatures.map((signature) => ({ ...signature, bytes: [...signature.bytes] }))
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lookaside-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

function below(folder: string, base = 'base'): string {
  return pathToFileURL(join(folder, base)).href
}

async function webServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly url: string; readonly requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}`, requests }
}

/** Undefined if it is refused. */
function pathOf(base: string, path: string): string | undefined {
  try {
    const place = lookasidePlace(base, { domain: 'example.com', path }, MANIFEST)
    return place.kind === 'web' ? place.url(1).pathname : place.folder.replaceAll('\\', '/')
  } catch (error) {
    if (error instanceof ImageError && error.code === 'INVALID_DATA') return undefined
    throw error
  }
}

describe('a folder', () => {
  it('gives back what was written, in the files that others look for', async () => {
    const folder = await temporaryFolder()
    const storage = lookasideStorage({ configFor: () => ({ lookaside: below(folder) }) })
    expect(await storage.read(IMAGE, MANIFEST)).toEqual([])
    await storage.write?.(IMAGE, MANIFEST, SIGNATURES)
    expect(plain(await storage.read(IMAGE, MANIFEST))).toEqual(plain(SIGNATURES))
    const place = join(folder, `base/team/app@sha256=${HEX}`)
    expect((await readdir(place)).toSorted()).toEqual(['signature-1', 'signature-2', 'signature-3'])
    expect(await readFile(join(place, 'signature-1'))).toEqual(Buffer.of(0x90, 1))
    const everybody = process.platform === 'win32' ? 0o666 : 0o644 & ~process.umask()
    expect((await stat(join(place, 'signature-1'))).mode & 0o777).toBe(everybody)
  })

  it('has what was written last, and of one manifest alone', async () => {
    const folder = await temporaryFolder()
    const storage = lookasideStorage({ configFor: () => ({ lookaside: below(folder) }) })
    const other = parseDigest(`sha512:${'c'.repeat(128)}`)
    await storage.write?.(IMAGE, MANIFEST, SIGNATURES)
    await storage.write?.(IMAGE, other, SIGNATURES.slice(2))
    await storage.write?.(IMAGE, MANIFEST, SIGNATURES.slice(1, 2))
    expect(plain(await storage.read(IMAGE, MANIFEST))).toEqual(plain(SIGNATURES.slice(1, 2)))
    expect(plain(await storage.read(IMAGE, other))).toEqual(plain(SIGNATURES.slice(2)))
    expect(await storage.read({ ...IMAGE, path: 'team/other' }, MANIFEST)).toEqual([])
  })

  it('is emptied and removed with the signatures, unless it holds something else', async () => {
    const folder = await temporaryFolder()
    const storage = lookasideStorage({ configFor: () => ({ lookaside: below(folder) }) })
    await storage.write?.(IMAGE, MANIFEST, SIGNATURES)
    await storage.delete?.(IMAGE, MANIFEST)
    expect(await readdir(join(folder, 'base/team'))).toEqual([])
    await storage.delete?.(IMAGE, MANIFEST)
    await storage.write?.(IMAGE, MANIFEST, SIGNATURES)
    await writeFile(join(folder, `base/team/app@sha256=${HEX}/notes`), '')
    await storage.delete?.(IMAGE, MANIFEST)
    expect(await readdir(join(folder, `base/team/app@sha256=${HEX}`))).toEqual(['notes'])
  })

  it('loses what a killed writer left', async () => {
    const folder = await temporaryFolder()
    const place = join(folder, `base/team/app@sha256=${HEX}`)
    const storage = lookasideStorage({ configFor: () => ({ lookaside: below(folder) }) })
    await storage.write?.(IMAGE, MANIFEST, SIGNATURES)
    await writeFile(join(place, 'new.1-x-00000000.ab'), 'half')
    await utimes(join(place, 'new.1-x-00000000.ab'), 1, 1)
    await storage.write?.(IMAGE, MANIFEST, SIGNATURES)
    expect((await readdir(place)).toSorted()).toEqual(['signature-1', 'signature-2', 'signature-3'])
  })

  it('is read up to a gap, and refused beyond 128 signatures, 4 MiB, links and what is no signature', async () => {
    const folder = await temporaryFolder()
    const place = join(folder, `base/team/app@sha256=${HEX}`)
    const storage = lookasideStorage({ configFor: () => ({ lookaside: below(folder) }) })
    const many = Array.from({ length: 128 }, (_, number): Signature => {
      return { format: 'simple', bytes: Uint8Array.of(0x90, number) }
    })
    await storage.write?.(IMAGE, MANIFEST, many)
    expect(plain(await storage.read(IMAGE, MANIFEST))).toEqual(plain(many))
    await writeFile(join(place, 'signature-129'), Buffer.of(0x90))
    await expect(storage.read(IMAGE, MANIFEST)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    await rm(join(place, 'signature-3'))
    expect(plain(await storage.read(IMAGE, MANIFEST))).toEqual(plain(many.slice(0, 2)))
    const hostile = [
      async (path: string) => await writeFile(path, Buffer.alloc(4 * 1024 * 1024 + 1, 0x90)),
      async (path: string) => await writeFile(path, '<html>'),
      async (path: string) => await writeFile(path, ''),
      async (path: string) => await mkdir(path),
      async (path: string) => await symlink('/dev/zero', path),
    ]
    for (const make of hostile) {
      await rm(join(place, 'signature-2'), { recursive: true })
      await make(join(place, 'signature-2'))
      await expect(storage.read(IMAGE, MANIFEST)).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:INVALID_DATA|LIMIT_EXCEEDED)$/),
        message: expect.stringContaining('signature-2'),
      })
    }
    const more = [...many, ...SIGNATURES]
    await expect(storage.write?.(IMAGE, MANIFEST, more)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})

describe('what is configured', () => {
  it('is for reading, and staging for writing and removing', async () => {
    const folder = await temporaryFolder()
    const config = { lookaside: below(folder, 'shown'), staging: below(folder, 'staged') }
    const asked: DockerReference[] = []
    const storage = lookasideStorage({
      configFor: async (image) => {
        asked.push(image)
        return config
      },
    })
    await storage.write?.(IMAGE, MANIFEST, SIGNATURES)
    expect(await storage.read(IMAGE, MANIFEST)).toEqual([])
    await lookasideStorage({ configFor: () => ({ lookaside: config.staging }) }).delete?.(IMAGE, MANIFEST)
    expect(await readdir(join(folder, 'staged/team'))).toEqual([])
    expect(asked).toEqual([IMAGE, IMAGE])
  })

  it('is named if it is missing or a web server, and nothing is read or removed then', async () => {
    const none = lookasideStorage({ configFor: () => undefined })
    expect(await none.read(IMAGE, MANIFEST)).toEqual([])
    await none.delete?.(IMAGE, MANIFEST)
    const web = lookasideStorage({ configFor: () => ({ lookaside: 'https://example.com/signatures' }) })
    await web.delete?.(IMAGE, MANIFEST)
    for (const storage of [none, web]) {
      await expect(storage.write?.(IMAGE, MANIFEST, SIGNATURES)).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringContaining('lookaside-staging or lookaside in registries.d'),
      })
    }
  })

  it.each([
    'relative/path',
    '/var/lib/signatures',
    'ftp://example.com/',
    'file://host/path',
    'file:///a%2Fb',
    'https://user:s3cret@example.com/',
    'data:,x',
    '',
  ])('is refused if it is no place: %j', async (lookaside) => {
    const storage = lookasideStorage({ configFor: () => ({ lookaside }) })
    for (const call of [storage.read(IMAGE, MANIFEST), storage.write?.(IMAGE, MANIFEST, [])]) {
      await expect(call).rejects.toMatchObject({
        code: 'INVALID_DATA',
        message: expect.not.stringContaining('s3cret'),
      })
    }
  })

  it('never leads out of its folder, whatever an image is called', () => {
    const component = fc.oneof(
      fc.constantFrom('..', '.', '', 'a', '%2e%2e', '..\\..', 'C:'),
      fc.string({ maxLength: 5 }),
    )
    fc.assert(
      fc.property(fc.array(component, { minLength: 1, maxLength: 4 }), (components) => {
        const places = ['file:///base/', 'https://example.com/base/'].map((base) => pathOf(base, components.join('/')))
        for (const path of places) {
          const inside = `/base/${components.join('/')}@sha256=${HEX}`
          expect(path === undefined || path === inside || path === `${inside}/signature-1`).toBe(true)
        }
      }),
    )
  })

  it('is not asked after an abort', async () => {
    const storage = lookasideStorage({
      configFor: () => {
        throw new TypeError('asked')
      },
    })
    const options = { signal: AbortSignal.abort('stop') }
    await expect(storage.read(IMAGE, MANIFEST, options)).rejects.toBe('stop')
    await expect(storage.write?.(IMAGE, MANIFEST, [], options)).rejects.toBe('stop')
    await expect(storage.delete?.(IMAGE, MANIFEST, options)).rejects.toBe('stop')
  })
})

async function read(lookaside: string, signal?: AbortSignal): Promise<readonly Signature[]> {
  return await lookasideStorage({ configFor: () => ({ lookaside }) }).read(IMAGE, MANIFEST, { signal })
}

describe('a web server', () => {
  it('is asked for one after the other until it says 404, without credentials', async () => {
    const server = await webServer((request, response) => {
      const number = Number(/(\d+)\?x=1$/.exec(request.url ?? '')?.[1])
      if (number > 2) response.writeHead(404).end('none')
      else response.end(Buffer.of(0x90, number))
    })
    expect(plain(await read(`${server.url}/base/?x=1`))).toEqual(
      [1, 2].map((number) => ({ format: 'simple', bytes: [0x90, number] })),
    )
    const path = `/base/team/app@sha256=${HEX}/signature-`
    expect(server.requests.map(({ url }) => url)).toEqual([1, 2, 3].map((number) => `${path}${number}?x=1`))
    expect(server.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true)
  })

  it('that never ends is left after 128', async () => {
    const server = await webServer((_request, response) => response.end(Buffer.of(0x90)))
    await expect(read(server.url)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(server.requests).toHaveLength(129)
  })

  it('that sends without end is left after 4 MiB', async () => {
    const server = await webServer((_request, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(64 * 1024, 0x90)));
        response.once('drain', more)
      }
      more()
    })
    await expect(read(server.url)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it.each([
    [200, '<html>Not here</html>', 'INVALID_DATA'],
    [200, '', 'INVALID_DATA'],
    [204, '', 'INVALID_DATA'],
    [401, 'no', 'UNAUTHENTICATED'],
    [403, 'no', 'FORBIDDEN'],
    [410, 'gone', 'INVALID_DATA'],
    [501, 'no', 'UNAVAILABLE'],
  ])('that answers %i with %j is no list', async (status, body, code) => {
    const server = await webServer((_request, response) => response.writeHead(status).end(body))
    await expect(read(server.url)).rejects.toMatchObject({ code, message: expect.stringContaining('signature-1') })
  })

  it('may not lead from a public name to this machine', async () => {
    const inside = await webServer((_request, response) => response.end(Buffer.of(0x90)))
    const { createHttpClient } = await import('@crossdock/http')
    const outside = await webServer((_request, response) => {
      response.writeHead(302, { location: `${inside.url}/x` }).end()
    })
    // The proxy stands for a public server of that name.
    const http = createHttpClient({ proxy: { http: outside.url } })
    onTestFinished(() => http.close())
    const storage = lookasideStorage({ configFor: () => ({ lookaside: 'http://signatures.example.com/' }), http })
    await expect(storage.read(IMAGE, MANIFEST)).rejects.toMatchObject({ code: 'INVALID_DATA' })
    expect(outside.requests).toHaveLength(1)
    expect(inside.requests).toHaveLength(0)
  })

  it('gets no credentials, whatever the client that it shares has', async () => {
    const server = await webServer((_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="signatures"' }).end()
    })
    const { createHttpClient } = await import('@crossdock/http')
    const http = createHttpClient({ credentials: () => ({ username: 'gordon', password: 's3cret' }) })
    onTestFinished(() => http.close())
    const storage = lookasideStorage({ configFor: () => ({ lookaside: server.url }), http })
    await expect(storage.read(IMAGE, MANIFEST)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })

  it('is waited for as long as the caller says', async () => {
    const server = await webServer(() => undefined)
    const httpOptions = { headersTimeoutMs: 20, maxAttempts: 1, userAgent: 'me' }
    const storage = lookasideStorage({ configFor: () => ({ lookaside: server.url }), httpOptions })
    await expect(storage.read(IMAGE, MANIFEST)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(server.requests.map(({ headers }) => headers['user-agent'])).toEqual(['me'])
  })

  it('is left at once when the operation is aborted', async () => {
    const controller = new AbortController()
    const server = await webServer(() => controller.abort('stop'))
    await expect(read(server.url, controller.signal)).rejects.toBe('stop')
  })
})
