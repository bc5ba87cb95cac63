import type { Socket } from 'node:net'
import { recycle } from '@crossdock/streams'
import type { Exchange } from '../exchange.ts'
import type { HttpRequest } from '../http.ts'
import { WIRE, wireFailure } from '../network-error.ts'
import { requestHeaders } from '../request-headers.ts'
import type { UploadBody } from '../upload-body.ts'

/** Told what the sending waits for. */
export interface SendWatch {
  /** For the server to take what was written or, at the end, to answer. Told again whenever it took something. */
  forServer(): void
  /** For the body's next bytes. */
  forBody(): void
}

export interface SendOptions {
  readonly userAgent: string
  readonly watch: SendWatch
}

/** What a slow server has to take within the time limit, at the least. */
const PIECE_BYTES = 128 * 1024

/** Writes the whole request. Resolves when the system has taken it, or the socket is gone; fails with what the body fails with. */
export async function sendRequest(
  socket: Socket,
  { request, upload }: Exchange,
  { userAgent, watch }: SendOptions,
): Promise<void> {
  watch.forServer()
  const { body } = request
  const head = headText(request, userAgent)
  if (body instanceof Uint8Array) await sendTogether(socket, { head, body }, watch)
  else {
    await written(socket, head)
    if (upload !== undefined && body?.size !== 0) await sendBody(socket, upload, watch)
  }
  watch.forServer()
}

function headText(request: HttpRequest, userAgent: string): string {
  const { method, url } = request
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`, `host: ${url.host}`]
  for (const [name, value] of Object.entries(requestHeaders(request, userAgent))) lines.push(headerLine(name, value))
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** A line end in it would begin another header. */
function headerLine(name: string, value: string): string {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return `${name}: ${value}`
  throw wireFailure(WIRE.badHeader)
}

interface WholeRequest {
  readonly head: string
  readonly body: Uint8Array
}

/** A short request is one packet. */
async function sendTogether(socket: Socket, { head, body }: WholeRequest, watch: SendWatch): Promise<void> {
  socket.cork()
  const first = [written(socket, head), written(socket, body.subarray(0, PIECE_BYTES))]
  socket.uncork()
  await Promise.all(first)
  await sendPieces(socket, body.subarray(PIECE_BYTES), watch)
}

/** One chunk is written while the next is got ready. */
async function sendBody(socket: Socket, upload: UploadBody, watch: SendWatch): Promise<void> {
  let writing: Promise<void> | undefined
  watch.forBody()
  for await (const chunk of upload) {
    const before = writing
    writing = undefined
    await before
    if (socket.destroyed) return
    const sent = sendChunk(socket, chunk, watch)
    writing = sent
    // Unless the next chunk is there already.
    void sent.then(() => writing === sent && watch.forBody())
  }
  await writing
}

async function sendChunk(socket: Socket, chunk: Uint8Array, watch: SendWatch): Promise<void> {
  await sendPieces(socket, chunk, watch)
  recycle(chunk)
}

async function sendPieces(socket: Socket, bytes: Uint8Array, watch: SendWatch): Promise<void> {
  for (let at = 0; at < bytes.byteLength && !socket.destroyed; at += PIECE_BYTES) {
    watch.forServer()
    await written(socket, bytes.subarray(at, at + PIECE_BYTES))
  }
}

/** Resolves when the system has taken the bytes, or never will: a failed write ends the socket, which tells why. */
function written(socket: Socket, bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => resolve()
    if (typeof bytes === 'string') socket.write(bytes, 'latin1', done)
    else socket.write(bytes, done)
  })
}
