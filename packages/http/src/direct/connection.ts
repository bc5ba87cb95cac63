import type { Socket } from 'node:net'
import type { Exchange } from '../exchange.ts'
import { createHeaders } from '../headers.ts'
import type { HttpHeaders } from '../http.ts'
import { WIRE, wireFailure } from '../network-error.ts'
import type { ResolvedOptions } from '../options.ts'
import { type Assembler, createAssembler } from './assembler.ts'
import type { Connecting, Receiver } from './connect.ts'
import { type BodyDecoder, bodyDecoder } from './framing.ts'
import { headEnd, parseHead, type ResponseHead, UnsoundAnswer } from './response-head.ts'
import { sendRequest } from './send-request.ts'
import { createSilenceTimer } from './silence-timer.ts'

const FIRST_HEAD_BYTES = 16 * 1024
const MAX_HEAD_BYTES = 64 * 1024
const MAX_INTERIM_ANSWERS = 20
/** How long a connection without a request is kept, unless the server says that it does so for less. */
const MAX_IDLE_MS = 10_000

export interface ConnectionOptions extends Pick<
  ResolvedOptions,
  'headersTimeoutMs' | 'idleBodyTimeoutMs' | 'userAgent'
> {
  /** The connection is free for another request, for so long. */
  readonly onFree: (connection: Connection, forMs: number) => void
  readonly onClosed: (connection: Connection) => void
}

/** The answer that is being received. */
interface Incoming {
  readonly decoder: BodyDecoder
  readonly assembler: Assembler
}

/**
 * One HTTP/1.1 connection (RFC 9112), one exchange after the other. Received bytes go into memory of this connection and, once
 * the head of an answer is over, straight into the chunks that its reader gets.
 */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #timer = createSilenceTimer()
  #socket: Socket | undefined
  #exchange: Exchange | undefined
  #incoming: Incoming | undefined
  #head = Buffer.allocUnsafeSlow(FIRST_HEAD_BYTES)
  #headBytes = 0
  #interim = 0
  #sending = false
  #held = false
  #flushes = false
  #keptForMs = 0
  #exchanges = 0

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** Where the socket shall put what it receives. */
  receiver(): Receiver {
    return {
      buffer: () => this.#incoming?.assembler.room() ?? this.#head.subarray(this.#headBytes),
      callback: (bytes) => {
        this.#received(bytes)
        return !this.#held
      },
    }
  }

  /** The result is for waiting until the socket is connected. */
  attach({ socket, ready }: Connecting): Promise<void> {
    this.#socket = socket
    socket.on('end', () => this.#ended())
    socket.on('error', (reason) => this.#fail(reason))
    socket.on('close', () => {
      this.#fail(wireFailure(WIRE.closed))
      this.#options.onClosed(this)
    })
    return ready
  }

  get usable(): boolean {
    return this.#exchange === undefined && this.#socket?.destroyed === false
  }

  /** Without a request a connection does not keep the process alive. */
  rest(): void {
    this.#socket?.unref()
  }

  close(reason?: Error): void {
    this.#socket?.destroy(reason)
  }

  /** Sends a request. The connection must be usable. */
  send(exchange: Exchange): void {
    const socket = this.#socket
    if (socket === undefined) throw new TypeError('the connection is not attached to a socket')
    socket.ref()
    this.#exchange = exchange
    this.#exchanges += 1
    this.#sending = true
    this.#interim = 0
    const whileIts = <Arguments extends readonly unknown[]>(act: (...values: Arguments) => void) => {
      return (...values: Arguments): void => {
        if (this.#exchange === exchange) act(...values)
      }
    }
    exchange.started({
      pause: whileIts(() => this.#hold()),
      resume: whileIts(() => this.#goOn()),
      abort: whileIts(() => this.close()),
      flush: whileIts(() => this.#flush()),
    })
    const watch = { forServer: whileIts(() => this.#awaitHead()), forBody: whileIts(() => this.#awaitSource()) }
    sendRequest(socket, exchange, { userAgent: this.#options.userAgent, watch }).then(
      whileIts(() => {
        this.#sending = false
      }),
      whileIts((reason: unknown) => this.#fail(reason)),
    )
  }

  /** The body that is sent is silent: that is not the server's fault. */
  #awaitSource(): void {
    if (this.#incoming === undefined) this.#timer.stop()
  }

  #awaitHead(): void {
    if (this.#incoming !== undefined) return
    this.#timer.watch(this.#options.headersTimeoutMs, () => this.#fail(wireFailure(WIRE.headersTimeout)))
  }

  #awaitBody(): void {
    this.#timer.watch(this.#options.idleBodyTimeoutMs, () => this.#fail(wireFailure(WIRE.bodyTimeout)))
  }

  #received(bytes: number): void {
    try {
      if (this.#exchange === undefined) this.close()
      else if (this.#incoming === undefined) this.#headReceived(this.#exchange, bytes)
      else this.#bodyReceived(this.#exchange, this.#incoming, bytes)
    } catch (reason) {
      this.#fail(reason)
    }
  }

  #headReceived(exchange: Exchange, bytes: number): void {
    const from = Math.max(0, this.#headBytes - 3)
    this.#headBytes += bytes
    for (let end = this.#headEnd(from); end > 0; end = this.#headEnd(0)) {
      const head = parseHead(this.#head.toString('latin1', 0, end))
      if (head.status >= 200) {
        this.#answered(exchange, head, this.#head.subarray(end, this.#headBytes))
        return
      }
      this.#interim += 1
      if (head.status === 101 || this.#interim > MAX_INTERIM_ANSWERS) throw new UnsoundAnswer('an answer that is none')
      this.#head.copyWithin(0, end, this.#headBytes)
      this.#headBytes -= end
    }
    if (this.#headBytes < this.#head.byteLength) return
    if (this.#headBytes >= MAX_HEAD_BYTES) throw wireFailure(WIRE.headTooLarge)
    const larger = Buffer.allocUnsafeSlow(MAX_HEAD_BYTES)
    this.#head.copy(larger)
    this.#head = larger
  }

  #headEnd(from: number): number {
    return headEnd(this.#head, from, this.#headBytes)
  }

  #answered(exchange: Exchange, head: ResponseHead, rest: Uint8Array): void {
    const headers = createHeaders(head.fields)
    const decoder = bodyDecoder(head, headers, exchange.request.method)
    this.#keptForMs = keptForMs(head, headers)
    this.#headBytes = 0
    this.#awaitBody()
    if (decoder === undefined) {
      exchange.answered(head.status, headers)
      this.#finish(exchange, rest.byteLength)
      return
    }
    const incoming = { decoder, assembler: createAssembler(decoder) }
    this.#incoming = incoming
    exchange.answered(head.status, headers)
    for (let left = rest; left.byteLength > 0;) {
      const room = incoming.assembler.room()
      const part = left.subarray(0, room.byteLength)
      left = left.subarray(part.byteLength)
      room.set(part)
      const surplus = this.#took(exchange, incoming, part.byteLength)
      if (surplus === undefined) continue
      this.#finish(exchange, surplus + left.byteLength)
      return
    }
  }

  #bodyReceived(exchange: Exchange, incoming: Incoming, bytes: number): void {
    this.#timer.touch()
    const surplus = this.#took(exchange, incoming, bytes)
    if (surplus !== undefined) this.#finish(exchange, surplus)
  }

  /** Says how many bytes came behind the body's end, once it has ended. */
  #took(exchange: Exchange, { assembler }: Incoming, bytes: number): number | undefined {
    const surplus = assembler.add(bytes)
    const chunk = assembler.takeFull()
    if (chunk !== undefined) exchange.received(chunk)
    if (surplus === undefined) this.#flushSoon()
    return surplus
  }

  /** Bytes that come in one turn of the event loop are handed over together. */
  #flushSoon(): void {
    if (this.#flushes) return
    this.#flushes = true
    setImmediate(() => {
      this.#flushes = false
      if (this.#exchange?.wanted === true) this.#flush()
    })
  }

  #flush(): void {
    const chunk = this.#incoming?.assembler.takeSome()
    if (chunk !== undefined) this.#exchange?.received(chunk)
  }

  #takeLast(): void {
    const chunk = this.#incoming?.assembler.takeLast()
    if (chunk !== undefined) this.#exchange?.received(chunk)
  }

  #hold(): void {
    if (this.#held) return
    this.#held = true
    this.#timer.stop()
    this.#socket?.pause()
  }

  #goOn(): void {
    if (!this.#held) return
    this.#held = false
    this.#awaitBody()
    this.#socket?.resume()
  }

  /** The answer is complete. */
  #finish(exchange: Exchange, surplus: number): void {
    this.#takeLast()
    const isClean = surplus === 0 && !this.#sending && this.#keptForMs > 0
    this.#release()
    exchange.ended()
    if (isClean) this.#options.onFree(this, this.#keptForMs)
    else this.close()
  }

  #release(): void {
    this.#timer.stop()
    this.#incoming = undefined
    this.#exchange = undefined
    this.#headBytes = 0
    if (!this.#held) return
    this.#held = false
    this.#socket?.resume()
  }

  /** The server sends nothing more. */
  #ended(): void {
    const [exchange, incoming] = [this.#exchange, this.#incoming]
    if (exchange !== undefined && incoming?.decoder.endsWithConnection === true) {
      this.#keptForMs = 0
      this.#finish(exchange, 0)
    } else this.#fail(wireFailure(incoming === undefined ? WIRE.closed : WIRE.endedEarly))
  }

  #fail(reason: unknown): void {
    const exchange = this.#exchange
    const hadAnswer = this.#exchanges === 1 || this.#incoming !== undefined || this.#headBytes > 0
    this.#takeLast()
    this.#release()
    this.close()
    exchange?.fail(hadAnswer ? reason : markStale(reason))
  }
}

const stale = new WeakSet<object>()

/** Whether the server had closed a connection that was kept, before it saw anything of this request. */
export function isStale(reason: unknown): boolean {
  return typeof reason === 'object' && reason !== null && stale.has(reason)
}

function markStale(reason: unknown): unknown {
  if (typeof reason === 'object' && reason !== null) stale.add(reason)
  return reason
}

/** RFC 9112, 9.3; `Keep-Alive: timeout=5` is in seconds. */
function keptForMs({ version }: ResponseHead, headers: HttpHeaders): number {
  const connection = headers.get('connection')?.toLowerCase() ?? ''
  if (/\bclose\b/.test(connection) || (version === '1.0' && !/\bkeep-alive\b/.test(connection))) return 0
  const [, seconds] = /\btimeout=([0-9]{1,6})\b/.exec(headers.get('keep-alive') ?? '') ?? []
  return seconds === undefined ? MAX_IDLE_MS : Math.min(MAX_IDLE_MS, Number(seconds) * 1000 - 1000)
}
