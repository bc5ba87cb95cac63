import { type BlobReader, bytesBody } from '@crossdock/core'
import type { FaultAction, FaultMatch } from '@crossdock/registry-server'
import { randomBytes, testImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { type Mirrored, mirrored, type MirroredOptions, notes, readBytes } from './mirrored.ts'
import { collect, descriptor, failure, rawServer, transport } from './peers.ts'

const IMAGE = testImage()
const BYTES = randomBytes(300_000, 'blob')
const BLOB = descriptor(BYTES)
const FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'

/** The image and a blob beside it, everywhere. */
async function place(setting?: MirroredOptions): Promise<Mirrored> {
  const made = await mirrored(IMAGE, setting)
  for (const name of [`${made.registry.host}/team/app`, ...made.mirrors.map(({ host }) => `${host}/cache/app`)]) {
    await put(name)
  }
  return made
}

async function put(name: string): Promise<void> {
  await using destination = await transport().parseReference(`//${name}:t`).openDestination()
  await destination.putBlob(bytesBody(BYTES), BLOB)
}

/** Answers to blobs that were read, as `status range`. */
function reads({ requests }: Mirrored['mirror']): string[] {
  return requests
    .filter(({ route, method }) => route === 'blob' && method === 'GET')
    .map(({ status, range }) => `${status} ${range ?? 'all'}`)
}

const BLOBS: FaultMatch = { route: 'blob', method: 'GET' }

describe('a blob that the mirror of the manifest does not give', () => {
  it.each<[string, FaultAction]>([
    ['404', { kind: 'respond', status: 404 }],
    ['500', { kind: 'respond', status: 500 }],
    ['504', { kind: 'respond', status: 504 }],
    ['429 that lasts', { kind: 'rateLimit', budget: 0 }],
    ['a reset', { kind: 'reset' }],
    ['silence', { kind: 'hang' }],
    ['a redirect to nowhere', { kind: 'redirect', to: 'http://169.254.169.254{path}' }],
  ])('but %s comes from the registry', async (_name, action) => {
    const made = await place({ options: action.kind === 'hang' ? { headersTimeoutMs: 1500 } : {} })
    await using source = await made.reference.openSource()
    await source.getManifest()
    made.mirror.faults.add({ match: BLOBS, action })
    expect((await readBytes(source, BLOB, made)).equals(BYTES)).toBe(true)
    expect(reads(made.registry)).toEqual(['200 all'])
    const told = action.kind === 'respond' && action.status === 404 ? 0 : 1
    expect(notes(made, 'warning')).toHaveLength(told)
  })

  it.each(['UNAUTHENTICATED', 'FORBIDDEN'] as const)('but %s is not asked for elsewhere', async (code) => {
    const made = await place()
    await using source = await made.reference.openSource()
    await source.getManifest()
    const action: FaultAction = code === 'FORBIDDEN' ? { kind: 'respond', status: 403 } : { kind: 'unauthorized' }
    made.mirror.faults.add({ match: BLOBS, action })
    const error = await failure(() => source.getBlob(BLOB))
    expect(error).toMatchObject({ code, side: 'source' })
    expect(error.message).toContain(`docker://${made.mirror.host}/cache/app`)
    expect(reads(made.registry)).toEqual([])
  })

  it('may be refused by a mirror that gave nothing', async () => {
    const made = await place({ mirrors: [IMAGE, undefined] })
    await using source = await made.reference.openSource()
    await source.getManifest()
    const [first, second] = made.mirrors
    first?.faults.add({ match: BLOBS, action: { kind: 'respond', status: 503 } })
    second?.faults.add({ match: BLOBS, action: { kind: 'unauthorized' } })
    expect((await readBytes(source, BLOB, made)).equals(BYTES)).toBe(true)
    expect(reads(made.registry)).toEqual(['200 all'])
  })

  it('and nobody gives is told of with each failure', async () => {
    const made = await place()
    await using source = await made.reference.openSource()
    await source.getManifest()
    made.mirror.faults.add({ match: BLOBS, action: { kind: 'respond', status: 503 } })
    made.registry.faults.add({ match: BLOBS, action: { kind: 'respond', status: 404 } })
    const error = await failure(() => source.getBlob(BLOB))
    expect(error).toMatchObject({ code: 'NOT_FOUND', retryable: false })
    expect(error.message).toMatch(
      /^blob sha256:\w+ of docker:.*none of 2 places gives it: .*status 503.*; .*status 404/,
    )
  })
})

describe('a read that breaks', () => {
  it.each<[string, FaultAction]>([
    ['is cut', { kind: 'cut', afterBytes: 100_000 }],
    ['is reset', { kind: 'reset', afterBytes: 100_000 }],
    ['falls silent', { kind: 'hang', afterBytes: 100_000 }],
  ])('because it %s goes on at its byte elsewhere', async (_name, action) => {
    const made = await place({ options: action.kind === 'hang' ? { idleBodyTimeoutMs: 1500 } : {} })
    await using source = await made.reference.openSource()
    await source.getManifest()
    made.mirror.faults.add({ match: { ...BLOBS, range: false }, action })
    made.mirror.faults.add({ match: { ...BLOBS, range: true }, action: { kind: 'respond', status: 503 } })
    expect((await readBytes(source, BLOB, made, 10)).equals(BYTES.subarray(10))).toBe(true)
    expect(notes(made, 'warning')).toHaveLength(1)
  })

  it('stays within its range', async () => {
    const made = await place()
    await using source = await made.reference.openSource()
    await source.getManifest()
    made.mirror.faults.add({ match: { ...BLOBS, nth: 1 }, action: { kind: 'cut', afterBytes: 50_000 } })
    made.mirror.faults.add({ match: { ...BLOBS, nth: 2, times: 10 }, action: { kind: 'respond', status: 503 } })
    const read = await source.getBlob(BLOB, { offset: 1000, end: 200_000 })
    expect(Buffer.concat(await collect(read)).equals(BYTES.subarray(1000, 200_000))).toBe(true)
    expect(reads(made.registry)).toEqual([expect.stringMatching(/^206 bytes=\d+-199999$/)])
  })

  it('everywhere without getting on ends', async () => {
    const made = await place()
    await using source = await made.reference.openSource()
    await source.getManifest()
    for (const server of [made.mirror, made.registry]) {
      server.faults.add({ match: BLOBS, action: { kind: 'cut', afterBytes: 1000 } })
    }
    const error = await failure(() => readBytes(source, BLOB))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', side: 'source' })
    expect(error.message).toContain('none of 2 places')
  })

  it('everywhere while it gets on comes to its end', async () => {
    const made = await place()
    await using source = await made.reference.openSource()
    await source.getManifest()
    for (const server of [made.mirror, made.registry]) {
      server.faults.add({ match: BLOBS, action: { kind: 'cut', afterBytes: 70_000 } })
    }
    expect((await readBytes(source, BLOB)).equals(BYTES)).toBe(true)
  })

  it('because of its reader is left', async () => {
    const stop = new AbortController()
    const made = await place()
    await using source = await made.reference.openSource()
    await source.getManifest()
    const reading = async (read: BlobReader): Promise<void> => {
      for await (const _chunk of read) stop.abort(new Error('enough'))
    }
    await expect(reading(await source.getBlob(BLOB, { signal: stop.signal }))).rejects.toThrow('enough')
    await using _unread = await source.getBlob(BLOB)
    for await (const _chunk of await source.getBlob(BLOB)) break
    expect(reads(made.registry)).toEqual([])
  })
})

it('reads parts of one blob at once, from whoever gives them', async () => {
  const made = await place()
  await using source = await made.reference.openSource()
  await source.getManifest()
  expect(source.traits).toMatchObject({ rangeReads: true, parallelRanges: true })
  made.mirror.faults.add({ match: { ...BLOBS, nth: 2, times: 20 }, action: { kind: 'respond', status: 503 } })
  const part = async (index: number): Promise<Buffer> =>
    Buffer.concat(await collect(await source.getBlob(BLOB, { offset: index * 60_000, end: (index + 1) * 60_000 })))
  const parts = await Promise.all([0, 1, 2, 3, 4].map(part))
  expect(Buffer.concat(parts).equals(BYTES)).toBe(true)
})

it('asks one place at a time who else has a blob, however many readers wait', async () => {
  const made = await place({ mirrors: [IMAGE, IMAGE, IMAGE] })
  const [first, second, third] = made.mirrors
  await using source = await made.reference.openSource()
  await source.getManifest()
  await first?.close()
  second?.faults.add({ match: BLOBS, action: { kind: 'respond', status: 503 } })
  const before = reads(third ?? made.mirror).length
  const all = await Promise.all(Array.from({ length: 16 }, () => readBytes(source, BLOB, made)))
  expect(all.every((bytes) => bytes.equals(BYTES))).toBe(true)
  // One found out for all that this mirror is out of order.
  expect(reads(second ?? made.mirror)).toEqual(['503 all'])
  expect(reads(third ?? made.mirror)).toHaveLength(before + 16)
  expect(reads(made.registry)).toEqual([])
})

it('asks a host that failed lately after the others, for whatever image', async () => {
  const made = await place()
  made.mirror.faults.add({ match: { route: 'manifest', nth: 1, times: 2 }, action: { kind: 'respond', status: 503 } })
  for (const name of ['t', 't', 'other']) {
    await using source = await made.docker.parseReference(`//${made.registry.host}/team/app:${name}`).openSource()
    await source.getManifest().catch(() => undefined)
  }
  expect(made.requestsOf(made.mirror).filter((request) => request.includes('manifest'))).toEqual([
    'GET manifest 503', // which also found out that it speaks plain HTTP
    'GET manifest 503',
    'GET manifest 404',
  ])
})

it('asks a host on which a read broke after the others as well', async () => {
  const made = await place()
  await using source = await made.reference.openSource()
  await source.getManifest()
  made.mirror.faults.add({ match: BLOBS, action: { kind: 'cut', afterBytes: 1000 } })
  await readBytes(source, BLOB)
  await using other = await made.docker.parseReference(`//${made.registry.host}/team/app:t`).openSource()
  await other.getManifest()
  expect(made.requestsOf(made.registry)).toContain('GET manifest 200')
})

it('asks who gave the manifest first, wherever that stands', async () => {
  const made = await place({ mirrors: [undefined, IMAGE] })
  await using source = await made.reference.openSource()
  await source.getManifest()
  await readBytes(source, BLOB)
  expect(made.mirrors.map((mirror) => reads(mirror))).toEqual([[], ['200 all']])
})

describe('damage', () => {
  it('sends the next read elsewhere once it is told of', async () => {
    const made = await place()
    await using source = await made.reference.openSource()
    await source.getManifest()
    made.mirror.faults.add({ match: BLOBS, action: { kind: 'corrupt', atByte: 5 } })
    expect((await readBytes(source, BLOB)).equals(BYTES)).toBe(false)
    expect(source.distrustBlob?.(BLOB.digest)).toBe(true)
    expect((await readBytes(source, BLOB)).equals(BYTES)).toBe(true)
    expect(reads(made.registry)).toEqual(['200 all'])
    // The mirror is as good as before for the rest.
    const [other] = IMAGE.blobs
    await readBytes(source, other?.descriptor ?? BLOB)
    expect(reads(made.mirror)).toEqual(['200 all', '200 all'])
    expect(source.distrustBlob?.(BLOB.digest)).toBe(false)
  })

  it('is no matter of a registry without mirrors', async () => {
    const made = await mirrored(IMAGE, { mirrors: [] })
    await using source = await made.reference.openSource()
    expect(source.distrustBlob).toBeUndefined()
  })
})

describe('a layer that the image names by URL', () => {
  it('comes from a registry that has it, and from there if none has', async () => {
    const made = await mirrored(IMAGE)
    const elsewhere = await rawServer((_request, response) => void response.end(BYTES))
    const foreign = { ...BLOB, mediaType: FOREIGN, urls: [`http://${elsewhere.host}/layer`] }
    await using source = await made.reference.openSource()
    expect((await readBytes(source, foreign)).equals(BYTES)).toBe(true)
    expect(elsewhere.requests).toHaveLength(1)
    await put(`${made.registry.host}/team/app`)
    expect((await readBytes(source, foreign)).equals(BYTES)).toBe(true)
    expect(elsewhere.requests).toHaveLength(1)
  })
})
