import { connect, type OnReadOpts, type Socket } from 'node:net'
import type { BufferPool } from '../link/buffer-pool.ts'

export interface Host {
  readonly port: number
  readonly tls: boolean
}

export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Empty if the body went elsewhere. */
  readonly body: Buffer
}

export interface Question {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | number>> | undefined
  /** A body that is at hand. */
  readonly body?: Buffer | undefined
  /** Writes a body whose length is among the headers. */
  readonly send?: ((socket: Socket) => Promise<void>) | undefined
  /** Takes the body of a successful answer, which has a length. Keeps the buffer, and gives it back later, if it returns true. */
  readonly take?: ((bytes: Buffer, buffer: Buffer) => boolean) | undefined
}

/** HTTP/1.1 over one connection, one question at a time, without a copy of what is received. */
export interface Connection {
  ask(question: Question): Promise<Answer>
  /** Reads on, after `pause`. */
  resume(): void
  /** Reads nothing more than what is being handed out. */
  pause(): void
  close(): void
}

/** What is under way: the question, and its answer as far as it has come. */
interface Exchange {
  readonly question: Question
  readonly settle: (answer: Answer) => void
  readonly fail: (error: Error) => void
  head: string
  status: number
  headers: Map<string, string>
  parts: Buffer[]
  /** Bytes of the body that are still to come; undefined before the head is there, Infinity if chunks will tell. */
  left: number | undefined
}

const HEAD_END = '\r\n\r\n'

export function openConnection({ port, tls }: Host, buffers: BufferPool): Connection {
  let current: Exchange | undefined
  let paused = false
  let buffer = buffers.take()
  const onread: OnReadOpts = {
    buffer: () => buffer,
    callback: (bytes) => {
      const filled = buffer
      if (current !== undefined && receive(current, filled.subarray(0, bytes), filled)) buffer = buffers.take()
      if (current !== undefined && current.left === 0) finish(current)
      return !paused
    },
  }
  const finish = (exchange: Exchange): void => {
    current = undefined
    const { status, headers, parts } = exchange
    exchange.settle({ status, headers, body: Buffer.concat(parts) })
  }
  const socket = tls ? connectSecurely(port, onread) : connect({ port, host: '127.0.0.1', noDelay: true, onread })
  socket.on('error', (error) => current?.fail(error))
  socket.on('close', () => current?.fail(new Error('the connection ended early')))
  return {
    ask: (question) =>
      new Promise<Answer>((settle, fail) => {
        const started = { head: '', status: 0, headers: new Map<string, string>(), parts: [], left: undefined }
        current = { question, settle, fail, ...started }
        write(socket, port, question).catch(fail)
      }),
    resume: () => {
      paused = false
      socket.resume()
    },
    pause: () => {
      paused = true
    },
    close: () => void socket.destroy(),
  }
}

/** As tools do that were told to skip the check of certificates. */
function connectSecurely(port: number, onread: OnReadOpts): Socket {
  const options = { port, host: '127.0.0.1', onread, rejectUnauthorized: false }
  // Loaded by those who need it alone. The types of `connect` lack `onread`, which it has.
  return process.getBuiltinModule('node:tls').connect(options as object)
}

async function write(socket: Socket, port: number, { method, path, headers, body, send }: Question): Promise<void> {
  const length = body === undefined ? {} : { 'content-length': body.byteLength }
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers, ...length })
  const head = `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  socket.cork()
  socket.write(head, 'latin1')
  if (body !== undefined) socket.write(body)
  socket.uncork()
  await send?.(socket)
}

/** Whether the buffer is kept. */
function receive(exchange: Exchange, bytes: Buffer, buffer: Buffer): boolean {
  let body = bytes
  if (exchange.left === undefined) {
    const end = readHead(exchange, bytes)
    if (end === undefined) return false
    body = bytes.subarray(end)
  }
  if (exchange.left === Infinity) {
    exchange.parts.push(Buffer.from(body))
    unchunk(exchange)
    return false
  }
  exchange.left = (exchange.left ?? 0) - body.byteLength
  if (body.byteLength === 0) return false
  const { question, status, parts } = exchange
  if (question.take !== undefined && status < 300) return question.take(body, buffer)
  parts.push(Buffer.from(body))
  return false
}

/** Where in `bytes` the body begins. */
function readHead(exchange: Exchange, bytes: Buffer): number | undefined {
  const before = exchange.head.length
  exchange.head += bytes.toString('latin1', 0, 16 * 1024)
  const end = exchange.head.indexOf(HEAD_END)
  if (end < 0) return undefined
  const [first = '', ...lines] = exchange.head.slice(0, end).split('\r\n')
  exchange.status = Number(first.split(' ')[1])
  for (const line of lines) {
    const colon = line.indexOf(':')
    exchange.headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  exchange.left = lengthOf(exchange)
  return end + HEAD_END.length - before
}

function lengthOf({ question, status, headers }: Exchange): number {
  if (question.method === 'HEAD' || status === 204 || status === 304) return 0
  return headers.get('transfer-encoding') === 'chunked' ? Infinity : Number(headers.get('content-length') ?? 0)
}

/** Puts chunks together once the last one is there; only small answers come in chunks. */
function unchunk(exchange: Exchange): void {
  const raw = Buffer.concat(exchange.parts)
  if (!raw.subarray(-5).equals(Buffer.from('0\r\n\r\n'))) return
  exchange.parts = []
  for (let at = 0; ;) {
    const end = raw.indexOf('\r\n', at)
    const size = Number.parseInt(raw.toString('latin1', at, end), 16)
    if (!(size > 0)) break
    exchange.parts.push(raw.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
  exchange.left = 0
}
