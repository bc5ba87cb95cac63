import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { proxyFor } from '../src/proxy.ts'
import { serveRaw } from './direct/raw-server.ts'
import { client, failureOf, serve, textOf } from './harness.ts'

function pem(name: string): string {
  return readFileSync(new URL(`fixtures/tls/${name}`, import.meta.url), 'utf8')
}

interface TestProxy {
  readonly url: string
  readonly port: number
  readonly seen: { readonly line: string; readonly authorization: string | undefined }[]
}

/** A proxy that takes every host for one port of this machine. */
async function startProxy(target: number, refuse?: number): Promise<TestProxy> {
  const seen: TestProxy['seen'] = []
  const server = createServer((request, response) => {
    seen.push({ line: `${request.method} ${request.url}`, authorization: request.headers['proxy-authorization'] })
    response.writeHead(refuse ?? 200).end('through the proxy')
  })
  server.on('connect', (request, socket) => {
    seen.push({ line: `CONNECT ${request.url}`, authorization: request.headers['proxy-authorization'] })
    if (refuse !== undefined) return socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`)
    const upstream = connect(target, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(upstream).pipe(socket)
    })
    for (const one of [socket, upstream])
      one.on('error', () => [socket, upstream].forEach((other) => void other.destroy()))
    return undefined
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return { url: `http://user:p%40ss@127.0.0.1:${address.port}`, port: address.port, seen }
}

const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`

describe('through a proxy', () => {
  test('http goes by whole URL, with the proxy credentials decoded', async () => {
    const proxy = await startProxy(0)
    const http = client({ env: { HTTP_PROXY: proxy.url } })
    expect(await textOf((await http.get(new URL('http://registry.example/v2/?a=b'))).body)).toBe('through the proxy')
    expect(proxy.seen).toEqual([{ line: 'GET http://registry.example/v2/?a=b', authorization }])
  })

  test('https goes through a tunnel, verified end to end', async () => {
    const server = await serve((_request, response) => void response.end('end'), {
      key: pem('key.pem'),
      cert: pem('other.crt'),
    })
    const proxy = await startProxy(server.port)
    const http = client({ env: { https_proxy: proxy.url }, tls: () => ({ ca: pem('ca.crt') }) })
    expect(await textOf((await http.get(new URL('https://other.example/v2/'))).body)).toBe('end')
    expect(proxy.seen).toEqual([{ line: 'CONNECT other.example:443', authorization }])
    expect(server.seen[0]?.headers).not.toHaveProperty('proxy-authorization')
    const error = await failureOf(http.get(new URL('https://third.example/v2/')))
    expect(error.message).toMatch(/certificate is for another host/)
  })

  test.each([407, 502])('a refusal with %i tells nothing of its credentials', async (status) => {
    const proxy = await startProxy(0, status)
    const http = client({ proxy: { https: proxy.url }, maxAttempts: 1 })
    const error = await failureOf(http.get(new URL('https://registry.example/v2/')))
    expect(error.message).toMatch(
      status === 407 ? /proxy asks for other credentials/ : /proxy refused the connection \(status 502\)/,
    )
    expect(JSON.stringify([error.message, error.stack])).not.toMatch(/p%40ss|p@ss/)
  })

  test('one that is not there is named without its credentials', async () => {
    const proxy = await startProxy(0)
    const http = client({ proxy: { http: proxy.url.replace(/\d+$/, '1') }, maxAttempts: 1 })
    const error = await failureOf(http.get(new URL('http://registry.example/v2/')))
    expect(error.code).toBe('UNAVAILABLE')
    expect(error.message).toBe(
      'thing: registry.example:80: the proxy at 127.0.0.1:1 cannot be reached (ECONNREFUSED); check the proxy settings and that it runs',
    )
  })

  test('one that never answers is not waited for without end', async () => {
    const { url } = await serveRaw(() => undefined)
    const http = client({ proxy: { http: url.href, https: url.href }, headersTimeoutMs: 30, maxAttempts: 1 })
    const failures = ['http', 'https'].map((scheme) => failureOf(http.get(new URL(`${scheme}://registry.example/v2/`))))
    for (const failure of failures)
      expect((await failure).message).toMatch(/registry\.example:\d+: time-out: no answer/)
  })

  test('a setting that is no URL is not echoed', async () => {
    const error = await failureOf(
      client({ proxy: { http: 'ftp://user:p@ss@x' } }).get(new URL('http://registry.example/')),
    )
    expect(error.code).toBe('INVALID_DATA')
    expect(error.message).not.toMatch(/p@ss/)
  })
})

function direct(url: string, noProxy: string): boolean {
  const proxy = { http: 'http://proxy.example:3128', https: 'http://proxy.example:3128', noProxy }
  return proxyFor(new URL(url), proxy, {}) === undefined
}

describe('no_proxy', () => {
  test.each([
    ['http://registry.example/', 'registry.example'],
    ['http://a.registry.example/', 'registry.example'],
    ['http://a.registry.example/', '.registry.example'],
    ['http://a.registry.example/', '*.registry.example'],
    ['http://REGISTRY.example/', 'Registry.Example'],
    ['http://registry.example./', 'registry.example'],
    ['http://registry.example:5000/', 'registry.example:5000'],
    ['https://registry.example/', 'registry.example:443'],
    ['http://10.1.2.3/', '10.0.0.0/8'],
    ['http://10.1.2.3:5000/', 'x, 10.1.2.3'],
    ['http://[fd00::1]/', 'fd00::/8'],
    ['http://[fd00::1]/', 'fd00:0::1'],
    ['http://[fd00::1]:5000/', '[fd00::1]:5000'],
    ['http://anything/', '*'],
    ['http://127.0.0.1:5000/', ''],
    ['http://localhost/', ''],
    ['http://[::1]/', ''],
  ])('%s is reached directly with %j', (url, noProxy) => expect(direct(url, noProxy)).toBe(true))

  test.each([
    ['http://registry.example/', ''],
    ['http://myregistry.example/', 'registry.example'],
    ['http://registry.example/', '.registry.example'],
    ['http://registry.example:5001/', 'registry.example:5000'],
    ['http://11.1.2.3/', '10.0.0.0/8'],
    ['http://10.1.2.3/', '10.0.0.0/99'],
    ['http://10.1.2.3/', 'fd00::/8'],
    ['http://10.1.2.3.example/', '10.0.0.0/8'],
  ])('%s goes through the proxy with %j', (url, noProxy) => expect(direct(url, noProxy)).toBe(false))

  test('the environment, lower case first; false is none', () => {
    const url = new URL('https://registry.example/')
    expect(proxyFor(url, {}, { HTTPS_PROXY: 'http://upper:1', https_proxy: 'lower:2' })?.href).toBe('http://lower:2/')
    expect(proxyFor(url, {}, { HTTP_PROXY: 'http://plain:1' })).toBeUndefined()
    expect(proxyFor(url, {}, { HTTPS_PROXY: 'http://upper:1', NO_PROXY: 'registry.example' })).toBeUndefined()
    expect(proxyFor(url, false, { HTTPS_PROXY: 'http://upper:1' })).toBeUndefined()
  })
})
