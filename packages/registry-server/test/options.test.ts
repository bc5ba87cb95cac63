import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { startRegistry, type RecordedRequest, type RegistryServer, type RegistryServerOptions } from '../src/index.ts'
import { ask, pushBlob, sha, withQuery, type Answer, type Asking } from './client.ts'
import { OCI_INDEX } from './data-sets.ts'

const index = '{"schemaVersion":2,"manifests":[]}'
const digest = sha(index)

let server: RegistryServer | undefined
afterEach(async () => await server?.close())

async function start(options: RegistryServerOptions): Promise<RegistryServer> {
  server = await startRegistry(options)
  return server
}

async function call(path: string, asking?: Asking): Promise<Answer> {
  if (server === undefined) throw new Error('not started')
  return await ask(server.url, path, asking)
}

async function putManifest(reference: string, text = index): Promise<Answer> {
  return await call(`/v2/r/manifests/${reference}`, {
    method: 'PUT',
    body: text,
    headers: { 'content-type': OCI_INDEX },
  })
}

test('url and host name the port that was free', async () => {
  const { url, host } = await start({})
  expect(host).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(url.href).toBe(`http://${host}/`)
})

test('a port that is taken rejects, and the storage is free again', async () => {
  const first = await start({})
  await expect(startRegistry({ port: Number(first.url.port) })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('close can be called twice, and storage outlives its server', async () => {
  const first = await start({})
  await putManifest('v1')
  await Promise.all([first.close(), first.close()])
  await start({ storage: first.storage })
  expect((await call('/v2/r/manifests/v1')).body.toString()).toBe(index)
})

test('readOnly', async () => {
  const { storage } = await start({})
  await putManifest('v1')
  await server?.close()
  await start({ storage, readOnly: true })
  expect(await call('/v2/r/manifests/v1')).toMatchObject({ status: 200 })
  expect(await call('/v2/r/manifests/v1', { method: 'HEAD' })).toMatchObject({ status: 200 })
  for (const method of ['PUT', 'DELETE'])
    expect(await call('/v2/r/manifests/v1', { method })).toMatchObject({ status: 405 })
  expect(await call('/v2/r/blobs/uploads/', { method: 'POST' })).toMatchObject({ status: 405 })
})

test('deleteEnabled: false', async () => {
  await start({ deleteEnabled: false })
  await putManifest('v1')
  const answer = await call('/v2/r/manifests/v1', { method: 'DELETE' })
  expect([answer.status, answer.json.errors[0].code, answer.headers.allow]).toEqual([405, 'UNSUPPORTED', 'GET, PUT'])
})

test('referrersApi: false is a page that is not there, and no OCI-Subject', async () => {
  await start({ referrersApi: false })
  const answer = await call(`/v2/r/referrers/${digest}`)
  expect([answer.status, answer.headers['content-type']]).toEqual([404, 'text/plain; charset=utf-8'])
  const put = await putManifest(
    'v1',
    JSON.stringify({ ...JSON.parse(index), subject: { digest, mediaType: 'a/b', size: 1 } }),
  )
  expect([put.status, put.headers['oci-subject']]).toEqual([201, undefined])
})

test('referrersPageSize and tagsPageSize lead on with Link', async () => {
  await start({ referrersPageSize: 2, tagsPageSize: 3 })
  const expected: string[] = []
  for (let count = 0; count < 5; count += 1) {
    const text = JSON.stringify({
      schemaVersion: 2,
      manifests: [],
      annotations: { n: `${count}` },
      subject: { digest },
    })
    expect(await putManifest(`t${count}`, text)).toMatchObject({ status: 201 })
    expected.push(sha(text))
  }
  const found: string[] = []
  let path: string | undefined = `/v2/r/referrers/${digest}`
  while (path !== undefined) {
    const answer: Answer = await call(path)
    expect(answer.json.manifests.length).toBeLessThanOrEqual(2)
    found.push(...answer.json.manifests.map((each) => each.digest))
    path = /<([^>]*)>/.exec(String(answer.headers['link'] ?? ''))?.[1]
  }
  expect(found).toEqual(expected.toSorted())
  const tags = await call('/v2/r/tags/list?n=100')
  expect(tags.json.tags).toEqual(['t0', 't1', 't2'])
  expect(tags.headers['link']).toBe('</v2/r/tags/list?n=3&last=t2>; rel="next"')
})

test('mounts: false opens a session instead', async () => {
  const { url } = await start({ mounts: false })
  const blob = await pushBlob(url, 'a', 'x')
  expect(await call(`/v2/b/blobs/uploads/?mount=${blob}&from=a`, { method: 'POST' })).toMatchObject({ status: 202 })
})

test('sparseIndexes: false names the manifests that are missing', async () => {
  await start({ sparseIndexes: false })
  const text = JSON.stringify({ schemaVersion: 2, manifests: [{ digest, mediaType: OCI_INDEX, size: index.length }] })
  const answer = await putManifest('v1', text)
  expect(answer.json.errors).toMatchObject([{ code: 'MANIFEST_BLOB_UNKNOWN', detail: { digest } }])
  await putManifest(digest)
  expect(await putManifest('v1', text)).toMatchObject({ status: 201 })
})

test('chunkMinBytes is announced, and only the last chunk may be smaller', async () => {
  await start({ chunkMinBytes: 4 })
  const opened = await call('/v2/r/blobs/uploads/', { method: 'POST' })
  expect(opened.headers['oci-chunk-min-length']).toBe('4')
  const one = await call(String(opened.headers.location), { method: 'PATCH', body: 'abcd' })
  const two = await call(String(one.headers.location), { method: 'PATCH', body: 'ef' })
  const three = await call(String(two.headers.location), { method: 'PATCH', body: 'ghij' })
  expect([three.status, three.json.errors[0].code]).toEqual([400, 'SIZE_INVALID'])
  const end = await call(withQuery(two.headers.location, `digest=${sha('abcdef')}`), { method: 'PUT' })
  expect(end.status).toBe(201)
})

test('absoluteLocations', async () => {
  const { url } = await start({ absoluteLocations: true })
  const opened = await call('/v2/r/blobs/uploads/', { method: 'POST' })
  expect(String(opened.headers.location)).toMatch(new RegExp(`^${url.origin}/v2/r/blobs/uploads/`))
  expect((await putManifest('v1')).headers.location).toBe(`${url.origin}/v2/r/manifests/v1`)
})

test('bytesPerSecond holds for a connection, whatever the number of requests', async () => {
  const { url } = await start({ bytesPerSecond: 1_000_000 })
  const begin = performance.now()
  const blob = await pushBlob(url, 'r', Buffer.alloc(100_000))
  expect(performance.now() - begin).toBeGreaterThanOrEqual(95)
  const middle = performance.now()
  expect((await call(`/v2/r/blobs/${blob}`)).body.length).toBe(100_000)
  expect(performance.now() - middle).toBeGreaterThanOrEqual(95)
})

test('bytesPerSecond holds back nothing of a request whose client has left', async () => {
  const { counters } = await start({ bytesPerSecond: 100_000 })
  const opened = await call('/v2/r/blobs/uploads/', { method: 'POST' })
  const location = String(opened.headers.location)
  const leaving = new AbortController()
  const sent = call(location, { method: 'PATCH', body: Buffer.alloc(60_000), signal: leaving.signal })
  await expect.poll(() => counters.bytesReceived).toBeGreaterThan(0)
  leaving.abort()
  await sent.catch(() => undefined)
  await expect.poll(async () => (await call(location)).headers.range).toBe(`0-${counters.bytesReceived - 1}`)
})

describe('requests', () => {
  test('what was asked, what was answered, how much moved', async () => {
    const told: RecordedRequest[] = []
    const { url, requests, counters } = await start({ onRequest: (each) => void told.push(each) })
    const blob = await pushBlob(url, 'r', 'abcdef')
    const headers = { range: 'bytes=1-2', authorization: 'Bearer x' }
    await call(`/v2/r/blobs/${blob}?a=b`, { headers })
    expect(requests.map(({ method, route, status }) => [method, route, status])).toEqual([
      ['POST', 'upload', 202],
      ['PUT', 'upload', 201],
      ['GET', 'blob', 206],
    ])
    expect(requests[1]).toMatchObject({ bytesReceived: 6, bytesSent: 0 })
    expect(requests[2]).toMatchObject({
      path: `/v2/r/blobs/${blob}`,
      query: 'a=b',
      range: 'bytes=1-2',
      headers,
      bytesReceived: 0,
      bytesSent: 2,
      faults: [],
    })
    expect(counters).toEqual({ requests: 3, bytesReceived: 6, bytesSent: 2 })
    await expect.poll(() => told).toEqual(requests)
  })

  test('old ones are forgotten, and a listener that throws does no harm', async () => {
    const { requests, counters } = await start({ maxRecordedRequests: 2, onRequest: failingListener })
    for (const path of ['/1', '/2', '/3']) await call(path)
    expect(requests.map(({ path }) => path)).toEqual(['/2', '/3'])
    expect(counters.requests).toBe(3)
  })
})

describe('profiles', () => {
  test('older', async () => {
    await start({ profile: 'older', deleteEnabled: true })
    expect(await call(`/v2/r/referrers/${digest}`)).toMatchObject({ status: 404 })
    await putManifest('v1')
    expect(await call('/v2/r/manifests/v1', { method: 'DELETE' })).toMatchObject({ status: 202 })
  })

  test('hosted', async () => {
    await start({ profile: 'hosted' })
    const opened = await call('/v2/r/blobs/uploads/', { method: 'POST' })
    const patched = await call(String(opened.headers.location), {
      method: 'PATCH',
      body: Buffer.alloc(2 * 1024 * 1024),
    })
    expect(patched.status).toBe(201)
    expect((await call(String(patched.headers.location))).headers.range).toBe(`0-${1024 * 1024 - 1}`)
    await putManifest('v1')
    expect((await call('/v2/r/manifests/v1')).headers['docker-content-digest']).toBeUndefined()
  })

  test('smallChunks', async () => {
    await start({ profile: 'smallChunks', faults: [{ match: { route: 'ping' }, action: { kind: 'html' } }] })
    const opened = await call('/v2/r/blobs/uploads/', { method: 'POST' })
    const large = { method: 'PATCH', body: Buffer.alloc(4 * 1024 * 1024 + 1) }
    expect(await call(String(opened.headers.location), large)).toMatchObject({ status: 416 })
    expect((await call('/v2/')).headers['content-type']).toContain('text/html')
  })

  test('subjectTags', async () => {
    await start({ profile: 'subjectTags' })
    await putManifest(digest)
    expect((await call(`/v2/r/manifests/${digest.replace(':', '-')}`)).body.toString()).toBe(index)
  })
})

test('TLS: served with the certificate, Location and realm are https', async () => {
  const [key, cert] = await Promise.all(['key', 'cert'].map(async (name) => await readFile(fixture(`${name}.pem`))))
  const { url } = await start({
    tls: { key, cert },
    absoluteLocations: true,
    auth: { kind: 'token', users: {}, anonymous: [] },
    faults: [{ match: { nth: 2 }, action: { kind: 'reset' } }],
  })
  expect(url.protocol).toBe('https:')
  const get = async (): Promise<string> =>
    await new Promise((resolve, reject) => {
      const asked = request(url, { path: '/v2/', ca: cert, agent: false }, (response) => {
        response.resume()
        resolve(String(response.headers['www-authenticate']))
      })
      asked.on('error', reject)
      asked.end()
    })
  expect(await get()).toContain(`realm="${url.origin}/token"`)
  await expect(get()).rejects.toMatchObject({ code: 'ECONNRESET' })
})

function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
}

function failingListener({ path }: RecordedRequest): void {
  throw new Error(`broken listener of ${path}`)
}
