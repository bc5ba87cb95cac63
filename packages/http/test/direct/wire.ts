import { Socket } from 'node:net'
import { Connection, type ConnectionOptions } from '../../src/direct/connection.ts'
import { createExchange } from '../../src/exchange.ts'
import type { HttpBody, HttpRequest, HttpResponse } from '../../src/index.ts'
import { textOf as bodyText } from '../harness.ts'

/** Text as one byte for each character. */
type Bytes = Uint8Array | string

function textOf(bytes: Bytes): string {
  return typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1')
}

/** A socket without a network: what is written to it is kept. */
export class WireSocket extends Socket {
  sent = ''
  /** Bytes of each call that wrote. */
  readonly writes: number[] = []
  reading = true
  #stalled = false
  #waiting: (() => void) | undefined

  /** Nothing more is taken but by `accept`. */
  stall(): void {
    this.#stalled = true
  }

  /** Takes what was written last. Says whether there was something. */
  accept(): boolean {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
    return waiting !== undefined
  }

  override _write(chunk: Bytes, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this._writev([{ chunk }], done)
  }

  override _writev(chunks: readonly { readonly chunk: Bytes }[], done: (error?: Error | null) => void): void {
    const text = chunks.map(({ chunk }) => textOf(chunk)).join('')
    this.writes.push(text.length)
    this.sent += text
    if (this.#stalled) this.#waiting = () => done()
    else done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    super._destroy(error, done)
    this.accept() // as Node.js tells of what it will not send
  }

  override pause(): this {
    this.reading = false
    return this
  }

  override resume(): this {
    this.reading = true
    return this
  }

  override ref(): this {
    return this
  }

  override unref(): this {
    return this
  }
}

/** A connection whose other side is the test: bytes come cut as it likes, in the way in which Node.js hands them over. */
export interface Wire {
  readonly connection: Connection
  readonly socket: WireSocket
  /** For how long the connection was offered for other requests, for each time it was. */
  readonly freed: number[]
  send(request?: Partial<HttpRequest>): Promise<HttpResponse>
  /** The server sends this. Waits while the connection is held up; nothing more comes once it is closed. */
  feed(bytes: Bytes): Promise<void>
  /** The server sends nothing more. */
  end(): void
}

const LIMITS = { headersTimeoutMs: 10_000, idleBodyTimeoutMs: 10_000, userAgent: 'test' }

export function openWire(options: Partial<ConnectionOptions> = {}): Wire {
  const freed: number[] = []
  const settings = { ...LIMITS, ...options }
  const connection = new Connection({
    onFree: (_connection, forMs) => void freed.push(forMs),
    onClosed: () => undefined,
    ...settings,
  })
  const socket = new WireSocket()
  const receiver = connection.receiver()
  const nextRoom = (): Uint8Array => {
    if (typeof receiver.buffer === 'function') return receiver.buffer()
    throw new TypeError('no room')
  }
  let room = nextRoom()
  void connection.attach({ socket, ready: Promise.resolve() })

  function put(bytes: Uint8Array): number {
    const count = Math.min(bytes.byteLength, room.byteLength)
    if (count === 0) throw new Error('an empty room')
    room.set(bytes.subarray(0, count))
    if (!receiver.callback(count, room)) socket.reading = false
    room = nextRoom()
    return count
  }

  return {
    connection,
    socket,
    freed,
    send: (request = {}) =>
      new Promise((resolve, reject) => {
        const whole = { method: 'GET', url: new URL('http://wire.test/'), what: 'thing', ...request } as const
        connection.send(createExchange({ request: whole, options: settings, resolve, reject }))
      }),
    async feed(bytes) {
      await turn() // what was to be sent is
      let rest: Uint8Array = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
      while (rest.byteLength > 0 && !socket.destroyed) {
        while (!socket.reading && !socket.destroyed) await turn()
        if (!socket.destroyed) rest = rest.subarray(put(rest))
        await promises()
      }
    },
    end() {
      socket.push(null)
      socket.read(0)
    },
  }
}

/** Whatever is ready to happen happens. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Whatever was promised happens, in the same turn of the event loop: so Node.js does between two calls of its own. */
function promises(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}

/** One request and the answer to it, as status and text. */
export async function answerOf(wire: Wire, text: string, method: 'GET' | 'HEAD' = 'GET'): Promise<string> {
  const answer = wire.send({ method })
  const [response] = await Promise.all([answer, wire.feed(text)])
  return `${response.status} ${await bodyText(response.body)}`
}

/** A body that gives what it is told to, when it is told. */
export function fedBody(size: number): HttpBody & { give(bytes: number): void; readonly closed: boolean } {
  const given: number[] = []
  let wake: (() => void) | undefined
  let closed = false
  return {
    size,
    get closed() {
      return closed
    },
    give(bytes) {
      given.push(bytes)
      wake?.()
    },
    async *open() {
      try {
        for (let sent = 0; sent < size;) {
          const bytes = given.shift()
          if (bytes === undefined) await new Promise<void>((resolve) => (wake = resolve))
          else {
            sent += bytes
            yield new Uint8Array(bytes)
          }
        }
      } finally {
        closed = true
      }
    },
  }
}
