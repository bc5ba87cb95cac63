import { describe, expect, test } from 'vitest'
import type { Credentials } from '../src/index.ts'
import { client, failureOf, sentTo, serve, textOf } from './harness.ts'

describe('redirects', () => {
  test.each([301, 302, 303, 307, 308])('%i is followed, relative ones too', async (status) => {
    const server = await serve((request, response) => {
      if (request.url === '/a') response.writeHead(status, { location: 'b?x=1' }).end('moved')
      else response.end(`at ${request.url}`)
    })
    const response = await client().get(server.at('/a'))
    expect(await textOf(response.body)).toBe('at /b?x=1')
    expect(response.url.pathname).toBe('/b')
  })

  test('HEAD stays HEAD', async () => {
    const server = await serve((request, response) => {
      response.writeHead(request.url === '/a' ? 303 : 200, { location: '/b' }).end()
    })
    await client().get(server.at('/a'), { method: 'HEAD' })
    expect(server.seen.map(({ method }) => method)).toEqual(['HEAD', 'HEAD'])
  })

  test('other methods get the redirect as their answer', async () => {
    const server = await serve((_request, response) => void response.writeHead(307, { location: '/b' }).end())
    const response = await client().get(server.at('/a'), { method: 'POST' })
    expect(response.status).toBe(307)
    expect(server.seen).toHaveLength(1)
  })

  test('at most ten', async () => {
    const server = await serve((request, response) => {
      const step = Number(request.url?.slice(1))
      if (step < 10) response.writeHead(302, { location: `/${step + 1}` }).end()
      else response.end('there')
    })
    expect(await textOf((await client().get(server.at('/0'))).body)).toBe('there')
    expect((await failureOf(client().get(server.at('/-1')))).message).toMatch(/more than 10 redirects/)
  })

  test.each([
    ['a loop', '/a', /redirects in a loop/],
    ['none', undefined, /status 302\) without saying where to/],
    ['an empty one', '', /without saying where to/],
    ['no URL', 'http://', /is not a URL/],
    ['file:', 'file:///etc/passwd', /only http and https/],
    ['user information', 'http://user:secret@127.0.0.1/', /user name or password/],
    ['the metadata service', 'http://169.254.169.254/', /link-local address/],
  ])('%s is refused', async (_name, location, message) => {
    const server = await serve((_request, response) => {
      response.writeHead(302, location === undefined ? {} : { location }).end()
    })
    const error = await failureOf(client().get(server.at('/a')))
    expect(error.message).toMatch(message)
    expect(error.message).not.toMatch(/secret/)
    expect(error.code).toBe('INVALID_DATA')
    expect(server.seen).toHaveLength(1)
  })

  test('a URL that a server named is judged by the one it answered for', async () => {
    const http = client()
    const base = new URL('https://registry.example.com/')
    for (const url of ['http://registry.example.com/up', 'https://10.0.0.1/up', 'https://u:p@cdn.example.net/up']) {
      expect((await failureOf(http.get(new URL(url), { base, method: 'PUT' }))).code).toBe('INVALID_DATA')
    }
  })
})

function credentials(): Credentials {
  return { username: 'user', password: 'secret' }
}

describe('credentials on redirects', () => {
  test('stay with their origin: another port is another origin', async () => {
    const other = await serve((_request, response) => void response.end('data'))
    const server = await serve((request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      } else response.writeHead(307, { location: request.url === '/a' ? '/b' : other.at('/c').href }).end()
    })
    const response = await client({ credentials }).get(server.at('/a'), {
      headers: { cookie: 'x=1', range: 'bytes=0-1' },
    })
    expect(await textOf(response.body)).toBe('data')
    expect(server.seen.at(-1)?.headers.authorization).toMatch(/^Basic /)
    expect(other.seen[0]?.headers).not.toHaveProperty('authorization')
    expect(other.seen[0]?.headers).not.toHaveProperty('cookie')
    expect(other.seen[0]?.headers.range).toBe('bytes=0-1')
  })

  test('do not come back once dropped', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/end') response.end('data')
      else if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      } else response.writeHead(307, { location: other.at('/').href }).end()
    })
    const other = await serve(
      (_request, response) => void response.writeHead(307, { location: server.at('/end').href }).end(),
    )
    await client({ credentials }).get(server.at('/a'))
    expect(server.seen.at(-1)?.url).toBe('/end')
    expect(server.seen.at(-1)?.headers).not.toHaveProperty('authorization')
  })

  test.each(['Basic realm="x"', 'Bearer realm="http://127.0.0.1:1/token"'])(
    'are not given to an origin that asks %s',
    async (challenge) => {
      const other = await serve(
        (_request, response) => void response.writeHead(401, { 'www-authenticate': challenge }).end('who?'),
      )
      const server = await serve((request, response) => {
        if (request.headers.authorization === undefined) {
          response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
        } else response.writeHead(307, { location: other.at('/').href }).end()
      })
      const asked: string[] = []
      const http = client({
        credentials: ({ origin }) => {
          asked.push(origin)
          return credentials()
        },
      })
      const error = await failureOf(http.get(server.at('/a')))
      expect(error.code).toBe('UNAUTHENTICATED')
      expect(error.message).toContain(`${other.host}, where ${server.host} led, asks for credentials`)
      expect(asked).toEqual([server.url.origin])
      expect(other.seen).toHaveLength(1)
      expect(sentTo(other)).not.toMatch(/authorization|Basic|Bearer/i)
    },
  )

  test('are not given to another origin that a Location named', async () => {
    const other = await serve(
      (_request, response) => void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(),
    )
    const error = await failureOf(
      client({ credentials }).get(other.at('/up'), { method: 'PUT', base: new URL('http://127.0.0.1:5000/') }),
    )
    expect(error.code).toBe('UNAUTHENTICATED')
    expect(sentTo(other)).not.toMatch(/authorization/i)
  })
})
