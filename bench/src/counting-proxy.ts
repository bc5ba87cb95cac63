import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { Proxy } from './delay-proxy.ts'

export interface Traffic {
  readonly requests: number
  /** Bodies of requests, bytes. */
  readonly sent: number
  /** Bodies of answers, bytes. */
  readonly received: number
}

export interface CountingProxy extends Proxy {
  traffic(): Traffic
}

/**
 * Forwards HTTP requests to a registry on this machine and counts them. The Host header is kept, so that the addresses in
 * answers lead back here. Not for timings.
 */
export async function startCountingProxy({ port }: { readonly port: number }): Promise<CountingProxy> {
  const agent = new Agent({ keepAlive: true })
  const counters = { requests: 0, sent: 0, received: 0 }
  const server = createServer((incoming, answer) => {
    counters.requests += 1
    incoming.on('data', (chunk: Buffer) => (counters.sent += chunk.byteLength))
    forward(incoming, answer, { port, agent, onAnswerBytes: (bytes) => (counters.received += bytes) })
  })
  server.requestTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port, // A TCP server that listens has one.
    traffic: () => ({ ...counters }),
    close: async () => {
      agent.destroy()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

interface Upstream {
  readonly port: number
  readonly agent: Agent
  readonly onAnswerBytes: (bytes: number) => void
}

function forward(incoming: IncomingMessage, answer: ServerResponse, { port, agent, onAnswerBytes }: Upstream): void {
  const { method, url, rawHeaders } = incoming
  const outgoing = request({ host: '127.0.0.1', port, method, path: url, headers: rawHeaders, agent })
  outgoing.on('response', (response) => {
    response.on('data', (chunk: Buffer) => onAnswerBytes(chunk.byteLength))
    answer.writeHead(response.statusCode ?? 502, response.rawHeaders)
    // Whoever breaks off has its reasons; the other side is told by the end of the connection.
    pipeline(response, answer).catch(() => answer.destroy())
  })
  outgoing.on('error', () => answer.destroy())
  answer.on('close', () => {
    if (!answer.writableFinished) outgoing.destroy()
  })
  pipeline(incoming, outgoing).catch(() => answer.destroy())
}
