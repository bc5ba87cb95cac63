import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { createCertificate } from '../../src/certificate.ts'
import { findInPath } from '../../src/find-in-path.ts'
import { startCountingProxy } from '../../src/link/counting-proxy.ts'
import { askRegistry } from '../../src/registry-client.ts'
import { temporaryFolder } from '../temporary-folder.ts'

test('counts requests and bodies, and changes neither headers nor content', async () => {
  const server = createServer((request, answer) => {
    answer.writeHead(201, { location: `http://${request.headers.host}/next` })
    void text(request).then((body) => answer.end(`got ${body}`))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startCountingProxy({ port: (server.address() as AddressInfo).port })
  onTestFinished(async () => {
    await proxy.close()
    server.close()
    server.closeAllConnections()
  })
  const first = await fetch(`http://127.0.0.1:${proxy.port}/a?b=c`, { method: 'POST', body: 'hello' })
  expect(first.status).toBe(201)
  expect(first.headers.get('location')).toBe(`http://127.0.0.1:${proxy.port}/next`)
  expect(await first.text()).toBe('got hello')
  await (await fetch(`http://127.0.0.1:${proxy.port}/`)).text()
  expect(proxy.traffic()).toEqual({ requests: 2, sent: 5, received: 'got hello'.length + 'got '.length, blobs: 0 })
})

test('an upstream that is gone ends the request', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const proxy = await startCountingProxy({ port })
  onTestFinished(() => proxy.close())
  await expect(fetch(`http://127.0.0.1:${proxy.port}/`)).rejects.toThrow('fetch failed')
})

test('counts what is to and from blobs apart', async () => {
  const server = createServer((request, answer) => {
    void text(request).then(() => answer.end('four'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startCountingProxy({ port: (server.address() as AddressInfo).port })
  onTestFinished(async () => {
    await proxy.close()
    server.close()
    server.closeAllConnections()
  })
  const ask = async (path: string, body: string): Promise<void> => {
    await (await fetch(`http://127.0.0.1:${proxy.port}${path}`, { method: 'PUT', body })).text()
  }
  await ask('/v2/a/manifests/b', 'manifest')
  await ask('/v2/a/blobs/uploads/1?digest=2', 'blob!')
  expect(proxy.traffic()).toEqual({ requests: 2, sent: 13, received: 8, blobs: 9 })
})

test.skipIf(findInPath('openssl') === undefined)('speaks TLS on both sides', async () => {
  const certificate = await createCertificate(await temporaryFolder())
  const server = createSecureServer(certificate, (_, answer) => answer.end('secret')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startCountingProxy({ port: (server.address() as AddressInfo).port, certificate })
  onTestFinished(async () => {
    await proxy.close()
    server.close()
    server.closeAllConnections()
  })
  const { status, body } = await askRegistry({ port: proxy.port, tls: true }, { method: 'GET', path: '/' })
  expect([status, body.toString()]).toEqual([200, 'secret'])
  expect(proxy.traffic()).toMatchObject({ requests: 1, received: 6 })
})
