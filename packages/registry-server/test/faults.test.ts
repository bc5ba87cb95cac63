import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startRegistry, type FaultRule, type RegistryServer } from '../src/index.ts'
import { ask, askRaw, pushBlob, sha, withQuery, type Answer, type Asking } from './client.ts'
import { OCI_INDEX } from './data-sets.ts'

const bytes = randomBytes(300_000)
const digest = sha(bytes)
const blob = `/v2/r/blobs/${digest}`
const index = '{"schemaVersion":2,"manifests":[]}'
const manifest = '/v2/r/manifests/v1'

let server: RegistryServer
beforeAll(async () => {
  server = await startRegistry()
  await pushBlob(server.url, 'r', bytes)
  await call(manifest, { method: 'PUT', body: index, headers: { 'content-type': OCI_INDEX } })
})
afterEach(() => server.faults.clear())
afterAll(async () => await server.close())

const call = async (path: string, asking?: Asking): Promise<Answer> => await ask(server.url, path, asking)
const add = (action: FaultRule['action'], match: FaultRule['match'] = {}): void =>
  void server.faults.add({ match, action })
const open = async (): Promise<string> =>
  String((await call('/v2/r/blobs/uploads/', { method: 'POST' })).headers.location)

describe('the connection', () => {
  test.each(['cut', 'reset'] as const)('%s before the headers', async (kind) => {
    add({ kind })
    await expect(call(blob)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(server.requests.at(-1)).toMatchObject({ status: 0, bytesSent: 0, faults: [kind] })
  })

  test.each(['cut', 'reset'] as const)('%s after 100 000 bytes, then a resume gets the rest', async (kind) => {
    add({ kind, afterBytes: 100_000 }, { route: 'blob', nth: 1 })
    const broken = await call(blob)
    expect([broken.status, broken.isBroken]).toEqual([200, true])
    expect(broken.headers['content-length']).toBe('300000')
    expect(kind === 'reset' || broken.body.equals(bytes.subarray(0, 100_000))).toBe(true)
    expect(server.requests.at(-1)?.bytesSent).toBe(100_000)
    const rest = await call(blob, { headers: { range: 'bytes=100000-' } })
    expect(rest.body).toEqual(bytes.subarray(100_000))
  })

  test('a cut after more bytes than there are changes nothing', async () => {
    add({ kind: 'cut', afterBytes: 300_000 })
    expect((await call(blob)).body).toEqual(bytes)
  })

  test.each(['cut', 'reset'] as const)('%s of an upload keeps what arrived', async (kind) => {
    const location = await open()
    add({ kind, afterBytes: 200_000, of: 'request' }, { method: 'PATCH', times: 1 })
    await expect(call(location, { method: 'PATCH', body: bytes })).rejects.toThrow(/hang up|ECONNRESET|EPIPE|abort/)
    const status = await call(location)
    expect([status.status, status.headers.range]).toEqual([204, '0-199999'])
    const rest = { method: 'PATCH', body: bytes.subarray(200_000), headers: { 'content-range': '200000-299999' } }
    const patched = await call(String(status.headers.location), rest)
    const end = await call(withQuery(patched.headers.location, `digest=${digest}`), { method: 'PUT' })
    expect(end.status).toBe(201)
  })

  test('hang before the headers and in the middle, until the client leaves', async () => {
    add({ kind: 'hang' }, { method: 'HEAD' })
    await expect(call(blob, { method: 'HEAD', signal: AbortSignal.timeout(50) })).rejects.toThrow(/abort/i)
    server.faults.clear()
    add({ kind: 'hang', afterBytes: 1000 })
    const answer = await call(blob, { maxBytes: 999 })
    expect(answer.body).toEqual(bytes.subarray(0, 1000))
  })

  test('a hanging upload is taken over by the next request of the session', async () => {
    const location = await open()
    add({ kind: 'hang', afterBytes: 1000, of: 'request' }, { method: 'PATCH', times: 1 })
    const hanging = call(location, { method: 'PATCH', body: bytes })
    hanging.catch(() => {})
    await expect.poll(() => server.requests.at(-1)?.bytesReceived).toBeGreaterThan(0)
    const gap = await call(location, { method: 'PATCH', body: 'x', headers: { 'content-range': '5000000-5000000' } })
    expect(gap.status).toBe(416)
    await expect(hanging).rejects.toThrow(/hang up|ECONNRESET|EPIPE|abort/)
  })

  test('delay', async () => {
    add({ kind: 'delay', delayMs: 30 })
    const start = performance.now()
    expect(await call('/v2/')).toMatchObject({ status: 200 })
    expect(performance.now() - start).toBeGreaterThanOrEqual(29)
  })

  test('throttle, in both directions', async () => {
    add({ kind: 'throttle', bytesPerSecond: 3_000_000 })
    const start = performance.now()
    expect((await call(blob)).body).toEqual(bytes)
    const middle = performance.now()
    expect(middle - start).toBeGreaterThanOrEqual(90)
    await call(await open(), { method: 'PATCH', body: bytes })
    expect(performance.now() - middle).toBeGreaterThanOrEqual(90)
  })

  test('closing the server ends what hangs', async () => {
    const other = await startRegistry({ faults: [{ action: { kind: 'hang' } }] })
    const hanging = ask(other.url, '/v2/')
    hanging.catch(() => {})
    await expect.poll(() => other.requests.length).toBe(1)
    await other.close()
    await expect(hanging).rejects.toThrow(/hang up|ECONNRESET|EPIPE|abort/)
  })
})

describe('what an answer carries', () => {
  test('corrupt: one byte differs, what is stored does not', async () => {
    add({ kind: 'corrupt', atByte: 70_000 }, { nth: 1 })
    const { body } = await call(blob)
    expect(body.length).toBe(bytes.length)
    expect([...body.entries()].filter(([at, byte]) => byte !== bytes[at]).map(([at]) => at)).toEqual([70_000])
    expect((await call(blob)).body).toEqual(bytes)
  })

  test('wrongLength: announces more than comes', async () => {
    add({ kind: 'wrongLength', byBytes: 10 })
    const answer = await call(blob)
    expect([answer.isBroken, answer.headers['content-length']]).toEqual([true, '300010'])
    expect(answer.body).toEqual(bytes)
  })

  test('wrongLength: announces less than comes', async () => {
    add({ kind: 'wrongLength', byBytes: -10 })
    const text = await askRaw(server.url, `GET ${manifest} HTTP/1.1\r\nhost: x\r\n\r\n`)
    const [head = '', body] = text.split('\r\n\r\n')
    expect(head).toContain(`content-length: ${index.length - 10}`)
    expect(body).toBe(index)
  })

  test('endless', async () => {
    add({ kind: 'endless', status: 500 })
    const answer = await call(manifest, { maxBytes: 5_000_000 })
    expect([answer.status, answer.headers['content-length']]).toEqual([500, undefined])
    expect(answer.body.length).toBeGreaterThan(5_000_000)
  })

  test('gzip', async () => {
    add({ kind: 'gzip' })
    const answer = await call(blob)
    expect(answer.headers).toMatchObject({ 'content-encoding': 'gzip', 'docker-content-digest': digest })
    expect(gunzipSync(answer.body)).toEqual(bytes)
  })

  test('html', async () => {
    add({ kind: 'html' }, { route: 'referrers' })
    const answer = await call(`/v2/r/referrers/${digest}`)
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
  })
})

describe('status and headers', () => {
  test('respond, instead of handling and after it', async () => {
    add({ kind: 'respond', status: 503, headers: { 'retry-after': '2' }, body: 'no' }, { nth: 1 })
    const answer = await call(blob)
    expect([answer.status, answer.headers['retry-after'], answer.body.toString()]).toEqual([503, '2', 'no'])
    server.faults.clear()
    add({ kind: 'respond', status: 500, afterHandling: true }, { method: 'PUT' })
    const put = await call('/v2/r/manifests/done', {
      method: 'PUT',
      body: index,
      headers: { 'content-type': OCI_INDEX },
    })
    expect(put.status).toBe(500)
    expect(await call('/v2/r/manifests/done')).toMatchObject({ status: 200 })
  })

  test('amend: headers set, left out, and another status', async () => {
    add({ kind: 'amend', headers: { 'content-type': null, etag: '"x"' } }, { route: 'manifest' })
    const answer = await call(manifest)
    expect([answer.headers['content-type'], answer.headers.etag]).toEqual([undefined, '"x"'])
    server.faults.clear()
    add({ kind: 'amend', headers: { 'content-type': `${OCI_INDEX}; charset=utf-8` } }, { route: 'manifest' })
    expect((await call(manifest)).headers['content-type']).toBe(`${OCI_INDEX}; charset=utf-8`)
    server.faults.clear()
    add({ kind: 'amend', status: 204, headers: { range: null } }, { method: 'PATCH' })
    const patched = await call(await open(), { method: 'PATCH', body: 'abc' })
    expect([patched.status, patched.headers.range]).toEqual([204, undefined])
    expect((await call(String(patched.headers.location))).headers.range).toBe('0-2')
  })

  test.each([403, 404, 405])('HEAD answers %i while GET works', async (status) => {
    add({ kind: 'respond', status }, { method: 'HEAD' })
    expect(await call(manifest, { method: 'HEAD' })).toMatchObject({ status })
    expect(await call(manifest)).toMatchObject({ status: 200 })
  })

  test('members: a document with others than its own', async () => {
    add({ kind: 'members', members: { name: 'other', more: [1] } }, { route: 'tags' })
    const { body } = await call('/v2/r/tags/list')
    expect(JSON.parse(String(body))).toMatchObject({ name: 'other', tags: expect.arrayContaining(['v1']), more: [1] })
  })

  test('redirect: to another origin with the path, and relative', async () => {
    add({ kind: 'redirect', to: 'http://localhost:1{path}', status: 302 }, { nth: 1 })
    const answer = await call(`${blob}?a=b`)
    expect([answer.status, answer.headers.location]).toEqual([302, `http://localhost:1${blob}?a=b`])
    server.faults.clear()
    add({ kind: 'redirect', to: '../elsewhere' })
    expect(await call(blob)).toMatchObject({ status: 307, headers: { location: '../elsewhere' } })
  })

  test('rateLimit: a budget, then refusals, then on', async () => {
    add({ kind: 'rateLimit', budget: 2, retryAfter: '1', refusals: 1 }, { route: 'manifest' })
    const seen: unknown[] = []
    for (let count = 0; count < 4; count += 1) {
      const { status, headers } = await call(manifest)
      seen.push([status, headers['retry-after']])
    }
    expect(seen).toEqual([
      [200, undefined],
      [200, undefined],
      [429, '1'],
      [200, undefined],
    ])
  })

  test('unauthorized, with a challenge of its own and without', async () => {
    add({ kind: 'unauthorized', challenge: 'Bearer realm="http://x/"' }, { nth: 1 })
    expect((await call(blob)).headers['www-authenticate']).toBe('Bearer realm="http://x/"')
    server.faults.clear()
    add({ kind: 'unauthorized', challenge: null })
    const answer = await call(blob)
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, undefined])
  })

  test('wrongDigest', async () => {
    add({ kind: 'wrongDigest' })
    expect((await call(blob)).headers['docker-content-digest']).toBe(`sha256:${'0'.repeat(64)}`)
  })
})

describe('ranges, uploads and lists', () => {
  const part = { headers: { range: 'bytes=10-19' } }

  test('ignoreRange', async () => {
    add({ kind: 'ignoreRange' })
    const answer = await call(blob, part)
    expect([answer.status, answer.body.length, answer.headers['content-range']]).toEqual([200, 300_000, undefined])
  })

  test('refuseRange', async () => {
    add({ kind: 'refuseRange' })
    expect(await call(blob, part)).toMatchObject({ status: 416 })
    expect(await call(blob)).toMatchObject({ status: 200 })
  })

  test('shiftContentRange', async () => {
    add({ kind: 'shiftContentRange', byBytes: 5 })
    const answer = await call(blob, part)
    expect([answer.status, answer.headers['content-range']]).toEqual([206, 'bytes 15-24/300000'])
    expect(answer.body).toEqual(bytes.subarray(10, 20))
  })

  test('changeEtag: If-Range never holds', async () => {
    add({ kind: 'changeEtag' })
    const first = String((await call(blob)).headers.etag)
    const answer = await call(blob, { headers: { ...part.headers, 'if-range': first } })
    expect([answer.status, answer.body.length]).toEqual([200, 300_000])
    expect(answer.headers.etag).not.toBe(first)
  })

  test('forgetUpload', async () => {
    const location = await open()
    add({ kind: 'forgetUpload' }, { method: 'PATCH', nth: 1 })
    const answer = await call(location, { method: 'PATCH', body: 'abc' })
    expect([answer.status, answer.json.errors[0].code]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN'])
  })

  test('staleRange: less than is stored', async () => {
    const location = await open()
    await call(location, { method: 'PATCH', body: 'abcdef' })
    add({ kind: 'staleRange', byBytes: 3 })
    expect((await call(location)).headers.range).toBe('0-2')
  })

  test('staleLocation: the next request of the session is refused', async () => {
    const location = await open()
    add({ kind: 'staleLocation' }, { method: 'GET', nth: 1 })
    const told = String((await call(location)).headers.location)
    const answer = await call(told, { method: 'PATCH', body: 'abc' })
    expect([answer.status, answer.json.errors[0].code]).toEqual([400, 'BLOB_UPLOAD_INVALID'])
    const newest = String((await call(location)).headers.location)
    expect(await call(newest, { method: 'PATCH', body: 'abc' })).toMatchObject({ status: 202 })
  })

  test('tooLarge', async () => {
    add({ kind: 'tooLarge', aboveBytes: 1000 }, { method: ['PATCH', 'PUT'], route: 'upload' })
    const location = await open()
    expect(await call(location, { method: 'PATCH', body: bytes })).toMatchObject({ status: 413 })
    expect(await call(location, { method: 'PATCH', body: bytes.subarray(0, 1000) })).toMatchObject({ status: 202 })
  })

  test('refuseMount opens a session, respond refuses it', async () => {
    add({ kind: 'refuseMount' }, { route: 'mount', nth: 1 })
    const path = `/v2/other/blobs/uploads/?mount=${digest}&from=r`
    const opened = await call(path, { method: 'POST' })
    expect(opened.status).toBe(202)
    expect(await call(String(opened.headers.location))).toMatchObject({ status: 204 })
    server.faults.clear()
    add({ kind: 'respond', status: 405 }, { route: 'mount' })
    expect(await call(path, { method: 'POST' })).toMatchObject({ status: 405 })
    expect(await call('/v2/other/blobs/uploads/', { method: 'POST' })).toMatchObject({ status: 202 })
  })

  test('nullTags, repeatPage, linkTo', async () => {
    add({ kind: 'nullTags' }, { route: 'tags', nth: 1 })
    expect((await call('/v2/r/tags/list')).json).toEqual({ name: 'r', tags: null })
    server.faults.clear()
    add({ kind: 'repeatPage' })
    expect((await call('/v2/r/tags/list?n=1')).headers['link']).toBe('</v2/r/tags/list?n=1>; rel="next"')
    server.faults.clear()
    add({ kind: 'linkTo', url: 'http://localhost:1/v2/' })
    expect((await call('/v2/r/tags/list')).headers['link']).toBe('<http://localhost:1/v2/>; rel="next"')
  })

  test('subjectAsReferrers, by the API and by the tag', async () => {
    add({ kind: 'subjectAsReferrers' })
    expect((await call(`/v2/r/referrers/${sha(index)}`)).body.toString()).toBe(index)
    expect((await call(`/v2/r/manifests/${sha(index).replace(':', '-')}`)).body.toString()).toBe(index)
  })
})

const status = (code: number): FaultRule['action'] => ({ kind: 'respond', status: code })
const statuses = async (count: number, path = blob): Promise<number[]> => {
  const seen: number[] = []
  for (let left = count; left > 0; left -= 1) seen.push((await call(path)).status)
  return seen
}

describe('which requests', () => {
  test.each([
    [{}, [500, 500, 500, 500]],
    [{ nth: 2 }, [200, 500, 200, 200]],
    [{ times: 2 }, [500, 500, 200, 200]],
    [{ nth: 2, times: 2 }, [200, 500, 500, 200]],
    [{ digest }, [500, 500, 500, 500]],
    [{ digest: sha('x') }, [200, 200, 200, 200]],
    [{ repository: 'r', route: 'blob', method: 'GET', range: false }, [500, 500, 500, 500]],
    [{ repository: 's' }, [200, 200, 200, 200]],
    [{ route: ['tags', 'manifest'] }, [200, 200, 200, 200]],
    [{ method: ['HEAD', 'PUT'] }, [200, 200, 200, 200]],
    [{ range: true }, [200, 200, 200, 200]],
    [{ tag: 'v1' }, [200, 200, 200, 200]],
  ] as const)('%o', async (match, expected) => {
    add(status(500), match)
    expect(await statuses(4)).toEqual(expected)
  })

  test('a tag and a digest of a manifest', async () => {
    add(status(500), { tag: 'v1' })
    expect(await statuses(1, manifest)).toEqual([500])
    server.faults.clear()
    add(status(500), { digest: sha(index) })
    expect(await statuses(1, manifest)).toEqual([200])
    expect(await statuses(1, `/v2/r/manifests/${sha(index)}`)).toEqual([500])
  })

  test('several rules apply, the first one outermost', async () => {
    add({ kind: 'amend', headers: { etag: '"outer"' } })
    add({ kind: 'amend', headers: { etag: '"inner"', 'x-inner': 'yes' } })
    expect((await call(blob)).headers).toMatchObject({ etag: '"outer"', 'x-inner': 'yes' })
    expect(server.requests.at(-1)?.faults).toEqual(['amend', 'amend'])
  })

  test('a rule can be taken back; its count is its own', async () => {
    const remove = server.faults.add({ match: { nth: 1 }, action: status(500) })
    expect(await statuses(2)).toEqual([500, 200])
    remove()
    expect(server.faults.rules).toEqual([])
    server.faults.add({ match: { nth: 1 }, action: status(500) })
    expect(await statuses(1)).toEqual([500])
  })
})

test('a body that is refused unread does not spoil the connection', async () => {
  const upload = `PUT /v2/r/manifests/.bad HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\n${'x'.repeat(200_000)}`
  const text = await askRaw(server.url, `${upload}GET /v2/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
  expect(text.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 200'])
})

test('a body that is refused half-read does not spoil the connection', async () => {
  const small = await startRegistry({ maxManifestBytes: 10 })
  const chunk = `${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`
  const upload = `PUT /v2/r/manifests/v1 HTTP/1.1\r\nhost:\r\ntransfer-encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`
  const text = await askRaw(small.url, `${upload}GET /v2/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
  expect(text.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200'])
  await small.close()
})
