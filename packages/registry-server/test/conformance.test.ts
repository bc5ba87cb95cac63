import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRegistry, type RegistryServer } from '../src/index.ts'
import { ask, pushBlob, sha, withQuery, type Answer, type Asking } from './client.ts'
import { DATA_SETS, OCI_INDEX, OCI_MANIFEST } from './data-sets.ts'
import { STORAGES } from './storages.ts'

const ZERO = `sha256:${'0'.repeat(64)}`

describe.each(Object.keys(STORAGES))('%s storage', (kind) => {
  let server: RegistryServer
  beforeAll(async () => {
    const storage = await STORAGES[kind]?.()
    server = await startRegistry({ storage })
  })
  afterAll(async () => await server.close())

  const call = async (path: string, asking?: Asking): Promise<Answer> => await ask(server.url, path, asking)
  const open = async (repository: string): Promise<string> => {
    const { status, headers } = await call(`/v2/${repository}/blobs/uploads/`, { method: 'POST' })
    expect(status).toBe(202)
    return headers.location ?? ''
  }
  const putText = async (path: string, text: string, type = OCI_MANIFEST): Promise<Answer> =>
    await call(path, { method: 'PUT', body: text, headers: { 'content-type': type } })

  test('end-1: the probe answers 200', async () => {
    expect(await call('/v2/')).toMatchObject({ status: 200, body: Buffer.from('{}\n') })
  })

  describe.each(DATA_SETS)('data set $name', (set) => {
    const repository = `data/${set.name}`
    const root = set.manifests.at(-1)

    test('is pushed', async () => {
      const { blobs, manifests, algorithm = 'sha256' } = set
      for (const blob of blobs) {
        const { headers } = await call(`/v2/${repository}/blobs/uploads/?digest-algorithm=${algorithm}`, {
          method: 'POST',
        })
        const location = withQuery(headers.location, `digest=${sha(blob, algorithm)}`)
        expect(await call(location, { method: 'PUT', body: blob })).toMatchObject({ status: 201 })
      }
      for (const { text, digest, mediaType } of manifests) {
        const answer = await putText(`/v2/${repository}/manifests/${digest}`, text, mediaType)
        expect(answer.json).toEqual({})
        expect(answer.status).toBe(201)
        expect(answer.headers['docker-content-digest']).toBe(digest)
        expect(answer.headers['oci-subject']).toBe(JSON.parse(text).subject?.digest)
      }
      const last = manifests.at(-1)
      if (last !== undefined) await putText(`/v2/${repository}/manifests/latest`, last.text, last.mediaType)
    })

    test('end-3: every manifest is there byte for byte, by GET and HEAD', async () => {
      for (const { text, digest, mediaType } of set.manifests) {
        const answer = await call(`/v2/${repository}/manifests/${digest}`)
        expect(answer.status).toBe(200)
        expect(answer.body.toString()).toBe(text)
        expect(answer.headers).toMatchObject({ 'content-type': mediaType, 'docker-content-digest': digest })
        const head = await call(`/v2/${repository}/manifests/${digest}`, { method: 'HEAD' })
        expect(head.headers['content-length']).toBe(String(Buffer.byteLength(text)))
      }
    })

    test('end-3: the tag names the last one', async () => {
      const answer = await call(`/v2/${repository}/manifests/latest`)
      expect(answer.body.toString()).toBe(root?.text)
    })

    test('end-2: every blob is there, by GET and HEAD', async () => {
      for (const blob of set.blobs) {
        const path = `/v2/${repository}/blobs/${sha(blob, set.algorithm)}`
        const answer = await call(path)
        expect(answer.body.toString()).toBe(blob)
        expect(answer.headers).toMatchObject({
          'docker-content-digest': sha(blob, set.algorithm),
          'content-length': String(blob.length),
        })
        const head = await call(path, { method: 'HEAD' })
        expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, String(blob.length), 0])
      }
    })

    test('end-8: the tag is listed', async () => {
      expect((await call(`/v2/${repository}/tags/list`)).json).toEqual({ name: repository, tags: ['latest'] })
    })

    test('end-12: referrers are those that name the subject', async () => {
      for (const [subject, expected] of Object.entries(set.referrers ?? { [ZERO]: [] })) {
        const answer = await call(`/v2/${repository}/referrers/${subject}`)
        expect(answer.headers['content-type']).toBe(OCI_INDEX)
        expect(answer.json).toMatchObject({ schemaVersion: 2, mediaType: OCI_INDEX })
        const listed = answer.json.manifests.map((each) => [each.digest, each.artifactType])
        expect(new Map(listed.map(([digest = '', type]) => [digest, type]))).toEqual(new Map(expected))
        expect(listed).toHaveLength(expected.length)
        for (const [digest, artifactType] of expected) {
          const filtered = await call(
            `/v2/${repository}/referrers/${subject}?artifactType=${encodeURIComponent(artifactType)}`,
          )
          expect(filtered.headers['oci-filters-applied']).toBe('artifactType')
          expect(filtered.json.manifests.map((each) => each.digest)).toEqual([digest])
        }
      }
    })
  })

  describe('pull', () => {
    const repository = 'pull'
    const bytes = Buffer.from('0123456789abcdef')
    const path = `/v2/${repository}/blobs/${sha(bytes)}`
    beforeAll(async () => void (await pushBlob(server.url, repository, bytes)))

    test.each([
      ['bytes=0-3', 206, 'bytes 0-3/16', '0123'],
      ['bytes=12-', 206, 'bytes 12-15/16', 'cdef'],
      ['bytes=-2', 206, 'bytes 14-15/16', 'ef'],
      ['bytes=-99', 206, 'bytes 0-15/16', bytes.toString()],
      ['bytes=4-99', 206, 'bytes 4-15/16', '456789abcdef'],
      ['bytes=0-0', 206, 'bytes 0-0/16', '0'],
      ['bytes=16-', 416, 'bytes */16', undefined],
      ['bytes=-0', 416, 'bytes */16', undefined],
      ['bytes=3-2', 200, undefined, bytes.toString()],
      ['bytes=0-1,3-4', 200, undefined, bytes.toString()],
      ['lines=0-1', 200, undefined, bytes.toString()],
    ])('range %s is %i %s', async (range, status, contentRange, text) => {
      const answer = await call(path, { headers: { range } })
      expect(answer.status).toBe(status)
      expect(answer.headers['content-range']).toBe(contentRange)
      expect(status === 416 || answer.body.toString() === text).toBe(true)
    })

    test('If-Range with the ETag gives the part, with another one everything', async () => {
      const { headers } = await call(path)
      const etag = String(headers.etag)
      expect(await call(path, { headers: { range: 'bytes=1-1', 'if-range': etag } })).toMatchObject({ status: 206 })
      expect(await call(path, { headers: { range: 'bytes=1-1', 'if-range': '"x"' } })).toMatchObject({ status: 200 })
      expect(await call(path, { headers: { 'if-none-match': etag } })).toMatchObject({ status: 304 })
    })

    test.each([
      [`/v2/${repository}/blobs/${ZERO}`, 404, 'BLOB_UNKNOWN'],
      [`/v2/other/blobs/${sha(bytes)}`, 404, 'BLOB_UNKNOWN'],
      [`/v2/${repository}/manifests/${ZERO}`, 404, 'MANIFEST_UNKNOWN'],
      [`/v2/${repository}/manifests/nothing`, 404, 'MANIFEST_UNKNOWN'],
      [`/v2/${repository}/blobs/sha256:short`, 400, 'DIGEST_INVALID'],
      [`/v2/${repository}/blobs/md5:d41d8cd98f00b204e9800998ecf8427e`, 400, 'DIGEST_INVALID'],
      [`/v2/${repository}/manifests/sha256:totallywrong`, 400, 'DIGEST_INVALID'],
      [`/v2/${repository}/manifests/.INVALID_MANIFEST_NAME`, 400, 'MANIFEST_INVALID'],
      ['/v2/Upper/tags/list', 400, 'NAME_INVALID'],
      ['/v2/a//b/tags/list', 400, 'NAME_INVALID'],
      [`/v2/..%2f..%2fetc/blobs/${ZERO}`, 400, 'NAME_INVALID'],
      [`/v2/${'a'.repeat(300)}/tags/list`, 400, 'NAME_INVALID'],
      ['/v2/nothing/tags/list', 404, 'NAME_UNKNOWN'],
      [`/v2/${repository}/referrers/wrong`, 400, 'DIGEST_INVALID'],
      ['/v2/pull/elsewhere', 404, 'UNSUPPORTED'],
      ['/v1/', 404, 'UNSUPPORTED'],
      ['/%ff', 404, 'UNSUPPORTED'],
    ])('%s is %i %s', async (wrong, status, code) => {
      const answer = await call(wrong)
      expect(answer.status).toBe(status)
      expect(answer.json.errors[0].code).toBe(code)
      expect(answer.headers['content-type']).toBe('application/json')
    })

    test('a digest may come percent-encoded', async () => {
      expect(await call(path.replace('sha256:', 'sha256%3A'))).toMatchObject({ status: 200 })
    })

    test('a method that is not there is 405 with Allow', async () => {
      const answer = await call(path, { method: 'PUT' })
      expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, DELETE'])
    })
  })

  describe('push of blobs', () => {
    const repository = 'push'

    test('end-4b: one POST with the digest', async () => {
      const path = `/v2/${repository}/blobs/uploads/?digest=${sha('single')}`
      const answer = await call(path, { method: 'POST', body: 'single' })
      expect(answer.status).toBe(201)
      expect((await call(String(answer.headers.location))).body.toString()).toBe('single')
    })

    test('end-4b: a wrong digest is refused and nothing stays', async () => {
      const wrong = await call(`/v2/${repository}/blobs/uploads/?digest=${ZERO}`, { method: 'POST', body: 'x' })
      expect([wrong.status, wrong.json.errors[0].code]).toEqual([400, 'DIGEST_INVALID'])
      expect(await call(`/v2/${repository}/blobs/${ZERO}`)).toMatchObject({ status: 404 })
    })

    test('end-6: PUT of everything, without Content-Length', async () => {
      const location = withQuery(await open(repository), `digest=${sha('streamed')}`)
      expect(await call(location, { method: 'PUT', body: 'streamed', chunked: true })).toMatchObject({ status: 201 })
    })

    test('end-6: a wrong digest ends the session', async () => {
      const location = await open(repository)
      const wrong = await call(withQuery(location, `digest=${ZERO}`), { method: 'PUT', body: 'y' })
      expect([wrong.status, wrong.json.errors[0].code]).toEqual([400, 'DIGEST_INVALID'])
      expect(await call(location)).toMatchObject({ status: 404 })
    })

    test('end-6: without a valid digest it is 400 and the session stays', async () => {
      const location = await open(repository)
      expect(await call(location, { method: 'PUT' })).toMatchObject({ status: 400 })
      expect(await call(withQuery(location, 'digest=sha256:x'), { method: 'PUT' })).toMatchObject({ status: 400 })
      expect(await call(location)).toMatchObject({ status: 204 })
    })

    test('end-5: chunks in order, each answer with a new Location, stale ones refused', async () => {
      const first = await open(repository)
      const one = await call(first, { method: 'PATCH', body: 'abc', headers: { 'content-range': '0-2' } })
      expect([one.status, one.headers.range]).toEqual([202, '0-2'])
      const second = String(one.headers.location)
      expect(second).not.toBe(first)

      const stale = await call(first, { method: 'PATCH', body: 'def', headers: { 'content-range': '3-5' } })
      expect([stale.status, stale.json.errors[0].code]).toEqual([400, 'BLOB_UPLOAD_INVALID'])

      const again = await call(second, { method: 'PATCH', body: 'abc', headers: { 'content-range': '0-2' } })
      expect([again.status, again.headers.range]).toEqual([416, '0-2'])
      const gap = await call(second, { method: 'PATCH', body: 'xyz', headers: { 'content-range': '9-11' } })
      expect(gap.status).toBe(416)

      const status = await call(first)
      expect([status.status, status.headers.range, status.headers.location]).toEqual([204, '0-2', second])

      const two = await call(second, { method: 'PATCH', body: 'de', headers: { 'content-range': '3-4' } })
      const last = withQuery(two.headers.location, `digest=${sha('abcdef')}`)
      const end = await call(last, { method: 'PUT', body: 'f', headers: { 'content-range': '5-5' } })
      expect([end.status, end.headers['docker-content-digest']]).toEqual([201, sha('abcdef')])
      expect((await call(`/v2/${repository}/blobs/${sha('abcdef')}`)).body.toString()).toBe('abcdef')
      expect(await call(second)).toMatchObject({ status: 404 })
    })

    test('end-5: a stream without Content-Range, then PUT without a body', async () => {
      const one = await call(await open(repository), { method: 'PATCH', body: 'stream', chunked: true })
      const end = await call(withQuery(one.headers.location, `digest=${sha('stream')}`), { method: 'PUT' })
      expect(end.status).toBe(201)
    })

    test('end-5: Content-Range that contradicts the body is refused and changes nothing', async () => {
      const location = await open(repository)
      const wrong = { method: 'PATCH', body: 'abcd', headers: { 'content-range': '0-2' } }
      expect((await call(location, wrong)).json.errors[0].code).toBe('SIZE_INVALID')
      expect((await call(location, { ...wrong, chunked: true })).json.errors[0].code).toBe('SIZE_INVALID')
      expect((await call(location)).headers.range).toBe('0-0')
      const end = await call(withQuery(location, `digest=${sha('abcd')}`), { method: 'PUT', body: 'abcd' })
      expect(end.status).toBe(201)
    })

    test('end-6: sha512 at the end of a session that was hashed with sha256', async () => {
      const digest = sha('late', 'sha512')
      const end = await call(withQuery(await open(repository), `digest=${digest}`), { method: 'PUT', body: 'late' })
      expect(end.status).toBe(201)
      expect((await call(`/v2/${repository}/blobs/${digest}`)).body.toString()).toBe('late')
    })

    test('end-6: a blob of no bytes', async () => {
      const end = await call(withQuery(await open(repository), `digest=${sha('')}`), { method: 'PUT' })
      expect(end.status).toBe(201)
      const got = await call(`/v2/${repository}/blobs/${sha('')}`)
      expect([got.status, got.body.length, got.headers['content-length']]).toEqual([200, 0, '0'])
      expect(await call(`/v2/${repository}/blobs/${sha('')}`, { headers: { range: 'bytes=0-' } })).toMatchObject({
        status: 416,
      })
    })

    test('end-14: a cancelled session is gone', async () => {
      const location = await open(repository)
      expect(await call(location, { method: 'DELETE' })).toMatchObject({ status: 204 })
      expect((await call(location)).json.errors[0].code).toBe('BLOB_UPLOAD_UNKNOWN')
    })

    test('a session belongs to its repository', async () => {
      const location = await open(repository)
      expect(await call(location.replace('/v2/push/', '/v2/other/'))).toMatchObject({ status: 404 })
      expect(await call(`/v2/${repository}/blobs/uploads/..%2f..%2flock`)).toMatchObject({ status: 404 })
    })

    test('end-11: mounted with from, without from, and not at all', async () => {
      const digest = await pushBlob(server.url, 'team/source', 'shared')
      const mount = async (query: string): Promise<Answer> =>
        await call(`/v2/team/target/blobs/uploads/?${query}`, { method: 'POST' })
      const mounted = await mount(`mount=${digest}&from=team/source`)
      expect([mounted.status, mounted.headers['docker-content-digest']]).toEqual([201, digest])
      expect((await call(String(mounted.headers.location))).body.toString()).toBe('shared')
      expect(await call(`/v2/team/third/blobs/uploads/?mount=${digest}`, { method: 'POST' })).toMatchObject({
        status: 201,
      })
      const open202 = await mount(`mount=${ZERO}&from=team/source`)
      expect(open202.status).toBe(202)
      const end = await call(withQuery(open202.headers.location, `digest=${sha('own')}`), {
        method: 'PUT',
        body: 'own',
      })
      expect(end.status).toBe(201)
    })
  })

  describe('push of manifests', () => {
    const repository = 'manifests'
    const good = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: { mediaType: 'a/b', size: 2 }, layers: [] }
    let config = ''
    beforeAll(async () => void (config = await pushBlob(server.url, repository, '{}')))
    const manifest = (more: object = {}): string =>
      JSON.stringify({ ...good, config: { ...good.config, digest: config }, ...more })

    test('missing blobs are named one by one', async () => {
      const missing = [sha('no'), sha('never')]
      const layers = missing.map((digest) => ({ mediaType: 'a/b', digest, size: 1 }))
      const answer = await putText(`/v2/${repository}/manifests/broken`, manifest({ layers }))
      expect(answer.status).toBe(404)
      expect(answer.json.errors.map((each) => [each.code, each.detail.digest])).toEqual(
        missing.map((digest) => ['MANIFEST_BLOB_UNKNOWN', digest]),
      )
      expect(await call(`/v2/${repository}/manifests/broken`)).toMatchObject({ status: 404 })
    })

    test.each([
      ['not JSON', '{', OCI_MANIFEST],
      ['not an object', '[]', OCI_MANIFEST],
      ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]).toString('latin1'), OCI_MANIFEST],
      ['another schema version', JSON.stringify({ ...good, schemaVersion: 1 }), OCI_MANIFEST],
      ['no config', JSON.stringify({ ...good, config: undefined }), OCI_MANIFEST],
      ['mediaType against Content-Type', JSON.stringify(good), OCI_INDEX],
      ['manifest and index at once', JSON.stringify({ ...good, manifests: [] }), OCI_MANIFEST],
      ['index and manifest at once', JSON.stringify({ schemaVersion: 2, manifests: [], layers: [] }), OCI_INDEX],
      ['an index without a list', JSON.stringify({ schemaVersion: 2 }), OCI_INDEX],
      ['a digest that is none', JSON.stringify({ ...good, config: { digest: 'sha256:x' } }), OCI_MANIFEST],
      ['layers that are no list', JSON.stringify({ ...good, layers: {} }), OCI_MANIFEST],
      ['a subject that is no descriptor', JSON.stringify({ ...good, subject: 'x' }), OCI_MANIFEST],
    ])('%s is MANIFEST_INVALID', async (_what, text, type) => {
      const answer = await putText(`/v2/${repository}/manifests/invalid`, text, type)
      expect([answer.status, answer.json.errors[0].code]).toEqual([400, 'MANIFEST_INVALID'])
    })

    test('a digest that is not that of the body is refused', async () => {
      const answer = await putText(`/v2/${repository}/manifests/${ZERO}`, manifest())
      expect([answer.status, answer.json.errors[0].code]).toEqual([400, 'DIGEST_INVALID'])
    })

    test('signed schema 1 is named by what is signed, and is whole wherever it comes again with other signatures', async () => {
      const type = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
      const payload = '{"schemaVersion":1}'
      const format = { formatLength: payload.length - 1, formatTail: 'fQ' }
      const signed = ['AA', 'a longer one'].map((signature) => {
        const one = { signature, protected: Buffer.from(JSON.stringify(format)).toString('base64url') }
        return `${payload.slice(0, -1)},"signatures":${JSON.stringify([one])}}`
      })
      for (const [index, text] of signed.entries()) {
        const answer = await putText(`/v2/schema1/${index}/manifests/latest`, text, type)
        expect(answer.headers['docker-content-digest']).toBe(sha(payload))
        expect((await putText(`/v2/schema1/${index}/manifests/${sha(text)}`, text, type)).status).toBe(400)
      }
      for (const index of signed.keys()) {
        const { isBroken, body } = await call(`/v2/schema1/${index}/manifests/${sha(payload)}`)
        expect([isBroken, body.toString()]).toEqual([false, signed[0]])
      }
    })

    test('more than 4 MiB are refused with 413, 4 MiB are not', async () => {
      const filler = 4 * 1024 * 1024 - Buffer.byteLength(manifest({ filler: '' }))
      const path = `/v2/${repository}/manifests/large`
      expect(await putText(path, manifest({ filler: 'x'.repeat(filler) }))).toMatchObject({ status: 201 })
      const tooLarge = manifest({ filler: 'x'.repeat(filler + 1) })
      expect(await putText(path, tooLarge)).toMatchObject({ status: 413 })
      const chunked = { method: 'PUT', body: tooLarge, chunked: true, headers: { 'content-type': OCI_MANIFEST } }
      expect(await call(path, chunked)).toMatchObject({ status: 413 })
    })

    test('Content-Type: parameters are ignored, the body stands in for a missing one', async () => {
      expect(
        await putText(`/v2/${repository}/manifests/p`, manifest(), `${OCI_MANIFEST}; charset=utf-8`),
      ).toMatchObject({
        status: 201,
      })
      await call(`/v2/${repository}/manifests/q`, { method: 'PUT', body: manifest() })
      expect((await call(`/v2/${repository}/manifests/q`)).headers['content-type']).toBe(OCI_MANIFEST)
    })

    test.each(['sha256', 'sha512'])('end-7b: %s with several tags', async (algorithm) => {
      const text = manifest({ algorithm })
      const path = `/v2/${repository}/manifests/${sha(text, algorithm)}?tag=t1-${algorithm}&tag=t2-${algorithm}`
      const answer = await putText(path, text)
      expect([answer.status, answer.headers['oci-tag']]).toEqual([201, `t1-${algorithm}, t2-${algorithm}`])
      for (const tag of [`t1-${algorithm}`, `t2-${algorithm}`]) {
        const got = await call(`/v2/${repository}/manifests/${tag}`)
        expect([got.body.toString(), got.headers['docker-content-digest']]).toEqual([text, sha(text, algorithm)])
      }
      expect(await putText(`/v2/${repository}/manifests/tagged?tag=other`, text)).toMatchObject({ status: 400 })
      expect(await putText(path.replace('t1', '-t1'), text)).toMatchObject({ status: 400 })
    })

    test('If-Match and If-None-Match guard a tag', async () => {
      const path = `/v2/${repository}/manifests/guarded`
      const put = async (text: string, headers: Record<string, string>): Promise<number> =>
        (await call(path, { method: 'PUT', body: text, headers: { 'content-type': OCI_MANIFEST, ...headers } })).status
      expect(await put(manifest({ v: 1 }), { 'if-match': '*' })).toBe(412)
      expect(await put(manifest({ v: 1 }), { 'if-none-match': '*' })).toBe(201)
      expect(await put(manifest({ v: 2 }), { 'if-none-match': '*' })).toBe(412)
      const etag = String((await call(path)).headers.etag)
      expect(await put(manifest({ v: 2 }), { 'if-match': etag })).toBe(201)
      expect(await put(manifest({ v: 3 }), { 'if-match': etag })).toBe(412)
    })
  })

  describe('content discovery', () => {
    const repository = 'discovery'
    const tags = ['b', 'a', 'Z', '10', 'c', '2']
    beforeAll(async () => {
      for (const tag of tags)
        await putText(`/v2/${repository}/manifests/${tag}`, '{"schemaVersion":2,"manifests":[]}', OCI_INDEX)
    })
    const sorted = tags.toSorted()

    test.each([
      ['', sorted, undefined],
      ['?n=0', [], undefined],
      ['?n=2', sorted.slice(0, 2), `?n=2&last=${sorted[1]}`],
      [`?n=2&last=${sorted[3]}`, sorted.slice(4), undefined],
      ['?last=a', ['b', 'c'], undefined],
      ['?last=zzz', [], undefined],
      ['?n=99', sorted, undefined],
    ])('end-8: tags/list%s', async (query, expected, next) => {
      const answer = await call(`/v2/${repository}/tags/list${query}`)
      expect(answer.json).toEqual({ name: repository, tags: expected })
      expect(answer.headers['link']).toBe(next && `</v2/${repository}/tags/list${next}>; rel="next"`)
    })

    test('end-8: following Link finds every tag once', async () => {
      const found: string[] = []
      let path: string | undefined = `/v2/${repository}/tags/list?n=1`
      while (path !== undefined) {
        const answer: Answer = await call(path)
        found.push(...answer.json.tags)
        path = /<([^>]*)>/.exec(String(answer.headers['link'] ?? ''))?.[1]
      }
      expect(found).toEqual(sorted)
    })

    test('end-8: n that is no number is 400', async () => {
      expect(await call(`/v2/${repository}/tags/list?n=-1`)).toMatchObject({ status: 400 })
    })

    test('end-12: an unknown repository has no referrers, but the API is there', async () => {
      expect((await call(`/v2/unknown/referrers/${ZERO}`)).json).toMatchObject({ manifests: [] })
    })

    test('the catalog lists repositories', async () => {
      expect((await call('/v2/_catalog')).json.repositories).toContain(repository)
    })
  })

  describe('content management', () => {
    const repository = 'management'
    const text = '{"schemaVersion":2,"manifests":[],"annotations":{"for":"management"}}'
    const digest = sha(text)
    const path = `/v2/${repository}`

    test('end-9: a tag goes and the manifest stays; the manifest goes and takes its tags', async () => {
      for (const tag of ['one', 'two', 'three']) await putText(`${path}/manifests/${tag}`, text, OCI_INDEX)
      expect(await call(`${path}/manifests/one`, { method: 'DELETE' })).toMatchObject({ status: 202 })
      expect(await call(`${path}/manifests/one`)).toMatchObject({ status: 404 })
      expect(await call(`${path}/manifests/${digest}`)).toMatchObject({ status: 200 })
      expect(await call(`${path}/manifests/${digest}`, { method: 'DELETE' })).toMatchObject({ status: 202 })
      expect(await call(`${path}/manifests/two`)).toMatchObject({ status: 404 })
      expect(await call(`${path}/manifests/${digest}`)).toMatchObject({ status: 404 })
      expect(await call(`${path}/manifests/${digest}`, { method: 'DELETE' })).toMatchObject({ status: 404 })
      await putText(`${path}/manifests/one`, text, OCI_INDEX)
      expect((await call(`${path}/manifests/one`)).body.toString()).toBe(text)
    })

    test('end-10: a blob goes from its repository only, and can come back', async () => {
      const blob = await pushBlob(server.url, repository, 'to be deleted')
      await call(`/v2/neighbour/blobs/uploads/?mount=${blob}&from=${repository}`, { method: 'POST' })
      expect(await call(`${path}/blobs/${blob}`, { method: 'DELETE' })).toMatchObject({ status: 202 })
      expect(await call(`${path}/blobs/${blob}`)).toMatchObject({ status: 404 })
      expect(await call(`${path}/blobs/${blob}`, { method: 'DELETE' })).toMatchObject({ status: 404 })
      expect((await call(`/v2/neighbour/blobs/${blob}`)).body.toString()).toBe('to be deleted')
      await pushBlob(server.url, repository, 'to be deleted')
      expect(await call(`${path}/blobs/${blob}`)).toMatchObject({ status: 200 })
    })

    test('a deleted referrer is no longer listed', async () => {
      const refer = JSON.stringify({
        schemaVersion: 2,
        manifests: [],
        subject: { digest: ZERO, size: 1, mediaType: 'a/b' },
      })
      await putText(`${path}/manifests/${sha(refer)}`, refer, OCI_INDEX)
      expect((await call(`${path}/referrers/${ZERO}`)).json.manifests).toHaveLength(1)
      await call(`${path}/manifests/${sha(refer)}`, { method: 'DELETE' })
      expect((await call(`${path}/referrers/${ZERO}`)).json.manifests).toHaveLength(0)
    })
  })
})
