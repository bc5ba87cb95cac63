import { raceSignal } from '@crossdock/streams'

/** Whether a server speaks TLS; `silent` if it says nothing, or nobody listens. */
export type Greeted = 'tls' | 'plain' | 'silent'

/** Types of the records with which a server of TLS answers a greeting (RFC 8446, 5.1). */
const ALERT = 0x15
const HANDSHAKE = 0x16

/**
 * Greets a server as a client of TLS does and looks at the first byte that comes back: neither certificates nor keys are
 * needed to tell a server of TLS from another one. `host` is with its port.
 */
export async function greet(host: string, { signal }: { readonly signal: AbortSignal }): Promise<Greeted> {
  const { connect } = process.getBuiltinModule('node:net')
  const { hostname, port } = new URL(`http://${host}`)
  const { promise, resolve } = Promise.withResolvers<Greeted>()
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? 443 : port) })
  // Made while the connection is made: it takes a large module of Node's.
  const hello = clientHello()
  socket.once('connect', () => void socket.write(hello))
  socket.once('data', (bytes) => resolve(bytes[0] === HANDSHAKE || bytes[0] === ALERT ? 'tls' : 'plain'))
  socket.once('end', () => resolve('silent'))
  socket.once('error', () => resolve('silent'))
  try {
    return await raceSignal(promise, signal)
  } finally {
    socket.destroy()
  }
}

/** RFC 5246, 7.4.1.2, with what servers of today ask for besides: groups, point formats, signature algorithms. */
function clientHello(): Buffer {
  const { randomBytes } = process.getBuiltinModule('node:crypto')
  const suites = words(0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0x009c, 0x009d, 0x002f)
  const extensions = Buffer.concat([
    extension(10, sized(2, words(0x001d, 0x0017, 0x0018))),
    extension(11, sized(1, Buffer.from([0]))),
    extension(13, sized(2, words(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601))),
  ])
  const body = Buffer.concat([
    words(0x0303),
    randomBytes(32),
    sized(1, Buffer.alloc(0)),
    sized(2, suites),
    sized(1, Buffer.from([0])),
    sized(2, extensions),
  ])
  const hello = Buffer.concat([Buffer.from([1]), sized(3, body)])
  return Buffer.concat([Buffer.from([HANDSHAKE]), words(0x0301), sized(2, hello)])
}

function extension(type: number, content: Buffer): Buffer {
  return Buffer.concat([words(type), sized(2, content)])
}

function words(...values: readonly number[]): Buffer {
  return Buffer.concat(values.map((value) => bigEndian(2, value)))
}

/** The bytes behind their length, which takes so many bytes itself. */
function sized(lengthBytes: number, content: Buffer): Buffer {
  return Buffer.concat([bigEndian(lengthBytes, content.byteLength), content])
}

function bigEndian(bytes: number, value: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntBE(value, 0, bytes)
  return buffer
}
