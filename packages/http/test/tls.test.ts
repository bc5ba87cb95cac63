import { readFileSync } from 'node:fs'
import type { ServerOptions } from 'node:https'
import { describe, expect, test } from 'vitest'
import type { HttpClientOptions, TlsOptions } from '../src/index.ts'
import { client, failureOf, sentTo, serve, textOf, type TestServer } from './harness.ts'

function pem(name: string): string {
  return readFileSync(new URL(`fixtures/tls/${name}`, import.meta.url), 'utf8')
}

const key = pem('key.pem')
const ca = pem('ca.crt')

function secure(cert = 'server.crt', options: ServerOptions = {}): Promise<TestServer> {
  return serve((_request, response) => void response.end('ok'), { key, cert: pem(cert), ...options })
}

function trusting(tls: TlsOptions): HttpClientOptions {
  return { tls: () => tls }
}

describe('TLS', () => {
  test('a certificate of a known authority is taken, and the connection kept', async () => {
    const server = await secure()
    const http = client(trusting({ ca }))
    for (let index = 0; index < 3; index += 1) expect(await textOf((await http.get(server.at('/'))).body)).toBe('ok')
    expect(server.sockets.size).toBe(1)
  })

  test.each([
    ['of an unknown authority', 'server.crt', {}, /certificate is not trusted .*certificate authority \(`ca`\)/],
    ['of another host', 'other.crt', { ca }, /certificate is for another host/],
    ['that has expired', 'expired.crt', { ca }, /certificate has expired/],
  ])('one %s is refused at once, naming the cause', async (_name, cert, tls, message) => {
    const server = await secure(cert)
    const error = await failureOf(client(trusting(tls)).get(server.at('/')))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: false })
    expect(error.message).toMatch(message)
    expect(error.message).toContain(`127.0.0.1:${server.port}`)
    expect(server.seen).toEqual([])
    expect(server.sockets.size).toBe(1)
  })

  test('verification is off for the host that says so, and for no other', async () => {
    const [one, other] = [await secure(), await secure()]
    const http = client({ tls: ({ host }) => (host === one.host ? { rejectUnauthorized: false } : undefined) })
    expect((await http.get(one.at('/'))).status).toBe(200)
    expect((await failureOf(http.get(other.at('/')))).message).toMatch(/not trusted/)
  })

  test('the environment cannot switch it off', async () => {
    const server = await secure()
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      expect((await failureOf(client().get(server.at('/')))).message).toMatch(/not trusted/)
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    }
  })

  test('a client certificate', async () => {
    const server = await secure('server.crt', { ca, requestCert: true, rejectUnauthorized: true })
    expect((await client(trusting({ ca, cert: pem('client.crt'), key })).get(server.at('/'))).status).toBe(200)
    const error = await failureOf(client({ ...trusting({ ca }), maxAttempts: 1 }).get(server.at('/')))
    expect(error.code).toBe('UNAVAILABLE')
    expect(server.seen).toHaveLength(1)
  })

  test('that a client certificate is wanted is said in words, without the insides of OpenSSL', async () => {
    const server = await secure('server.crt', { ca, requestCert: true, maxVersion: 'TLSv1.2' })
    const error = await failureOf(client(trusting({ ca })).get(server.at('/')))
    expect(error.retryable).toBe(false)
    expect(error.message).toMatch(
      /TLS refused by the server \([^()]*handshake failure\); it may want a client certificate$/,
    )
    expect(error.message).not.toMatch(/openssl|\.c:/)
  })

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused', async (maxVersion) => {
    const server = await secure('server.crt', { minVersion: 'TLSv1', maxVersion, ciphers: 'ALL:@SECLEVEL=0' })
    const error = await failureOf(client(trusting({ ca })).get(server.at('/')))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: false })
    expect(error.message).toMatch(/it speaks TLS 1\.1 or older/)
    expect(server.seen).toEqual([])
  })

  test('a plain HTTP server gets no request, and the message names the likely mistake', async () => {
    const server = await serve((_request, response) => void response.end('plain'))
    const url = new URL(server.at('/').href.replace('http:', 'https:'))
    const error = await failureOf(client().get(url))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: false })
    expect(error.message).toMatch(/does not speak TLS; if it is a plain HTTP server, say so with http:\/\//)
    expect(server.seen).toEqual([])
  })

  test('where https leads, plain http does not follow', async () => {
    const plain = await serve((_request, response) => void response.end('x'))
    const server = await serve(
      (_request, response) => void response.writeHead(307, { location: plain.at('/').href }).end(),
      {
        key,
        cert: pem('server.crt'),
      },
    )
    const error = await failureOf(client(trusting({ ca })).get(server.at('/')))
    expect(error.message).toMatch(/from https to plain http/)
    expect(plain.seen).toEqual([])
  })

  test("a token service is reached with the registry's authorities, and verified", async () => {
    const answer = (server: { readonly cert: string }) =>
      serve((_request, response) => void response.end('{"token":"t1"}'), { key, cert: pem(server.cert) })
    const service = await answer({ cert: 'server.crt' })
    const registry = await serve(
      (request, response) => {
        if (request.headers.authorization === 'Bearer t1') response.end('ok')
        else response.writeHead(401, { 'www-authenticate': `Bearer realm="${service.at('/token').href}"` }).end()
      },
      { key, cert: pem('server.crt') },
    )
    const http = client({ tls: ({ host }) => (host === registry.host ? { ca } : undefined) })
    expect((await http.get(registry.at('/'))).status).toBe(200)
    const unknown = client({
      tls: ({ host }) => (host === registry.host ? { rejectUnauthorized: true, ca } : { ca: pem('client.crt') }),
    })
    expect((await failureOf(unknown.get(registry.at('/')))).message).toMatch(/not trusted/)
  })

  test('a client certificate is not presented where the registry leads', async () => {
    let presented: unknown = 'unseen'
    const other = await serve(
      (request, response) => {
        presented =
          'getPeerCertificate' in request.socket &&
          Reflect.apply(request.socket.getPeerCertificate as () => object, request.socket, [])
        response.end('data')
      },
      { key, cert: pem('server.crt'), ca, requestCert: true, rejectUnauthorized: false },
    )
    const registry = await serve(
      (_request, response) => void response.writeHead(307, { location: other.at('/').href }).end(),
      {
        key,
        cert: pem('server.crt'),
        ca,
        requestCert: true,
        rejectUnauthorized: true,
      },
    )
    const http = client({
      tls: ({ host }) => (host === registry.host ? { ca, cert: pem('client.crt'), key } : undefined),
    })
    expect(await textOf((await http.get(registry.at('/'))).body)).toBe('data')
    expect(presented).toEqual({})
    expect(sentTo(other)).not.toMatch(/authorization/i)
  })

  test('what the TLS provider throws comes out, and it is asked again', async () => {
    const server = await secure()
    let asked = 0
    const http = client({
      tls: () => {
        asked += 1
        if (asked === 1) throw new Error('certs.d: cannot read')
        return { ca }
      },
    })
    expect((await failureOf(http.get(server.at('/')))).message).toBe('certs.d: cannot read')
    expect((await http.get(server.at('/'))).status).toBe(200)
  })
})
