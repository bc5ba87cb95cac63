import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Reply } from './reply.ts'

export interface SendOptions {
  readonly isHead: boolean
  readonly signal: AbortSignal
  onBytes(bytes: number): void
}

/** Puts an answer on the wire as fast as the client takes it. */
export async function send(response: ServerResponse, reply: Reply, options: SendOptions): Promise<void> {
  const { status, headers, body } = reply
  const length = body?.size === undefined || 'content-length' in headers ? {} : { 'content-length': String(body.size) }
  response.writeHead(status, { ...mutable(headers), ...length })
  if (body !== undefined && !options.isHead && status !== 304 && status !== 204) {
    response.flushHeaders()
    for await (const bytes of body.open()) {
      options.signal.throwIfAborted()
      options.onBytes(bytes.byteLength)
      if (!response.write(bytes)) await once(response, 'drain', { signal: options.signal })
    }
  }
  response.end()
}

function mutable(headers: Reply['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  )
}

/** A reset makes the other side forget what it has not read yet; in this time it can. */
const RESET_DELAY_MS = 50

/** Ends a connection after everything written to it has left. */
export async function endConnection(socket: Socket, how: 'cut' | 'reset', signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve)) // what was written is corked until the next turn
  while (socket.writableLength > 0 && !signal.aborted) await once(socket, 'drain', { signal }).catch(() => {})
  if (how === 'cut' || 'encrypted' in socket) {
    socket.destroySoon()
    return
  }
  await wait(RESET_DELAY_MS, undefined, { signal }).catch(() => {})
  socket.resetAndDestroy()
}
