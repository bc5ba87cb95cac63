import { once } from 'node:events'
import { Agent as HttpAgent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { Agent as HttpsAgent, createServer as createSecureServer, request as requestSecurely } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { Proxy } from './delay-proxy.ts'

export interface Traffic {
  readonly requests: number
  /** Bodies of requests, bytes. */
  readonly sent: number
  /** Bodies of answers, bytes. */
  readonly received: number
  /** What of both was to or from the addresses of blobs and uploads. */
  readonly blobs: number
}

export interface CountingProxy extends Proxy {
  traffic(): Traffic
}

export interface CountingOptions {
  readonly port: number
  /** For both sides: what is behind it speaks TLS, too. Default: plain http on both. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined
}

/**
 * Forwards HTTP/1.1 requests to a registry on this machine and counts them. The Host header is kept, so that the addresses in
 * answers lead back here. Not for timings.
 */
export async function startCountingProxy({ port, certificate }: CountingOptions): Promise<CountingProxy> {
  const agent = certificate === undefined ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true })
  const counters = { requests: 0, sent: 0, received: 0, blobs: 0 }
  const upstream: Upstream = { port, agent, tls: certificate !== undefined }
  const listener = (incoming: IncomingMessage, answer: ServerResponse): void => {
    counters.requests += 1
    const ofBlob = /\/blobs\//.test(incoming.url ?? '')
    const count = (direction: 'sent' | 'received') => (bytes: number) => {
      counters[direction] += bytes
      if (ofBlob) counters.blobs += bytes
    }
    forward(incoming, answer, { ...upstream, onSent: count('sent'), onReceived: count('received') })
  }
  const server = certificate === undefined ? createServer(listener) : createSecureServer(certificate, listener)
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
  readonly agent: HttpAgent
  readonly tls: boolean
}

interface Forwarding extends Upstream {
  readonly onSent: (bytes: number) => void
  readonly onReceived: (bytes: number) => void
}

function forward(incoming: IncomingMessage, answer: ServerResponse, forwarding: Forwarding): void {
  const { port, agent, tls, onSent, onReceived } = forwarding
  const { method, url, rawHeaders } = incoming
  const options = { host: '127.0.0.1', port, method, path: url, headers: rawHeaders, agent }
  const outgoing = tls ? requestSecurely({ ...options, rejectUnauthorized: false }) : request(options)
  incoming.on('data', (chunk: Buffer) => onSent(chunk.byteLength))
  outgoing.on('response', (response) => {
    response.on('data', (chunk: Buffer) => onReceived(chunk.byteLength))
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
