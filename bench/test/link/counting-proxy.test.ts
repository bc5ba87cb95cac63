import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { startCountingProxy } from '../../src/link/counting-proxy.ts'

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
  expect(proxy.traffic()).toEqual({ requests: 2, sent: 5, received: 'got hello'.length + 'got '.length })
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
