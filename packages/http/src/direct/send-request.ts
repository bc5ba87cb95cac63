import type { Socket } from 'node:net'
import { recycle } from '@crossdock/streams'
import type { Exchange } from '../exchange.ts'
import type { HttpRequest } from '../http.ts'
import { WIRE, wireFailure } from '../network-error.ts'
import { requestHeaders } from '../request-headers.ts'
import type { UploadBody } from '../upload-body.ts'

/** Told what the sending waits for. */
export interface SendWatch {
  /** For the server to take what was written. */
  forServer(): void
  /** For the body's next bytes. */
  forBody(): void
}

export interface SendOptions {
  readonly userAgent: string
  readonly watch: SendWatch
}

/** Writes the whole request. Resolves when the system has taken it, or the socket is gone; fails with what the body fails with. */
export async function sendRequest(
  socket: Socket,
  { request, upload }: Exchange,
  { userAgent, watch }: SendOptions,
): Promise<void> {
  watch.forServer()
  const { body } = request
  const head = headText(request, userAgent)
  // Together, so that a short request is one packet.
  if (body instanceof Uint8Array) {
    socket.cork()
    const all = [written(socket, head), written(socket, body)]
    socket.uncork()
    await Promise.all(all)
    return
  }
  await written(socket, head)
  if (upload !== undefined && body?.size !== 0) await sendBody(socket, upload, watch)
}

function headText(request: HttpRequest, userAgent: string): string {
  const { method, url } = request
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`, `host: ${url.host}`]
  for (const [name, value] of Object.entries(requestHeaders(request, userAgent)))
    lines.push(`${name}: ${checked(value)}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** A line end in a value would begin another header. */
function checked(value: string): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value
  throw wireFailure(WIRE.badHeader)
}

/** One chunk is written while the next is got ready. */
async function sendBody(socket: Socket, upload: UploadBody, watch: SendWatch): Promise<void> {
  let writing: Promise<void> | undefined
  for await (const chunk of upload) {
    await writing
    if (socket.destroyed) return
    watch.forServer()
    const sent = sendChunk(socket, chunk)
    writing = sent
    void sent.finally(() => {
      if (writing === sent) watch.forBody()
    })
  }
  watch.forServer()
  await writing
}

async function sendChunk(socket: Socket, chunk: Uint8Array): Promise<void> {
  await written(socket, chunk)
  recycle(chunk)
}

/** Resolves when the system has taken the bytes, or never will: a failed write ends the socket, which tells why. */
function written(socket: Socket, bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => resolve()
    if (typeof bytes === 'string') socket.write(bytes, 'latin1', done)
    else socket.write(bytes, done)
  })
}
