import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { Credentials, HttpClientOptions } from '../src/index.ts'
import { client, failureOf, sentTo, serve, textOf, type TestServer } from './harness.ts'

const PASSWORD: Credentials = { username: 'user', password: 'sec:ret' }
const BASIC = `Basic ${Buffer.from('user:sec:ret').toString('base64')}`

interface Registry {
  /** Answers `/token`; the default gives the tokens t1, t2 … */
  token?: (request: IncomingMessage, response: ServerResponse, count: number) => void
  challenge?: (registry: TestServer, request: IncomingMessage) => string | string[] | undefined
  accepts?: (authorization: string | undefined, request: IncomingMessage) => boolean
}

async function registry(parts: Registry = {}): Promise<{ server: TestServer; tokens: () => string[] }> {
  let tokens = 0
  const server: TestServer = await serve((request, response) => {
    if (request.url?.startsWith('/token') === true) {
      tokens += 1
      if (parts.token === undefined) response.end(JSON.stringify({ token: `t${tokens}`, expires_in: 300 }))
      else parts.token(request, response, tokens)
      return
    }
    const { authorization } = request.headers
    const accepts = parts.accepts ?? ((value) => value !== undefined && /^Bearer t\d+$/.test(value))
    if (accepts(authorization, request)) {
      response.end(`hello ${request.url}`)
      return
    }
    const challenge = (parts.challenge ?? bearer)(server, request)
    const message = { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }
    response
      .writeHead(401, challenge === undefined ? {} : { 'www-authenticate': challenge })
      .end(JSON.stringify(message))
  })
  return { server, tokens: () => server.seen.filter(({ url }) => url.startsWith('/token')).map(({ url }) => url) }
}

function bearer(server: TestServer, _request?: IncomingMessage, extra = ''): string {
  return `Bearer realm="${server.at('/token').href}",service="registry"${extra}`
}

function login(options: HttpClientOptions = {}): ReturnType<typeof client> {
  return client({ credentials: () => PASSWORD, ...options })
}

const pull = { scopes: ['repository:a/b:pull'] }
const push = { method: 'PUT' as const, scopes: ['repository:a/b:pull,push'] }

describe('Basic', () => {
  const basic: Registry = { challenge: () => 'Basic realm="x"', accepts: (value) => value === BASIC }

  test('is sent on a challenge, and at once from then on', async () => {
    const { server } = await registry(basic)
    const http = login()
    expect(await textOf((await http.get(server.at('/1'))).body)).toBe('hello /1')
    await http.get(server.at('/2'))
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, BASIC, BASIC])
  })

  test('without credentials says how to log in', async () => {
    const { server } = await registry(basic)
    const error = await failureOf(client().get(server.at('/1')))
    expect(error.code).toBe('UNAUTHENTICATED')
    expect(error.message).toBe(
      `thing: ${server.host} asks for credentials and there are none: status 401: UNAUTHORIZED: authentication required; ` +
        `log in to ${server.host} first`,
    )
    expect(server.seen).toHaveLength(1)
  })

  test('refused credentials are asked for anew and not sent again and again', async () => {
    const { server } = await registry(basic)
    const error = await failureOf(
      client({ credentials: () => ({ username: 'user', password: 'wrong' }) }).get(server.at('/1')),
    )
    expect(error.code).toBe('UNAUTHENTICATED')
    expect(error.message).toMatch(/did not accept the credentials/)
    expect(error.message).not.toMatch(/wrong|d3Jvbmc/)
    expect(server.seen).toHaveLength(2)
  })

  test('credentials that were renewed meanwhile are used', async () => {
    const { server } = await registry(basic)
    let current: Credentials = PASSWORD
    let asked = 0
    const http = login({
      credentials: () => {
        asked += 1
        return current
      },
    })
    await http.get(server.at('/1'))
    await http.get(server.at('/2'))
    expect(asked).toBe(1)
    basic.accepts = (value) => value === `Basic ${Buffer.from('user:new').toString('base64')}`
    current = { username: 'user', password: 'new' }
    expect((await http.get(server.at('/3'))).status).toBe(200)
    expect(asked).toBe(2)
  })

  test('a 403 is an answer, not a reason to log in', async () => {
    const server = await serve((_request, response) => void response.writeHead(403).end('no'))
    expect((await login().get(server.at('/1'))).status).toBe(403)
    expect(server.seen).toHaveLength(1)
  })
})

describe('Bearer', () => {
  test('a token is fetched with the password, for service and scope, and used again', async () => {
    const { server, tokens } = await registry()
    const http = login()
    await http.get(server.at('/1'), pull)
    await http.get(server.at('/2'), pull)
    expect(tokens()).toEqual(['/token?service=registry&scope=repository%3Aa%2Fb%3Apull'])
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      BASIC,
      'Bearer t1',
      'Bearer t1',
    ])
  })

  test('without credentials the token is anonymous', async () => {
    const { server } = await registry()
    await client().get(server.at('/1'), pull)
    expect(sentTo(server)).not.toContain('Basic')
  })

  test('is preferred to Basic, in one header or several', async () => {
    for (const join of [
      (server: TestServer) => `Basic realm="x", ${bearer(server)}`,
      (server: TestServer) => ['Basic realm="x"', bearer(server)],
    ]) {
      const { server, tokens } = await registry({ challenge: join })
      await login().get(server.at('/1'))
      expect(tokens()).toHaveLength(1)
    }
  })

  test('parallel first requests learn once and share one token', async () => {
    const { server, tokens } = await registry()
    const http = login()
    await Promise.all(Array.from({ length: 20 }, (_, index) => http.get(server.at(`/${index}`), pull)))
    expect(tokens()).toHaveLength(1)
    expect(server.seen.filter(({ headers }) => headers.authorization === undefined)).toHaveLength(1)
  })

  test("the challenge's scope comes first, merged with the request's and remembered", async () => {
    const { server, tokens } = await registry({
      challenge: (self) => bearer(self, undefined, ',scope="repository:a/b:push,pull repository:c:pull"'),
    })
    const http = login()
    const other = { method: 'POST' as const, scopes: ['repository:d:pull', 'repository:a/b:delete'] }
    await http.get(server.at('/1'), other)
    await http.get(server.at('/2'), other)
    const scopes = tokens().map((url) => new URL(url, server.url).searchParams.getAll('scope'))
    expect(scopes).toEqual([['repository:a/b:delete,pull,push', 'repository:d:pull']])
    expect(server.seen).toHaveLength(4)
  })

  const all = 'repository:a/b:delete,pull,push repository:x:* registry:catalog:*'
  test.each([
    ['reads, for no more than reading', all, pull, ['repository:a/b:pull']],
    ['writes, not for deleting', all, push, ['repository:a/b:pull,push']],
    [
      'deletes, for what it takes',
      'repository:a/b:*',
      { method: 'DELETE', scopes: ['repository:a/b:delete'] },
      ['repository:a/b:*,delete'],
    ],
    [
      'mounts, for both repositories',
      'repository:a/b:pull,push repository:c:pull',
      { method: 'POST', scopes: ['repository:a/b:pull,push', 'repository:c:pull'] },
      ['repository:a/b:pull,push', 'repository:c:pull'],
    ],
    [
      'reads what the server calls otherwise, for that as well',
      'repository:store/a/b:pull,push repository:x:pull',
      pull,
      ['repository:store/a/b:pull', 'repository:a/b:pull'],
    ],
    [
      'reads a plugin, in its class',
      'repository(plugin):a/b:pull',
      pull,
      ['repository(plugin):a/b:pull', 'repository:a/b:pull'],
    ],
    [
      'names no scope, for that of the server',
      'registry:catalog:* repository:c:pull,push',
      {},
      ['registry:catalog:*', 'repository:c:pull'],
    ],
  ] as const)('a request that %s', async (_name, scope, request, expected) => {
    const { server, tokens } = await registry({ challenge: (self) => bearer(self, undefined, `,scope="${scope}"`) })
    await login().get(server.at('/1'), request)
    expect(new URL(tokens()[0] ?? '', server.url).searchParams.getAll('scope')).toEqual(expected)
  })

  test('an old token is replaced once', async () => {
    let revoked = false
    const { server, tokens } = await registry({
      accepts: (value) => value !== undefined && value.startsWith('Bearer t') && (!revoked || value !== 'Bearer t1'),
    })
    const http = login()
    await http.get(server.at('/1'), pull)
    revoked = true
    expect((await http.get(server.at('/2'), pull)).status).toBe(200)
    expect(tokens()).toHaveLength(2)
  })

  test('a fresh token that is refused ends it', async () => {
    const { server, tokens } = await registry({ accepts: () => false })
    const error = await failureOf(login().get(server.at('/1'), pull))
    expect(error.code).toBe('UNAUTHENTICATED')
    expect(error.message).toMatch(
      /did not accept the credentials: status 401: UNAUTHORIZED: authentication required; .*log in to/,
    )
    expect(tokens()).toHaveLength(1)
    expect(server.seen).toHaveLength(3)
  })

  test('a wider scope that a second challenge names is asked for once more', async () => {
    const { server, tokens } = await registry({
      accepts: (value) => value === 'Bearer t2',
      challenge: (self, { headers }) =>
        bearer(
          self,
          undefined,
          headers.authorization === undefined ? '' : ',error="insufficient_scope",scope="repository:a/b:pull,push"',
        ),
    })
    expect((await login().get(server.at('/1'), { method: 'POST', ...pull })).status).toBe(200)
    expect(tokens()).toHaveLength(2)
  })

  test('expiry counts from when it was asked for, 60 s at least', async () => {
    const { server, tokens } = await registry({
      token: (_request, response, count) => {
        http.clock.pass(50_000)
        response.end(JSON.stringify({ access_token: `t${count}`, expires_in: 1, issued_at: 'nonsense' }))
      },
    })
    const http = login()
    await http.get(server.at('/1'), pull)
    await http.get(server.at('/2'), pull)
    expect(tokens()).toHaveLength(1)
    http.clock.pass(6000)
    await http.get(server.at('/3'), pull)
    expect(tokens()).toHaveLength(2)
  })

  test('an upload starts with a token that will last', async () => {
    const { server, tokens } = await registry()
    const http = login()
    await http.get(server.at('/1'), pull)
    http.clock.pass(250_000)
    await http.get(server.at('/2'), pull)
    expect(tokens()).toHaveLength(1)
    await http.get(server.at('/3'), { ...pull, method: 'PUT', body: Buffer.from('x') })
    expect(tokens()).toHaveLength(2)
  })

  test('scopes that are refused together are asked for one by one', async () => {
    const { server, tokens } = await registry({
      token: (request, response, count) => {
        const several = new URL(request.url ?? '', 'http://x').searchParams.getAll('scope').length > 1
        response.writeHead(several ? 403 : 200).end(several ? 'no' : JSON.stringify({ token: `t${count}` }))
      },
    })
    const scopes = ['repository:a:pull,push', 'repository:b:pull']
    expect((await login().get(server.at('/1'), { scopes, method: 'POST' })).status).toBe(200)
    expect(tokens().map((url) => new URL(url, server.url).searchParams.getAll('scope'))).toEqual([
      scopes,
      ['repository:a:pull,push'],
    ])
  })

  test('a registry that challenges on /v2/ only is asked there', async () => {
    const { server } = await registry({
      challenge: (self, request) => (request.url === '/v2/' ? bearer(self) : undefined),
    })
    expect((await login().get(server.at('/v2/a'), pull)).status).toBe(200)
    expect(server.seen.map(({ url }) => url.replace(/\?.*/, ''))).toEqual(['/v2/a', '/v2/', '/token', '/v2/a'])
  })

  test('no challenge anywhere', async () => {
    const { server } = await registry({ challenge: () => undefined })
    const error = await failureOf(login().get(server.at('/v2/a')))
    expect(error.message).toMatch(/refused access without saying how to log in/)
    expect(sentTo(server)).not.toContain('Basic')
  })

  test.each(['Negotiate', 'Digest realm="x"', 'foo bar', 'Bearer service="x"', '=', '"'])(
    '%s cannot be answered',
    async (challenge) => {
      const { server } = await registry({ challenge: () => challenge })
      expect((await failureOf(login().get(server.at('/v2/a')))).code).toBe('UNAUTHENTICATED')
      expect(sentTo(server)).not.toContain('Basic')
    },
  )

  test('a password is not given to a host that took tokens before', async () => {
    let downgraded = false
    const { server } = await registry({
      challenge: (self) => (downgraded ? 'Basic realm="x"' : bearer(self)),
      accepts: (value) => !downgraded && value !== undefined && value.startsWith('Bearer t'),
    })
    const http = login()
    await http.get(server.at('/1'), pull)
    downgraded = true
    const error = await failureOf(http.get(server.at('/2'), pull))
    expect(error.message).toMatch(/asked for a token before and now for the password itself/)
    expect(
      server.seen.filter(({ url, headers }) => !url.startsWith('/token') && headers.authorization === BASIC),
    ).toEqual([])
  })

  test('an anonymous request stays so', async () => {
    const { server } = await registry()
    const http = login()
    await http.get(server.at('/1'), pull)
    const response = await http.get(server.at('/2'), { ...pull, anonymous: true })
    expect(response.status).toBe(401)
    expect(server.seen.at(-1)?.headers).not.toHaveProperty('authorization')
  })

  test('credentials are asked for by origin and repository', async () => {
    const { server } = await registry()
    const asked: unknown[] = []
    const http = client({
      credentials: ({ origin, host, repository }) => {
        asked.push({ origin, host, repository })
        return undefined
      },
    })
    await http.get(server.at('/1'), pull)
    expect(asked).toEqual([{ origin: server.url.origin, host: server.host, repository: 'a/b' }])
  })

  test.each([
    ['Basic', { challenge: () => 'Basic realm="x"', accepts: (value) => value?.startsWith('Basic ') === true }],
    ['Bearer', {}],
  ] as const satisfies readonly (readonly [string, Registry])[])(
    '%s: those of one repository are not sent for another one of the same host',
    async (_scheme, parts) => {
      const { server } = await registry(parts)
      const http = client({
        credentials: ({ repository = 'none' }) => ({ username: repository, password: 'x' }),
      })
      for (const name of ['a', 'b', 'a', 'c']) {
        await http.get(server.at(`/${name}`), { scopes: [`repository:${name}:pull`] })
      }
      const users = server.seen.flatMap(({ url, headers }) => {
        const [kind, value = ''] = (headers.authorization ?? '').split(' ')
        if (kind !== 'Basic') return []
        const path = new URL(url, server.url)
        const repository = path.searchParams.get('scope')?.split(':')[1] ?? path.pathname.slice(1)
        return [`${repository} by ${Buffer.from(value, 'base64').toString().split(':')[0]}`]
      })
      expect(new Set(users)).toEqual(new Set(['a by a', 'b by b', 'c by c']))
      const tokens = new Map<string, Set<string | undefined>>()
      for (const { url, headers } of server.seen) {
        if (headers.authorization?.startsWith('Bearer ') !== true) continue
        const known = tokens.get(headers.authorization) ?? new Set()
        tokens.set(headers.authorization, known.add(url))
      }
      for (const places of tokens.values()) expect(places.size).toBe(1)
    },
  )

  test('what the credentials provider throws comes out', async () => {
    const { server } = await registry()
    const problem = new Error('helper failed')
    const http = client({
      credentials: () => {
        throw problem
      },
    })
    expect(await failureOf(http.get(server.at('/1')))).toBe(problem)
  })
})

describe('identity and registry tokens', () => {
  const identity = { credentials: () => ({ identityToken: 'refresh' }) }

  test('an identity token is exchanged by POST', async () => {
    let form = ''
    const { server } = await registry({
      token: (request, response) => {
        void (async () => {
          for await (const chunk of request) form += String(chunk)
          response.end(JSON.stringify({ access_token: 't1' }))
        })()
      },
    })
    await client(identity).get(server.at('/1'), { scopes: ['repository:a:pull', 'repository:b:pull'] })
    expect(Object.fromEntries(new URLSearchParams(form))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'crossdock',
      refresh_token: 'refresh',
      service: 'registry',
      scope: 'repository:a:pull repository:b:pull',
    })
  })

  test.each([400, 401, 404, 405])('and by GET where POST is answered with %i', async (status) => {
    const { server } = await registry({
      token: (request, response) => {
        response.writeHead(request.method === 'POST' ? status : 200).end(JSON.stringify({ token: 't1' }))
      },
    })
    expect((await client(identity).get(server.at('/1'), pull)).status).toBe(200)
    expect(server.seen.find(({ url }) => url.startsWith('/token?'))?.headers.authorization).toBe(
      `Basic ${Buffer.from('<token>:refresh').toString('base64')}`,
    )
  })

  test('an identity token is not sent as a password', async () => {
    const { server } = await registry({ challenge: () => 'Basic realm="x"' })
    expect((await failureOf(client(identity).get(server.at('/1')))).code).toBe('UNAUTHENTICATED')
    expect(server.seen).toHaveLength(1)
  })

  test('a registry token is sent as it is', async () => {
    const { server, tokens } = await registry({ accepts: (value) => value === 'Bearer own' })
    expect((await client({ credentials: () => ({ registryToken: 'own' }) }).get(server.at('/1'))).status).toBe(200)
    expect(tokens()).toEqual([])
    const error = await failureOf(client({ credentials: () => ({ registryToken: 'a\r\nx: y' }) }).get(server.at('/1')))
    expect(error.code).toBe('INVALID_DATA')
  })
})

describe('token services', () => {
  test.each([
    ['HTML', '<html>', /is not JSON/],
    ['nothing', '', /is not JSON/],
    ['null', 'null', /not a JSON object/],
    ['a list', '["t1"]', /not a JSON object/],
    ['no token', '{}', /holds no token/],
    ['token null', '{"token":null}', /holds no token/],
    ['a number', '{"token":5}', /is not a token/],
    ['a header injection', '{"token":"t1\\r\\nx: y"}', /is not a token/],
    ['an inherited one', '{"__proto__":{"token":"t1"}}', /holds no token/],
  ])('an answer of %s', async (_name, body, message) => {
    const { server } = await registry({ token: (_request, response) => void response.end(body) })
    const error = await failureOf(login().get(server.at('/1'), pull))
    expect(error.code).toBe('INVALID_DATA')
    expect(error.message).toMatch(message)
    expect(error.message).toContain(`the token service ${server.host} of ${server.host}`)
  })

  test.each([-5, 0, 1e300, '3600', 'soon', null, {}])('expires_in: %j', async (expires) => {
    const { server, tokens } = await registry({
      token: (_request, response, count) =>
        void response.end(JSON.stringify({ token: `t${count}`, expires_in: expires })),
    })
    const http = login()
    await http.get(server.at('/1'), pull)
    http.clock.pass(50_000)
    await http.get(server.at('/2'), pull)
    expect(tokens()).toHaveLength(1)
  })

  test('an endless answer is bounded', async () => {
    const { server } = await registry({
      token: (_request, response) => {
        response.writeHead(200)
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        }
        response.on('drain', more)
        more()
      },
    })
    expect((await failureOf(login().get(server.at('/1'), pull))).code).toBe('LIMIT_EXCEEDED')
  })

  test.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'FORBIDDEN'],
    [404, 'UNAUTHENTICATED'],
    [429, 'RATE_LIMITED'],
    [500, 'UNAVAILABLE'],
  ])('refusing with %i', async (status, code) => {
    const { server } = await registry({
      token: (_request, response) =>
        void response.writeHead(status).end('{"details":"incorrect username or password"}'),
    })
    const error = await failureOf(login().get(server.at('/1'), pull))
    expect(error.code).toBe(code)
    expect(error.message).toContain(
      `the token service ${server.host} of ${server.host} refused: status ${status}: incorrect username`,
    )
  })

  test('one that hangs is given up with a time-out', async () => {
    const { server } = await registry({ token: () => undefined })
    const error = await failureOf(login({ headersTimeoutMs: 30, maxAttempts: 1 }).get(server.at('/1'), pull))
    expect(error.message).toMatch(/token: 127\.0\.0\.1:\d+: time-out: no answer for 30 ms/)
  })

  test('one that redirects takes no password along', async () => {
    const other = await serve((_request, response) => void response.end(JSON.stringify({ token: 't1' })))
    const { server } = await registry({
      token: (_request, response) => void response.writeHead(307, { location: other.at('/token').href }).end(),
    })
    await login().get(server.at('/1'), pull)
    expect(other.seen).toHaveLength(1)
    expect(sentTo(other)).not.toMatch(/authorization/i)
  })

  test.each([
    ['file:///token', /only http and https/],
    ['/token', /not an absolute URL/],
    ['', /not an absolute URL/],
    ['http://user:secret@127.0.0.1/token', /user name or password/],
    ['http://169.254.169.254/token', /link-local/],
    ['http://10.0.0.1/token', /private/],
    ['http://[::ffff:a9fe:a9fe]/token', /link-local/],
  ])('the realm %j is refused', async (realm, message) => {
    const { server } = await registry({ challenge: () => `Bearer realm="${realm}"` })
    const error = await failureOf(login().get(server.at('/1'), pull))
    expect(error.code).toBe('INVALID_DATA')
    expect(error.message).toMatch(message)
    expect(sentTo(server)).not.toContain('Basic')
  })

  test('a loopback registry may have its token service on another port', async () => {
    const service = await serve((_request, response) => void response.end(JSON.stringify({ token: 't1' })))
    const { server } = await registry({ challenge: () => `Bearer realm="${service.at('/token?x=1').href}"` })
    expect((await login().get(server.at('/1'), pull)).status).toBe(200)
    expect(service.seen[0]?.url).toBe('/token?x=1&scope=repository%3Aa%2Fb%3Apull')
  })

  test('the abort of one leaves the token to the others', async () => {
    const abort = new AbortController()
    const { server, tokens } = await registry({
      token: (_request, response) => {
        abort.abort(new Error('enough'))
        setImmediate(() => response.end(JSON.stringify({ token: 't1' })))
      },
    })
    const http = login()
    const first = failureOf(http.get(server.at('/1'), { ...pull, signal: abort.signal }))
    const second = http.get(server.at('/2'), pull)
    expect((await first).message).toBe('enough')
    expect((await second).status).toBe(200)
    expect(tokens().length).toBeLessThanOrEqual(2)
  })
})
