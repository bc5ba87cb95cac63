import type { Socket } from 'node:net'
import type { Exchange } from '../exchange.ts'
import { createHeaders } from '../headers.ts'
import { WIRE, wireFailure } from '../network-error.ts'
import type { ResolvedOptions } from '../options.ts'
import { type Assembler, createAssembler } from './assembler.ts'
import type { Connecting, Receiver } from './connect.ts'
import { type BodyDecoder, bodyDecoder } from './framing.ts'
import { createHeadReader, type WholeHead } from './head-reader.ts'
import { keptForMs } from './keep-alive.ts'
import { sendRequest } from './send-request.ts'
import { createSilenceTimer } from './silence-timer.ts'
import { markStale } from './stale-connection.ts'

export interface ConnectionOptions extends Pick<
  ResolvedOptions,
  'headersTimeoutMs' | 'idleBodyTimeoutMs' | 'userAgent'
> {
  /** The connection is free for another request, for so long. */
  readonly onFree: (connection: Connection, forMs: number) => void
  readonly onClosed: (connection: Connection) => void
}

/**
 * What a connection takes in one turn of the event loop. Where the other side is as fast as this one the system would hand over
 * much more, and everything else in this process would wait for it.
 */
const TURN_BYTES = 1024 * 1024

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
  readonly #head = createHeadReader()
  #sending = false
  #held = false
  #turnBytes = 0
  #keptForMs = 0
  #exchanges = 0
  readonly #noHead = (): void => this.#fail(wireFailure(WIRE.headersTimeout))
  readonly #noBody = (): void => this.#fail(wireFailure(WIRE.bodyTimeout))

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** Where the socket shall put what it receives. */
  receiver(): Receiver {
    return {
      buffer: () => this.#incoming?.assembler.room() ?? this.#head.room(),
      callback: (bytes) => {
        this.#received(bytes)
        return !this.#rests
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

  /** Whether the socket is not to bring anything now. */
  get #rests(): boolean {
    return this.#held || this.#turnBytes >= TURN_BYTES
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
    const watch = { forServer: whileIts(() => this.#awaitServer()), forBody: whileIts(() => this.#awaitSource()) }
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

  #awaitServer(): void {
    if (this.#incoming === undefined) this.#timer.watch(this.#options.headersTimeoutMs, this.#noHead)
    // An answer that began before the request's end: it may well go on only when all of that came.
    else this.#timer.touch()
  }

  #awaitBody(): void {
    this.#timer.watch(this.#options.idleBodyTimeoutMs, this.#noBody)
  }

  #received(bytes: number): void {
    this.#inThisTurn(bytes)
    try {
      if (this.#exchange === undefined) this.close()
      else if (this.#incoming === undefined) this.#headReceived(this.#exchange, bytes)
      else this.#bodyReceived(this.#exchange, this.#incoming, bytes)
    } catch (reason) {
      this.#fail(reason)
    }
  }

  #headReceived(exchange: Exchange, bytes: number): void {
    const whole = this.#head.add(bytes)
    if (whole !== undefined) this.#answered(exchange, whole)
  }

  #answered(exchange: Exchange, { head, rest }: WholeHead): void {
    const headers = createHeaders(head.fields)
    const decoder = bodyDecoder(head, headers, exchange.request.method)
    this.#keptForMs = keptForMs(head, headers)
    this.#awaitBody()
    this.#incoming = decoder && { decoder, assembler: createAssembler(decoder) }
    exchange.answered(head.status, headers)
    if (this.#incoming === undefined) this.#finish(exchange, rest.byteLength)
    else this.#bodyBegins(exchange, this.#incoming, rest)
  }

  /** The first bytes of the body came together with the head. */
  #bodyBegins(exchange: Exchange, incoming: Incoming, bytes: Uint8Array): void {
    for (let left = bytes; left.byteLength > 0;) {
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
    return surplus
  }

  #inThisTurn(bytes: number): void {
    if (this.#turnBytes === 0) setImmediate(() => this.#endTurn())
    this.#turnBytes += bytes
  }

  /** Bytes that came in one turn of the event loop are handed over together. */
  #endTurn(): void {
    this.#turnBytes = 0
    if (this.#exchange?.wanted === true) this.#flush()
    this.#read()
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
    this.#read()
  }

  #read(): void {
    if (!this.#rests) this.#socket?.resume()
  }

  /** The answer is complete. */
  #finish(exchange: Exchange, surplus: number): void {
    this.#takeLast()
    const isClean = surplus === 0 && !this.#sending && this.#keptForMs > 0
    this.#release()
    exchange.ended()
    if (isClean && this.usable) this.#options.onFree(this, this.#keptForMs)
    else this.close()
  }

  #release(): void {
    this.#timer.stop()
    this.#incoming = undefined
    this.#exchange = undefined
    this.#head.reset()
    this.#held = false
    this.#read()
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
    if (this.#exchanges > 1 && this.#incoming === undefined && !this.#head.begun) markStale(reason)
    this.#takeLast()
    this.#release()
    this.close()
    exchange?.fail(reason)
  }
}
