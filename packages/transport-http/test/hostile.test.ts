import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageError } from '@crossdock/core'
import { testImage } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import { type HttpTransportOptions, httpTransport } from '../src/index.ts'
import { type Answer, fileServer, type FileServer } from './file-server.ts'
import { ociArchive, readImage } from './image-archives.ts'
import { temporaryFolder } from './temporary-folder.ts'

const image = testImage({ layerBytes: 200_000 })
const bytes = await ociArchive(image)
const size = bytes.byteLength
const half = Math.floor(size / 2)

interface Outcome {
  /** The digest that was read, or the failure. */
  readonly digest?: string
  readonly error?: ImageError
  readonly server: FileServer
  readonly left: readonly string[]
}

async function read(answer: Answer, options: HttpTransportOptions = {}): Promise<Outcome> {
  const server = await fileServer(answer)
  const cacheFolder = await temporaryFolder()
  const transport = httpTransport({ cacheFolder, retryDelayMs: 0, maxAttempts: 2, proxy: false, ...options })
  const outcome = await (async () => {
    try {
      await using source = await transport.parseReference(`${server.base}/app.tar`).openSource()
      return { digest: (await readImage(source)).digest }
    } catch (error) {
      return { error: error as ImageError }
    } finally {
      await transport.close()
    }
  })()
  return { ...outcome, server, left: await readdir(join(cacheFolder, 'parts')).catch(() => []) }
}

/** Sends the first half with a validator and breaks off; `second` answers what follows. */
function brokenOff(second: Answer, etag = '"one"'): Answer {
  let isFirst = true
  return (request, response) => {
    if (!isFirst) {
      second(request, response)
      return
    }
    isFirst = false
    response.writeHead(200, { etag, 'content-length': size })
    response.write(bytes.subarray(0, half), () => void setImmediate(() => response.destroy()))
  }
}

const partHead = (first: number, total = size): Record<string, string> => ({
  'content-range': `bytes ${first}-${total - 1}/${total}`,
})

const endless: Answer = (_, response) => {
  response.writeHead(200, { etag: '"x"' })
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536)));
  }
  response.on('drain', more)
  more()
}

const otherContent: Answer = (request, response) => {
  if (request.headers.range === undefined) response.writeHead(200).end(bytes)
  else response.writeHead(206, { etag: '"two"', ...partHead(half) }).end(Buffer.alloc(size - half))
}

const wrongRanges: Answer = (request, response) => {
  if (request.headers.range !== undefined) response.writeHead(206, partHead(0)).end(bytes)
  else response.writeHead(503).end()
}

const withSize =
  (total: number): Answer =>
  (request, response) => {
    if (request.headers.range === undefined) response.writeHead(200).end(bytes)
    else response.writeHead(416, { 'content-range': `bytes */${total}` }).end()
  }
// The size is not known, and all of it came before the connection broke.
const all = (second: Answer): Answer => {
  let isFirst = true
  return (request, response) => {
    if (!isFirst) {
      second(request, response)
      return
    }
    isFirst = false
    response.writeHead(200, { etag: '"one"' })
    response.write(bytes, () => void setImmediate(() => response.destroy()))
  }
}

it('a status that is no success has its code', async () => {
  for (const [status, code] of [
    [401, 'UNAUTHENTICATED'],
    [403, 'FORBIDDEN'],
    [404, 'NOT_FOUND'],
    [410, 'NOT_FOUND'],
    [429, 'RATE_LIMITED'],
    [451, 'FORBIDDEN'],
    [500, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
    [400, 'INVALID_DATA'],
    [204, 'INVALID_DATA'],
    [206, 'INVALID_DATA'],
    [304, 'INVALID_DATA'],
    [416, 'INVALID_DATA'],
    [202, 'UNAVAILABLE'],
  ] as const) {
    const { error, left } = await read((_, response) => void response.writeHead(status).end())
    expect([status, error?.code]).toEqual([status, code])
    expect(error?.message).toContain(`status ${status}`)
    expect(left).toEqual([])
  }
})

it('an archive that never ends is cut off at the limit', async () => {
  const { error, left } = await read(endless, { maxArchiveBytes: 1_000_000 })
  expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  expect(left).toEqual([])
})

it('one that says that it is larger is not begun', async () => {
  const { error } = await read(
    (_, response) => void response.writeHead(200, { 'content-length': 2_000_000 }).write('x'),
    {
      maxArchiveBytes: 1_000_000,
    },
  )
  expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
})

it('a length that is too large is no success', async () => {
  const { error } = await read((_, response) => {
    response.writeHead(200, { 'content-length': size + 10 })
    response.write(bytes, () => void setImmediate(() => response.destroy()))
  })
  expect(error).toMatchObject({ code: 'UNAVAILABLE' })
})

it('the whole content in answer to a range is never put behind what is there', async () => {
  const { digest, server } = await read(
    brokenOff((_, response) => void response.writeHead(200, { etag: '"one"' }).end(bytes)),
  )
  expect(digest).toBe(image.root.digest)
  expect(server.seen[1]?.headers['range']).toMatch(/^bytes=\d+-$/)
})

it.each<[string, Record<string, string>]>([
  ['from the beginning', partHead(0)],
  ['from another byte', partHead(half + 1)],
  ['of another total', partHead(half, size + 5)],
  ['without saying which', {}],
  ['in several parts', { 'content-type': 'multipart/byteranges; boundary=x' }],
])('a range %s is not put behind what is there', async (_, head) => {
  const second: Answer = (request, response) => {
    if (request.headers.range === undefined) response.writeHead(200).end(bytes)
    else response.writeHead(206, head).end(bytes.subarray(half))
  }
  expect((await read(brokenOff(second))).digest).toBe(image.root.digest)
})

it('a range of another content is not put behind what is there', async () => {
  expect((await read(brokenOff(otherContent))).digest).toBe(image.root.digest)
})

it('a server that answers every range wrongly is given up', async () => {
  expect((await read(brokenOff(wrongRanges))).error).toMatchObject({ code: 'UNAVAILABLE' })
})

it('416 with the size that is there ends the download, and begins it anew otherwise', async () => {
  const complete = await read(all(withSize(size)))
  expect(complete.digest).toBe(image.root.digest)
  expect(complete.server.seen).toHaveLength(2)
  const other = await read(all(withSize(size + 1)))
  expect(other.digest).toBe(image.root.digest)
  expect(other.server.seen).toHaveLength(3)
})

it('a silent server is given up after the idle time', async () => {
  const { error } = await read((_, response) => void response.writeHead(200, { 'content-length': size }).write('x'), {
    idleBodyTimeoutMs: 50,
  })
  expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('time-out') })
})

it.each<[string, (base: string) => string, RegExp]>([
  ['to a file', () => 'file:///etc/passwd', /only http and https/],
  ['to a private address', () => 'http://169.254.169.254/latest', /may not lead to/],
  ['to a user', (base) => `http://me:pw@${base.slice(2)}/x`, /user name or password/],
  ['to itself', (base) => `http:${base}/app.tar`, /in a loop/],
])('a redirect %s is refused', async (_, to, message) => {
  let base = ''
  const { error, server } = await read((request, response) => {
    base = `//${request.headers.host}`
    response.writeHead(302, { location: to(base) }).end()
  })
  expect(error).toMatchObject({ code: 'INVALID_DATA', message: expect.stringMatching(message) })
  expect(server.seen).toHaveLength(1)
})

it('too many redirects are refused', async () => {
  let count = 0
  const { error } = await read((_, response) => void response.writeHead(302, { location: `/${count++}` }).end())
  expect(error).toMatchObject({ code: 'INVALID_DATA', message: expect.stringContaining('more than 10 redirects') })
})

it('an encoding that nobody asked for is refused', async () => {
  const { error } = await read((_, response) => void response.writeHead(200, { 'content-encoding': 'br' }).end(bytes))
  expect(error).toMatchObject({ code: 'UNSUPPORTED' })
})
