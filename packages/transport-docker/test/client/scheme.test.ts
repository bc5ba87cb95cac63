import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { HttpClient, HttpRequest, HttpResponse } from '@crossdock/http'
import { createHttpClient } from '@crossdock/http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createSchemeFinder } from '../../src/client/scheme.ts'
import { collect, failure, registry, seen, transport } from '../peers.ts'

describe('a plain registry on a loopback address', () => {
  it('is asked nothing besides what is wanted', async () => {
    await using server = await registry()
    const reference = transport().parseReference(`//${server.host}/a`)
    await failure(() => collect(reference.tags()))
    expect(seen(server)).toEqual(['GET tags 404'])
  })

  it('costs a moment if it waits in silence for the end of a TLS greeting', async () => {
    let https = 0
    const host = await silentToTls((first) => {
      https += first === 0x16 ? 1 : 0
    })
    const started = performance.now()
    expect(await collect(transport().parseReference(`//${host}/a`).tags())).toEqual(['t'])
    expect(performance.now() - started).toBeLessThan(5000)
    expect(https).toBe(1)
  })
})

const probe = (answer: (request: HttpRequest) => Promise<HttpResponse>): HttpClient => ({
  request: answer,
  close: () => Promise.resolve(),
})
const response = (request: HttpRequest, status: number): HttpResponse => ({
  status,
  url: request.url,
  headers: { get: () => undefined, all: () => [] },
  body: (async function* () {})(),
  discard: () => Promise.resolve(),
})

describe('createSchemeFinder', () => {
  const refused = Object.assign(new Error('no'), {
    cause: Object.assign(new Error('tls'), { code: 'ERR_SSL_WRONG_VERSION_NUMBER' }),
  })

  it('asks hosts nothing that must speak TLS', async () => {
    const finder = createSchemeFinder({
      createProbe: () => probe(() => Promise.reject(new Error('asked'))),
      insecure: () => false,
    })
    for (const host of [
      'example.com',
      'localhost.example.com',
      '127.0.0.1.example.com',
      '10.0.0.1:5000',
      'notlocalhost',
    ]) {
      expect(await finder.find(host)).toBe('https')
    }
  })

  it('prefers https, remembers, and finds plain servers by what they answer to a greeting', async () => {
    const asked: string[] = []
    const finder = createSchemeFinder({
      createProbe: () =>
        probe((request) => {
          asked.push(request.url.href)
          return request.url.host === 'tls.test' ? Promise.resolve(response(request, 401)) : Promise.reject(refused)
        }),
      insecure: () => true,
    })
    for (let round = 0; round < 2; round += 1) {
      expect(await finder.find('tls.test')).toBe('https')
      expect(await finder.find('plain.test')).toBe('http')
    }
    expect(asked).toEqual(['https://tls.test/v2/', 'https://plain.test/v2/'])
  })

  it('does not take "you speak plain HTTP to a TLS port" for a registry', async () => {
    const finder = createSchemeFinder({
      createProbe: () =>
        probe((request) =>
          request.url.protocol === 'http:'
            ? Promise.resolve(response(request, 400))
            : Promise.reject(new Error('bad certificate')),
        ),
      insecure: () => true,
    })
    expect(await finder.find('tls.test')).toBe('https')
  })

  it('ends with the reason of an abort', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    const waiting = probe(
      (request) =>
        new Promise((_resolve, reject) => {
          request.signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
          controller.abort(reason)
        }),
    )
    const finder = createSchemeFinder({ createProbe: () => waiting, insecure: () => true })
    await expect(finder.find('host.test', controller.signal)).rejects.toBe(reason)
  })

  it('says https of a host where nobody listens', async () => {
    const finder = createSchemeFinder({ createProbe: () => createHttpClient({ maxAttempts: 1 }), insecure: () => true })
    expect(await finder.find('127.0.0.1:1')).toBe('https')
  })
})

/** Answers plain requests and says nothing to a TLS greeting. */
async function silentToTls(onFirstByte: (byte: number) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', (chunk) => {
      onFirstByte(chunk[0] ?? 0)
      if (chunk[0] === 0x16) return
      const body = '{"tags":["t"]}'
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
      socket.end(answer)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
