import { bytesBody, digestOf, type ImageDestination } from '@crossdock/core'
import { randomBytes } from '@crossdock/transport-testkit'
import type { RegistryServer, RegistryServerOptions } from '@crossdock/registry-server'
import { describe, expect, it } from 'vitest'
import {
  dockerTransport,
  memoryJournal,
  type DockerTransportOptions,
  type HostOptions,
  type OpenUpload,
} from '../../../src/index.ts'
import { descriptor, failure, rawServer, registry, seen, transport, watchedBody } from '../../peers.ts'

const KIB = 1024
const BYTES = randomBytes(1000 * KIB, 'large')
const BLOB = descriptor(BYTES)
const CHUNKED: HostOptions = { chunkFromBytes: 1, chunkBytes: 256 * KIB }

interface Peer {
  readonly server: RegistryServer
  readonly destination: ImageDestination
  readonly options: DockerTransportOptions
}

async function peer(options: RegistryServerOptions = {}, host: HostOptions = CHUNKED): Promise<Peer> {
  const server = await registry(options)
  const shared = { journal: memoryJournal(), hosts: { [server.host]: host } }
  const destination = await transport(shared).parseReference(`//${server.host}/a:t`).openDestination()
  return { server, destination, options: shared }
}

/** Another process with the same journal. */
async function later({ server, options }: Peer): Promise<ImageDestination> {
  return await transport(options).parseReference(`//${server.host}/a:t`).openDestination()
}

async function holds({ server }: Peer): Promise<boolean> {
  const destination = await transport().parseReference(`//${server.host}/a:t`).openDestination()
  return (await destination.findBlob?.(BLOB)) === 'present'
}

describe('in chunks', () => {
  it('are POST, PATCHes at the newest Location and an empty PUT', async () => {
    for (const absoluteLocations of [false, true]) {
      const { server, destination } = await peer({ absoluteLocations })
      await destination.putBlob(watchedBody(BYTES, 100_000), BLOB)
      expect(seen(server)).toEqual(['POST upload 202', ...Array<string>(4).fill('PATCH upload 202'), 'PUT upload 201'])
      expect(
        server.requests.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['content-range']),
      ).toEqual(['0-262143', '262144-524287', '524288-786431', '786432-1023999'])
      expect(server.requests.at(-1)?.bytesReceived).toBe(0)
    }
  })

  it.each([200, 201, 204])('take %i for an accepted chunk', async (status) => {
    const all = await peer()
    all.server.faults.add({ match: { method: 'PATCH' }, action: { kind: 'amend', status } })
    await all.destination.putBlob(watchedBody(BYTES), BLOB)
    expect(await holds(all)).toBe(true)
  })

  it('are not smaller than the registry demands', async () => {
    const { server, destination } = await peer({ chunkMinBytes: 400 * KIB })
    await destination.putBlob(watchedBody(BYTES), BLOB)
    expect(
      server.requests.filter(({ method }) => method === 'PATCH').map(({ bytesReceived }) => bytesReceived),
    ).toEqual([400 * KIB, 400 * KIB, 200 * KIB])
  })

  it('verify the whole before the registry is told the digest', async () => {
    const { server, destination } = await peer()
    for (const wrong of [BYTES.map((byte) => byte ^ 1), BYTES.subarray(1), Buffer.concat([BYTES, BYTES])]) {
      expect(await failure(() => destination.putBlob(watchedBody(wrong), BLOB))).toMatchObject({
        code: 'DIGEST_MISMATCH',
      })
      expect(await destination.partialBlob?.(BLOB)).toBe(0)
    }
    expect(server.requests.some(({ method }) => method === 'PUT')).toBe(false)
  })

  it('open the body once', async () => {
    const { destination } = await peer()
    const body = watchedBody(BYTES)
    await destination.putBlob(body, BLOB)
    expect(body.offsets).toEqual([0])
    expect(body.sent()).toBe(BYTES.byteLength)
  })

  it('are sent again from a body that can begin anywhere when a token runs out', async () => {
    const auth = { kind: 'token', users: { gordon: 'pw' } } as const
    const server = await registry({ auth })
    const docker = transport({
      credentials: { username: 'gordon', password: 'pw' },
      hosts: { [server.host]: CHUNKED },
    })
    const destination = await docker.parseReference(`//${server.host}/a:t`).openDestination()
    server.faults.add({ match: { method: 'PATCH', nth: 2 }, action: { kind: 'expireTokens' } })
    await destination.putBlob(watchedBody(BYTES, 100_000), BLOB)
    expect(await destination.findBlob?.(BLOB)).toBe('present')
  })
})

describe('after an interruption', () => {
  it('go on in another process at the byte that the registry has, without moving one again', async () => {
    const first = await peer()
    first.server.faults.add({
      match: { method: 'PATCH', nth: 3 },
      action: { kind: 'cut', afterBytes: 100 * KIB, of: 'request' },
    })
    const cut = await failure(() => first.destination.putBlob(watchedBody(BYTES, 64 * KIB), BLOB))
    expect(cut).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    await expectGoesOn(first)
  })

  it('go on after an abort as well', async () => {
    const first = await peer()
    const controller = new AbortController()
    const body = stopAfter(watchedBody(BYTES, 64 * KIB), 600 * KIB, () => controller.abort('enough'))
    expect(await failure(() => first.destination.putBlob(body, BLOB, { signal: controller.signal }))).toBe('enough')
    await expectGoesOn(first)
  })

  it('begin anew where the registry has forgotten the upload', async () => {
    const first = await peer()
    first.server.faults.add({ match: { method: 'PATCH', nth: 3 }, action: { kind: 'cut' } })
    await failure(() => first.destination.putBlob(watchedBody(BYTES), BLOB))
    first.server.faults.add({ match: { method: 'GET', route: 'upload' }, action: { kind: 'forgetUpload' } })
    const second = await later(first)
    const body = watchedBody(BYTES)
    await second.putBlob(body, BLOB)
    expect(body.offsets).toEqual([0])
    expect(await holds(first)).toBe(true)
  })

  it('wait until the registry has taken in what the dead process sent last', async () => {
    const first = await peer()
    first.server.faults.add({ match: { method: 'PATCH', nth: 3 }, action: { kind: 'cut' } })
    await failure(() => first.destination.putBlob(watchedBody(BYTES), BLOB))
    first.server.faults.add(
      { match: { method: 'GET', route: 'upload', nth: 1 }, action: { kind: 'staleRange', byBytes: 200 * KIB } },
      { match: { method: 'GET', route: 'upload', nth: 2 }, action: { kind: 'staleRange', byBytes: 100 * KIB } },
    )
    const before = first.server.requests.length
    const body = watchedBody(BYTES)
    await (await later(first)).putBlob(body, BLOB)
    expect(new Set(body.offsets)).toEqual(new Set([512 * KIB]))
    expect(seen(first.server).slice(before)).toEqual([
      ...Array<string>(4).fill('GET upload 204'),
      ...Array<string>(2).fill('PATCH upload 202'),
      'PUT upload 201',
    ])
  })

  it('go on where the last request of the dead process ends only after the status was told', async () => {
    const first = await peer()
    first.server.faults.add({ match: { method: 'PATCH', nth: 3 }, action: { kind: 'cut' } })
    await failure(() => first.destination.putBlob(watchedBody(BYTES), BLOB))
    first.server.faults.add({ match: { method: 'GET', route: 'upload', nth: 2 }, action: { kind: 'staleLocation' } })
    const before = first.server.requests.length
    const body = watchedBody(BYTES)
    await (await later(first)).putBlob(body, BLOB)
    expect(new Set(body.offsets)).toEqual(new Set([512 * KIB]))
    expect(seen(first.server).slice(before)).toEqual([
      'GET upload 204',
      'GET upload 204',
      'PATCH upload 400',
      'GET upload 204',
      ...Array<string>(2).fill('PATCH upload 202'),
      'PUT upload 201',
    ])
  })

  it('end what is whole under the newest Location', async () => {
    const first = await peer()
    first.server.faults.add({ match: { method: 'PUT', nth: 1 }, action: { kind: 'cut' } })
    await failure(() => first.destination.putBlob(watchedBody(BYTES), BLOB))
    first.server.faults.add({ match: { method: 'GET', route: 'upload', nth: 2 }, action: { kind: 'staleLocation' } })
    const before = first.server.requests.length
    const body = watchedBody(BYTES)
    await (await later(first)).putBlob(body, BLOB)
    expect(body.offsets).toEqual([])
    expect(seen(first.server).slice(before)).toEqual([
      'GET upload 204',
      'GET upload 204',
      'PUT upload 400',
      'GET upload 204',
      'PUT upload 201',
    ])
  })

  it('go on further on than was told if more turns out to have arrived', async () => {
    const first = await peer()
    first.server.faults.add(
      { match: { method: 'PATCH', nth: 1 }, action: { kind: 'cut', afterBytes: 100 * KIB, of: 'request' } },
      ...[1, 2].map((nth) => ({
        match: { method: 'GET', route: 'upload' as const, nth },
        action: { kind: 'staleRange' as const, byBytes: 100 * KIB },
      })),
    )
    await failure(() => first.destination.putBlob(watchedBody(BYTES, 64 * KIB), BLOB))
    const body = watchedBody(BYTES)
    await (await later(first)).putBlob(body, BLOB)
    expect(body.offsets).toEqual([0, 100 * KIB])
    expect(await holds(first)).toBe(true)
  })

  it('are done if only the last answer was lost', async () => {
    const first = await peer()
    first.server.faults.add({
      match: { method: 'PUT', nth: 1 },
      action: { kind: 'respond', status: 500, afterHandling: true },
    })
    expect(await failure(() => first.destination.putBlob(watchedBody(BYTES), BLOB))).toMatchObject({
      code: 'UNAVAILABLE',
    })
    const second = await later(first)
    const body = watchedBody(BYTES)
    await second.putBlob(body, BLOB)
    expect(body.offsets).toEqual([])
    expect(await holds(first)).toBe(true)
  })

  it('trust their own count if the registry is behind with its', async () => {
    const first = await peer()
    first.server.faults.add(
      { match: { method: 'PATCH', nth: 3 }, action: { kind: 'respond', status: 503 } },
      { match: { route: 'upload' }, action: { kind: 'staleRange', byBytes: 100 * KIB } },
    )
    await failure(() => first.destination.putBlob(watchedBody(BYTES), BLOB))
    const body = watchedBody(BYTES)
    await (await later(first)).putBlob(body, BLOB)
    expect(body.offsets).toEqual([512 * KIB])
    expect(await holds(first)).toBe(true)
  })

  it('find out damage of what was kept and begin anew within the same put', async () => {
    const first = await peer()
    first.server.faults.add({ match: { method: 'PATCH', nth: 3 }, action: { kind: 'cut' } })
    await failure(() => first.destination.putBlob(watchedBody(BYTES.map((byte) => byte ^ 1)), BLOB))
    const body = watchedBody(BYTES)
    await (await later(first)).putBlob(body, BLOB)
    expect(body.offsets).toEqual([512 * KIB, 0])
    expect(await holds(first)).toBe(true)
  })

  it('leave nothing behind without resume', async () => {
    const server = await registry()
    const docker = dockerTransport({ resume: false, hosts: { [server.host]: CHUNKED } })
    const destination = await docker.parseReference(`//${server.host}/a:t`).openDestination()
    const controller = new AbortController()
    const reason = new Error('enough')
    const body = stopAfter(watchedBody(BYTES, 64 * KIB), 600 * KIB, () => controller.abort(reason))
    expect(await failure(() => destination.putBlob(body, BLOB, { signal: controller.signal }))).toBe(reason)
    expect(seen(server).at(-1)).toBe('DELETE upload 204')
    await docker.close()
  })
})

describe('in one request', () => {
  const WHOLE: HostOptions = {}

  /** The first attempt breaks off in the middle of its PUT. */
  async function cutPut(options: RegistryServerOptions = {}): Promise<Peer> {
    const first = await peer(options, WHOLE)
    const end = first.server.faults.add({
      match: { method: 'PUT', nth: 1 },
      action: { kind: 'cut', afterBytes: 600 * KIB, of: 'request' },
    })
    expect(await failure(() => first.destination.putBlob(watchedBody(BYTES), BLOB))).toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    })
    end()
    return first
  }

  it('go on in another process at the byte that the registry has', async () => {
    await expectGoesOn(await cutPut())
  })

  it('go on within the process', async () => {
    const { server, destination } = await cutPut()
    const body = watchedBody(BYTES)
    await destination.putBlob(body, BLOB)
    expect(body.offsets).toEqual([600 * KIB])
    expect(seen(server).slice(2)).toEqual(['GET upload 204', 'GET upload 204', 'PATCH upload 202', 'PUT upload 201'])
  })

  it('go on after an abort', async () => {
    const first = await peer({}, WHOLE)
    const controller = new AbortController()
    const body = stopAfter(watchedBody(BYTES, 64 * KIB), 600 * KIB, () => controller.abort('enough'))
    expect(await failure(() => first.destination.putBlob(body, BLOB, { signal: controller.signal }))).toBe('enough')
    await expectGoesOn(first)
  })

  it('are noted while they go on, and forgotten when they are done', async () => {
    const { server, destination, options } = await peer({}, WHOLE)
    const key = { host: server.host, repository: 'a', digest: BLOB.digest }
    const peeks: Promise<OpenUpload | undefined>[] = []
    const body = stopAfter(watchedBody(BYTES, 64 * KIB), 600 * KIB, () => {
      peeks.push(options.journal!.peek(key))
    })
    await destination.putBlob(body, BLOB)
    expect(await peeks[0]).toMatchObject({ offset: 0 })
    expect(await options.journal!.peek(key)).toBeUndefined()
  })

  it.each([400, 403, 404, 405, 410, 416, 500, 501])(
    'begin anew where the registry answers %i for the upload',
    async (status) => {
      const first = await cutPut()
      first.server.faults.add({ match: { method: 'GET', route: 'upload' }, action: { kind: 'respond', status } })
      const before = first.server.requests.length
      const body = watchedBody(BYTES)
      await (await later(first)).putBlob(body, BLOB)
      expect(body.offsets).toEqual([0])
      expect(seen(first.server).slice(before).slice(-2)).toEqual(['POST upload 202', 'PUT upload 201'])
    },
  )

  it.each([400, 404, 416, 501])('begin anew in one request where chunks are refused with %i', async (status) => {
    const first = await cutPut()
    first.server.faults.add({ match: { method: 'PATCH' }, action: { kind: 'respond', status } })
    const body = watchedBody(BYTES)
    await (await later(first)).putBlob(body, BLOB)
    expect(body.offsets.at(-1)).toBe(0)
    expect(seen(first.server).slice(-2)).toEqual(['POST upload 202', 'PUT upload 201'])
    expect(await holds(first)).toBe(true)
  })

  it('begin anew within the same put if what was kept is damaged', async () => {
    const first = await peer({}, WHOLE)
    const controller = new AbortController()
    const wrong = watchedBody(
      BYTES.map((byte) => byte ^ 1),
      64 * KIB,
    )
    const stopped = stopAfter(wrong, 600 * KIB, () => controller.abort('enough'))
    await failure(() => first.destination.putBlob(stopped, BLOB, { signal: controller.signal }))
    const body = watchedBody(BYTES)
    await (await later(first)).putBlob(body, BLOB)
    expect(body.offsets).toEqual([expect.toSatisfy((offset: number) => offset > 0), 0])
    expect(await holds(first)).toBe(true)
  })

  it('are done if only the answer was lost', async () => {
    const first = await peer({}, WHOLE)
    first.server.faults.add({
      match: { method: 'PUT', nth: 1 },
      action: { kind: 'respond', status: 500, afterHandling: true },
    })
    await failure(() => first.destination.putBlob(watchedBody(BYTES), BLOB))
    const body = watchedBody(BYTES)
    await (await later(first)).putBlob(body, BLOB)
    expect(body.offsets).toEqual([])
    expect(await holds(first)).toBe(true)
  })

  it('are not remembered any more once the blob turns out to be there', async () => {
    const first = await peer({}, WHOLE)
    first.server.faults.add({
      match: { method: 'PUT', nth: 1 },
      action: { kind: 'respond', status: 500, afterHandling: true },
    })
    await failure(() => first.destination.putBlob(watchedBody(BYTES), BLOB))
    const key = { host: first.server.host, repository: 'a', digest: BLOB.digest }
    expect(await first.options.journal!.peek(key)).toBeDefined()
    expect(await (await later(first)).reuseBlob?.(BLOB)).toBeDefined()
    expect(await first.options.journal!.peek(key)).toBeUndefined()
  })

  it('go on in an upload that has nothing yet', async () => {
    const first = await peer({}, WHOLE)
    first.server.faults.add({ match: { method: 'PUT', nth: 1 }, action: { kind: 'cut' } })
    await failure(() => first.destination.putBlob(watchedBody(BYTES), BLOB))
    const before = first.server.requests.length
    await (await later(first)).putBlob(watchedBody(BYTES), BLOB)
    expect(seen(first.server).slice(before)).toEqual(['GET upload 204', 'GET upload 204', 'PUT upload 201'])
  })

  it('leave nothing behind without resume', async () => {
    const server = await registry()
    const docker = dockerTransport({ resume: false })
    const destination = await docker.parseReference(`//${server.host}/a:t`).openDestination()
    const controller = new AbortController()
    const reason = new Error('enough')
    const body = stopAfter(watchedBody(BYTES, 64 * KIB), 600 * KIB, () => controller.abort(reason))
    expect(await failure(() => destination.putBlob(body, BLOB, { signal: controller.signal }))).toBe(reason)
    expect(seen(server).at(-1)).toBe('DELETE upload 204')
    await docker.close()
  })

  it('are not disturbed by another transport of the process that sends the same', async () => {
    const first = await peer({}, WHOLE)
    const second = await later(first)
    const bodies = [watchedBody(BYTES, 64 * KIB), watchedBody(BYTES, 64 * KIB)]
    let begun: Promise<unknown> | undefined
    const body = stopAfter(bodies[0]!, 300 * KIB, () => {
      begun ??= second.putBlob(bodies[1]!, BLOB)
    })
    await first.destination.putBlob(body, BLOB)
    await begun
    expect(bodies.map(({ offsets }) => offsets)).toEqual([[0], [0]])
    expect(seen(first.server).filter((request) => request.startsWith('GET'))).toEqual([])
  })
})

describe('what a registry refuses is tried otherwise', () => {
  it('in chunks, if the whole is too large for something on the way', async () => {
    const all = await peer({}, {})
    all.server.faults.add({ match: { method: 'PUT' }, action: { kind: 'tooLarge', aboveBytes: 600 * KIB } })
    await all.destination.putBlob(watchedBody(BYTES), BLOB)
    expect(await holds(all)).toBe(true)
    // The next one goes in chunks at once.
    const before = all.server.requests.length
    const other = randomBytes(1100 * KIB, 'other')
    await all.destination.putBlob(watchedBody(other), descriptor(other))
    expect(seen(all.server).slice(before)).toEqual(['POST upload 202', 'PATCH upload 202', 'PUT upload 201'])
  })

  it('in smaller chunks, if one is too large', async () => {
    const all = await peer({}, { chunkFromBytes: 1, chunkBytes: 8 * KIB * KIB })
    const bytes = randomBytes(5000 * KIB, 'larger')
    all.server.faults.add({ match: { method: ['PATCH', 'PUT'] }, action: { kind: 'tooLarge', aboveBytes: 2500 * KIB } })
    await all.destination.putBlob(watchedBody(bytes), descriptor(bytes))
    expect(await all.destination.findBlob?.(descriptor(bytes))).toBe('present')
  })

  it('in chunks of 4 MiB, if larger ones are refused with 416', async () => {
    const all = await peer({}, { chunkFromBytes: 1, chunkBytes: 8 * KIB * KIB })
    const bytes = randomBytes(9000 * KIB, 'largest')
    all.server.faults.add({
      match: { method: 'PATCH' },
      action: { kind: 'tooLarge', aboveBytes: 4 * KIB * KIB, status: 416 },
    })
    await all.destination.putBlob(watchedBody(bytes), descriptor(bytes))
    expect(await all.destination.findBlob?.(descriptor(bytes))).toBe('present')
    expect(Math.max(...all.server.requests.map(({ bytesReceived }) => bytesReceived))).toBe(4 * KIB * KIB)
  })

  it.each([400, 404, 405, 416, 501])('in one request, if chunks are refused with %i', async (status) => {
    const all = await peer()
    all.server.faults.add({ match: { method: 'PATCH' }, action: { kind: 'respond', status } })
    const body = watchedBody(BYTES)
    await all.destination.putBlob(body, BLOB)
    expect(await holds(all)).toBe(true)
    // And so are streams of which nobody knows the size.
    const bytes = randomBytes(700 * KIB, 'stream')
    await all.destination.putBlob({ open: (offset) => bytesBody(bytes).open(offset) }, {})
    expect(await all.destination.findBlob?.(descriptor(bytes))).toBe('present')
  })

  it('from where the registry stands, if it counts otherwise', async () => {
    const all = await peer()
    // It lost the second chunk although it acknowledged it.
    all.server.faults.add({ match: { method: 'PATCH', nth: 2 }, action: { kind: 'respond', status: 202, headers: {} } })
    const body = watchedBody(BYTES)
    await all.destination.putBlob(body, BLOB)
    expect(body.offsets).toEqual([0, 256 * KIB])
    expect(await holds(all)).toBe(true)
  })

  it('anew, if the upload that a mount opened is gone', async () => {
    const all = await peer({ mounts: false }, {})
    const from = transport().parseReference(`//${all.server.host}/from:t`)
    await all.destination.reuseBlob?.({ ...BLOB, from })
    all.server.faults.add({ match: { method: 'PUT', nth: 1 }, action: { kind: 'forgetUpload' } })
    await all.destination.putBlob(watchedBody(BYTES), BLOB)
    expect(await holds(all)).toBe(true)
  })
})

it('maps what a registry finds wrong with the bytes, and shows no state of the upload', async () => {
  const body = JSON.stringify({ errors: [{ code: 'DIGEST_INVALID', message: 'provided digest did not match' }] })
  const all = await peer()
  all.server.faults.add({ match: { method: 'PUT' }, action: { kind: 'respond', status: 400, body } })
  const error = await failure(() => all.destination.putBlob(watchedBody(BYTES), BLOB))
  expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', side: 'destination' })
  expect(error.message).not.toContain('_state')
})

it('announces sha512 when the upload begins', async () => {
  const { server, destination } = await peer({}, {})
  const digest = digestOf(BYTES, 'sha512')
  await destination.putBlob(bytesBody(BYTES), { digest, size: BYTES.byteLength })
  expect(server.requests[0]?.query).toBe('digest-algorithm=sha512')
})

it('keeps what a Location says of the upload and adds to it', async () => {
  const server = await rawServer((request, response) => {
    const location = request.method === 'POST' ? '/v2/a/blobs/uploads/x?_state=a%2Bb~c%20d&y=' : '/done'
    response.writeHead(request.method === 'POST' ? 202 : 201, { location }).end()
  })
  const destination = await transport().parseReference(`//${server.host}/a:t`).openDestination()
  const bytes = randomBytes(10, 'bytes')
  await destination.putBlob(bytesBody(bytes), descriptor(bytes))
  expect(server.requests).toEqual([
    'POST /v2/a/blobs/uploads/',
    `PUT /v2/a/blobs/uploads/x?_state=a%2Bb~c%20d&y=&digest=${encodeURIComponent(descriptor(bytes).digest)}`,
  ])
})

it.each(['file:///etc/passwd', 'http://169.254.169.254/x', 'http://user:pw@127.0.0.1/x'])(
  'does not follow a Location to %s',
  async (location) => {
    const server = await rawServer((_request, response) => {
      response.writeHead(202, { location }).end()
    })
    const destination = await transport().parseReference(`//${server.host}/a:t`).openDestination()
    const bytes = randomBytes(10, 'bytes')
    expect(await failure(() => destination.putBlob(bytesBody(bytes), descriptor(bytes)))).toMatchObject({
      code: 'INVALID_DATA',
    })
    expect(server.requests).toHaveLength(1)
  },
)

async function expectGoesOn(first: Peer): Promise<void> {
  const second = await later(first)
  const kept = (await second.partialBlob?.(BLOB)) ?? 0
  expect(kept).toBeGreaterThanOrEqual(512 * KIB)
  const body = watchedBody(BYTES)
  const received = first.server.counters.bytesReceived
  await second.putBlob(body, BLOB)
  expect(body.offsets).toEqual([kept])
  expect(first.server.counters.bytesReceived - received).toBe(BYTES.byteLength - kept)
  expect(await holds(first)).toBe(true)
  expect(await second.partialBlob?.(BLOB)).toBe(0)
}

function stopAfter(
  body: ReturnType<typeof watchedBody>,
  bytes: number,
  stop: () => void,
): ReturnType<typeof watchedBody> {
  return {
    ...body,
    open: (offset) => ({
      async *[Symbol.asyncIterator]() {
        let sent = 0
        for await (const chunk of body.open(offset)) {
          yield chunk
          sent += chunk.byteLength
          if (sent >= bytes) stop()
        }
      },
    }),
  }
}
