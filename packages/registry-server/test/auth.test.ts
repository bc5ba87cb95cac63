import { afterEach, describe, expect, test } from 'vitest'
import { startRegistry, type RegistryServer, type TokenAuth } from '../src/index.ts'
import { ask, pushBlob, sha, type Answer } from './client.ts'

const users = {
  admin: 'secret',
  reader: { password: 'book', access: [{ repository: 'team/*', actions: ['pull'] }] },
} as const
const basic = (name: string, password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
})
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
const admin = basic('admin', 'secret')
const reader = basic('reader', 'book')

let server: RegistryServer
afterEach(async () => await server.close())
const call = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  await ask(server.url, path, { headers, method })

/** Pushes as nobody would have to: straight into the storage. */
async function fill(repository: string, text: string): Promise<string> {
  await using open = await startRegistry({ storage: server.storage })
  return await pushBlob(open.url, repository, text)
}

describe('basic', () => {
  test('names, passwords and rights', async () => {
    server = await startRegistry({ auth: { kind: 'basic', users } })
    const digest = await fill('team/app', 'x')
    const nobody = await call('/v2/')
    expect([nobody.status, nobody.headers['www-authenticate']]).toEqual([401, 'Basic realm="crossdock"'])
    expect(nobody.json.errors[0].code).toBe('UNAUTHORIZED')
    for (const wrong of [
      basic('admin', 'wrong'),
      basic('nobody', ''),
      basic('__proto__', ''),
      { authorization: 'x' },
    ]) {
      expect(await call('/v2/', wrong)).toMatchObject({ status: 401 })
    }
    expect(await call('/v2/', admin)).toMatchObject({ status: 200 })
    expect(await call(`/v2/team/app/blobs/${digest}`, reader)).toMatchObject({ status: 200 })
    const push = await call('/v2/team/app/blobs/uploads/', reader, 'POST')
    expect([push.status, push.json.errors[0].code]).toEqual([403, 'DENIED'])
    expect(await call(`/v2/other/blobs/${digest}`, reader)).toMatchObject({ status: 403 })
    expect(await call('/v2/team/app/blobs/uploads/', admin, 'POST')).toMatchObject({ status: 202 })
  })

  test('what is open to nobody in particular', async () => {
    const anonymous = [{ repository: 'public/app', actions: ['pull'] }] as const
    server = await startRegistry({ auth: { kind: 'basic', users, anonymous } })
    const digest = await fill('public/app', 'x')
    await fill('private', 'x')
    expect(await call('/v2/')).toMatchObject({ status: 200 })
    expect(await call(`/v2/public/app/blobs/${digest}`)).toMatchObject({ status: 200 })
    expect(await call(`/v2/private/blobs/${digest}`)).toMatchObject({ status: 401 })
    expect(await call('/v2/public/app/blobs/uploads/', {}, 'POST')).toMatchObject({ status: 401 })
    expect((await call('/v2/_catalog')).json.repositories).toEqual(['public/app'])
  })

  test('a blob is never mounted from where its reader may not read', async () => {
    const access = [{ repository: 'mine', actions: ['pull', 'push'] }] as const
    server = await startRegistry({ auth: { kind: 'basic', users: { me: { password: 'p', access } } } })
    const digest = await fill('secret', 'x')
    for (const query of [`mount=${digest}`, `mount=${digest}&from=secret`]) {
      expect(await call(`/v2/mine/blobs/uploads/?${query}`, basic('me', 'p'), 'POST')).toMatchObject({ status: 202 })
    }
  })
})

const start = async (more: Partial<TokenAuth> = {}): Promise<void> => {
  server = await startRegistry({ auth: { kind: 'token', users, ...more } })
}
const token = async (query: string, headers = admin): Promise<string> =>
  (await call(`/token?${query}`, headers)).json.token
const scope = (repository: string, actions: string): string => `scope=repository:${repository}:${actions}`

const challenge = async (path: string, method = 'GET'): Promise<unknown> =>
  (await call(path, {}, method)).headers['www-authenticate']

const upload = (repository: string, headers: Record<string, string>): Promise<Answer> =>
  call(`/v2/${repository}/blobs/uploads/`, headers, 'POST')

describe('token', () => {
  test('the challenge names realm, service and scope', async () => {
    await start({ service: 'example' })
    const common = `Bearer realm="${server.url.origin}/token",service="example"`
    expect(await challenge('/v2/')).toBe(common)
    expect(await challenge('/v2/a/b/tags/list')).toBe(`${common},scope="repository:a/b:pull"`)
    expect(await challenge('/v2/a/b/blobs/uploads/', 'POST')).toBe(`${common},scope="repository:a/b:pull,push"`)
    expect(await challenge('/v2/a/b/manifests/v1', 'DELETE')).toBe(`${common},scope="repository:a/b:delete"`)
    expect(await challenge(`/v2/a/b/blobs/uploads/?mount=${sha('x')}&from=c`, 'POST')).toBe(
      `${common},scope="repository:a/b:pull,push repository:c:pull"`,
    )
    expect(await challenge('/v2/_catalog')).toBe(`${common},scope="registry:catalog:*"`)
  })

  test('a token is good for its scope and no other', async () => {
    await start()
    const digest = await fill('team/app', 'x')
    const path = `/v2/team/app/blobs/${digest}`
    const pull = bearer(await token(scope('team/app', 'pull')))
    expect(await call('/v2/', pull)).toMatchObject({ status: 200 })
    expect(await call(path, pull)).toMatchObject({ status: 200 })
    expect(await call(`/v2/other/blobs/${digest}`, pull)).toMatchObject({ status: 401 })
    const push = await call('/v2/team/app/blobs/uploads/', pull, 'POST')
    expect(push.headers['www-authenticate']).toContain('error="insufficient_scope"')
    expect(await call(path, pull, 'DELETE')).toMatchObject({ status: 401 })
    const all = bearer(await token(scope('team/app', '*')))
    expect(await call('/v2/team/app/blobs/uploads/', all, 'POST')).toMatchObject({ status: 202 })
    expect(await call(path, all, 'DELETE')).toMatchObject({ status: 202 })
    expect(await call(path, admin)).toMatchObject({ status: 401 })
  })

  test('nobody gets more than is theirs', async () => {
    await start()
    const more = bearer(await token(scope('team/app', 'pull,push'), reader))
    expect(await call('/v2/team/app/blobs/uploads/', more, 'POST')).toMatchObject({ status: 401 })
    expect(await call('/token', {})).toMatchObject({ status: 401 })
    expect(await call('/token', basic('reader', 'wrong'))).toMatchObject({ status: 401 })
  })

  test('several scopes, in one parameter or in several, up to what the service reads', async () => {
    await start()
    for (const query of [
      'scope=repository:a:pull,push%20repository:b:pull,push',
      `${scope('a', 'pull,push')}&${scope('b', '*')}`,
    ]) {
      const both = bearer(await token(query))
      expect([(await upload('a', both)).status, (await upload('b', both)).status]).toEqual([202, 202])
    }
    await server.close()
    await start({ maxScopes: 1 })
    const first = bearer(await token(`${scope('a', 'pull,push')}&${scope('b', 'pull,push')}`))
    expect([(await upload('a', first)).status, (await upload('b', first)).status]).toEqual([202, 401])
  })

  test('a mount needs a token for both', async () => {
    await start()
    const digest = await fill('source', 'x')
    const path = `/v2/target/blobs/uploads/?mount=${digest}&from=source`
    const one = bearer(await token(scope('target', 'pull,push')))
    expect(await call(path, one, 'POST')).toMatchObject({ status: 401 })
    const both = bearer(await token(`${scope('target', 'pull,push')}&${scope('source', 'pull')}`))
    expect(await call(path, both, 'POST')).toMatchObject({ status: 201 })
  })

  test('tokens expire: by time, on demand, by fault', async () => {
    await start({ expiresInSeconds: 0 })
    const expired = await call('/v2/', bearer(await token('')))
    expect(expired.headers['www-authenticate']).toContain('error="invalid_token"')
    await server.close()
    await start()
    const own = bearer(await token(''))
    expect(await call('/v2/', own)).toMatchObject({ status: 200 })
    server.expireTokens()
    expect(await call('/v2/', own)).toMatchObject({ status: 401 })
    const next = bearer(await token(''))
    server.faults.add({ match: { nth: 2 }, action: { kind: 'expireTokens' } })
    expect([(await call('/v2/', next)).status, (await call('/v2/', next)).status]).toEqual([200, 401])
    server.faults.add({ action: { kind: 'unauthorized' } })
    expect((await call('/v2/')).headers['www-authenticate']).toContain('Bearer realm=')
  })

  test('the members of the answer', async () => {
    await start({ expiresInSeconds: 60 })
    expect((await call('/token', admin)).json).toMatchObject({
      token: expect.any(String),
      access_token: expect.any(String),
      expires_in: 60,
      issued_at: expect.stringMatching(/^20/),
    })
    await server.close()
    await start({ tokenMember: 'access_token' })
    expect((await call('/token', admin)).json.token).toBeUndefined()
  })

  test('POST with a password, then with the refresh token; or not at all', async () => {
    await start()
    const post = async (form: Record<string, string>): Promise<Answer> => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      return await ask(server.url, '/token', { method: 'POST', body: new URLSearchParams(form).toString(), headers })
    }
    const login = { grant_type: 'password', username: 'admin', password: 'secret', scope: 'repository:a:pull,push' }
    const first = await post({ ...login, access_type: 'offline' })
    const again = await post({ ...login, grant_type: 'refresh_token', refresh_token: first.json.refresh_token })
    expect(await call('/v2/a/blobs/uploads/', bearer(again.json.access_token), 'POST')).toMatchObject({ status: 202 })
    expect(await post({ ...login, password: 'wrong' })).toMatchObject({ status: 401 })
    expect(await post({ grant_type: 'refresh_token', refresh_token: 'x' })).toMatchObject({ status: 401 })
    expect(await post({ grant_type: 'other' })).toMatchObject({ status: 400 })
    expect(await post({ filler: 'x'.repeat(70_000) })).toMatchObject({ status: 413 })
    await server.close()
    await start({ post: false })
    expect(await post(login)).toMatchObject({ status: 404 })
  })

  test('a token service of another origin', async () => {
    await start({ separateOrigin: true, anonymous: [{ repository: '*', actions: ['pull'] }] })
    const realm = /realm="([^"]*)"/.exec(String((await call('/v2/')).headers['www-authenticate']))?.[1] ?? ''
    expect(new URL(realm).origin).not.toBe(server.url.origin)
    const anonymous = await ask(new URL(realm), '/token')
    expect(await call('/v2/', bearer(anonymous.json.token))).toMatchObject({ status: 200 })
    expect(await ask(new URL(realm), '/v2/')).toMatchObject({ status: 404 })
    server.faults.add({ match: { route: 'token' }, action: { kind: 'respond', status: 500 } })
    expect(await ask(new URL(realm), '/token')).toMatchObject({ status: 500 })
  })
})
