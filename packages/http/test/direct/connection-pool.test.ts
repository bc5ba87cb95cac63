import type { TLSSocket } from 'node:tls'
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Connection } from '../../src/direct/connection.ts'
import { ConnectionPool } from '../../src/direct/connection-pool.ts'
import { createExchange } from '../../src/exchange.ts'
import { resolveOptions, type TlsOptions } from '../../src/options.ts'
import { failureOf, textOf } from '../harness.ts'
import { answering, serveRaw } from './raw-server.ts'
import { turn } from './wire.ts'

const HELLO = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'
const options = resolveOptions({})

function pem(name: string): string {
  return readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8')
}

function poolFor(url: URL, tls: TlsOptions = {}): ConnectionPool {
  const pool = new ConnectionPool({ url, tls, options })
  onTestFinished(() => pool.close())
  return pool
}

interface Asked {
  readonly connection: Promise<Connection>
  giveUp(): void
}

function ask(pool: ConnectionPool): Asked {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>()
  const giveUp = pool.ask({ use: resolve, fail: reject })
  return { connection: promise, giveUp }
}

/** One request over the connection, which then is free again. */
async function use(connection: Connection, url: URL): Promise<string> {
  const response = await new Promise<Parameters<Parameters<typeof createExchange>[0]['resolve']>[0]>(
    (resolve, reject) => {
      const request = { method: 'GET', url, what: 'thing' } as const
      connection.send(createExchange({ request, options, resolve, reject }))
    },
  )
  return textOf(response.body)
}

afterEach(() => {
  vi.useRealTimers()
})

describe('who asks', () => {
  test('gets a connection of his own, and the one used last afterwards', async () => {
    const { url, sockets } = await serveRaw(answering(HELLO))
    const pool = poolFor(url)
    const [one, two] = await Promise.all([ask(pool).connection, ask(pool).connection])
    expect(one).not.toBe(two)
    expect(await use(two, url)).toBe('hello')
    expect(await use(one, url)).toBe('hello')
    let found: Connection | undefined
    pool.ask({ use: (connection) => (found = connection), fail: () => undefined })
    expect(found).toBe(one) // at once
    expect(await ask(pool).connection).toBe(two)
    expect(sockets).toHaveLength(2)
  })

  test('first is served first, by whatever is free or connected first', async () => {
    const { url, sockets } = await serveRaw(answering(HELLO))
    const pool = poolFor(url)
    const connection = await ask(pool).connection
    const order: string[] = []
    const waits = ['first', 'second'].map(async (name) => {
      await ask(pool).connection
      order.push(name)
    })
    await use(connection, url)
    await Promise.all(waits)
    expect(order).toEqual(['first', 'second'])
    expect(sockets.length).toBeLessThanOrEqual(3)
  })

  test('gives up: what is on its way for nobody is closed, and what is asked for then is new', async () => {
    const server = await serveRaw(answering(HELLO))
    const pool = poolFor(server.url)
    const gone = ask(pool)
    gone.giveUp()
    const next = ask(pool)
    expect(await use(await next.connection, server.url)).toBe('hello')
    await vi.waitFor(() => expect(server.open).toBe(1))
    next.giveUp()
    expect((await ask(pool).connection).usable).toBe(true)
    let settled = false
    void gone.connection.finally(() => (settled = true))
    await turn()
    expect(settled).toBe(false)
  })

  test('gives up while others wait: they are served', async () => {
    const { url } = await serveRaw(answering(HELLO))
    const pool = poolFor(url)
    const asked = [ask(pool), ask(pool), ask(pool)]
    asked[1]?.giveUp()
    const got = await Promise.all([asked[0]?.connection, asked[2]?.connection])
    expect(new Set(got).size).toBe(2)
  })

  test('hears of a failure, each of his own', async () => {
    const server = await serveRaw(() => undefined)
    await server.close()
    const pool = poolFor(server.url)
    const failures = await Promise.all([1, 2, 3].map(() => failureOf(ask(pool).connection)))
    expect(failures.map(({ code }) => code)).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED'])
    expect(new Set(failures).size).toBe(3)
    expect((await failureOf(ask(pool).connection)).code).toBe('ECONNREFUSED')
  })

  test('hears of a certificate that is none, each time', async () => {
    const { url, sockets } = await serveRaw(() => undefined)
    url.protocol = 'https:'
    const pool = poolFor(url, { cert: 'nonsense', key: 'nonsense' })
    for (let count = 0; count < 2; count += 1) {
      expect((await failureOf(ask(pool).connection)).message).toMatch(/PEM|asn1|no start line/i)
    }
    pool.warm(3)
    await pool.close()
    expect(sockets).toEqual([])
  })
})

describe('a free connection', () => {
  test('that has ended is given to nobody', async () => {
    const server = await serveRaw(answering(HELLO))
    const pool = poolFor(server.url)
    const connection = await ask(pool).connection
    await use(connection, server.url)
    server.sockets[0]?.destroy()
    await vi.waitFor(() => expect(connection.usable).toBe(false))
    expect(await ask(pool).connection).not.toBe(connection)
  })

  test('is closed after its time, and kept while it is used', async () => {
    const server = await serveRaw(answering(HELLO))
    const pool = poolFor(server.url)
    const [one, two] = await Promise.all([ask(pool).connection, ask(pool).connection])
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await use(one, server.url)
    await use(two, server.url)
    vi.advanceTimersByTime(9999)
    expect(await ask(pool).connection).toBe(two)
    vi.advanceTimersByTime(1)
    expect([one.usable, two.usable]).toEqual([false, true])
    vi.advanceTimersByTime(100_000)
    expect(two.usable).toBe(true)
  })

  test('that was begun for nobody is closed after ten seconds', async () => {
    const server = await serveRaw(() => undefined)
    const pool = poolFor(server.url)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    pool.warm(1)
    await server.socket(1)
    for (let count = 0; count < 10; count += 1) await turn()
    vi.advanceTimersByTime(10_000)
    await vi.waitFor(() => expect(server.open).toBe(0))
  })
})

describe('warming', () => {
  test('begins as many as are missing', async () => {
    const server = await serveRaw(answering(HELLO))
    const pool = poolFor(server.url)
    const connection = await ask(pool).connection
    await use(connection, server.url)
    pool.warm(3)
    pool.warm(3)
    pool.warm(2)
    await server.socket(3)
    await turn()
    pool.warm(3)
    await Promise.all([1, 2, 3].map(() => ask(pool).connection))
    expect(server.sockets).toHaveLength(3)
  })

  test('that fails disturbs nobody', async () => {
    const server = await serveRaw(() => undefined)
    await server.close()
    const pool = poolFor(server.url)
    pool.warm(2)
    expect((await failureOf(ask(pool).connection)).code).toBe('ECONNREFUSED')
    await pool.close()
  })
})

describe('dropping the free ones', () => {
  test('ends those, and those on their way for nobody, not those in use', async () => {
    const server = await serveRaw(answering(HELLO))
    const pool = poolFor(server.url)
    const [used, free] = await Promise.all([ask(pool).connection, ask(pool).connection])
    await use(free, server.url)
    pool.warm(2)
    pool.dropFree()
    expect([used.usable, free.usable]).toEqual([true, false])
    expect(await use(await ask(pool).connection, server.url)).toBe('hello')
    expect(await use(used, server.url)).toBe('hello')
    await vi.waitFor(() => expect(server.open).toBe(2))
  })

  test('leaves those on their way that somebody waits for', async () => {
    const { url } = await serveRaw(answering(HELLO))
    const pool = poolFor(url)
    const { connection } = ask(pool)
    pool.dropFree()
    expect(await use(await connection, url)).toBe('hello')
  })
})

describe('closing', () => {
  test('ends what is free, in use, on its way and waited for, and is over when all are gone', async () => {
    const server = await serveRaw(answering(HELLO))
    const pool = poolFor(server.url)
    const [used, free] = await Promise.all([ask(pool).connection, ask(pool).connection])
    await use(free, server.url)
    await ask(pool).connection
    const waiting = failureOf(ask(pool).connection)
    pool.warm(3)
    const closing = pool.close()
    expect([used.usable, free.usable]).toEqual([false, false])
    await closing
    expect(await waiting).toMatchObject({ code: 'CLIENT_CLOSED' })
    await vi.waitFor(() => expect(server.open).toBe(0))
    await pool.close()
  })

  test('nothing begins afterwards', async () => {
    const { url, sockets } = await serveRaw(answering(HELLO))
    const pool = poolFor(url)
    await pool.close()
    pool.warm(2)
    expect(await failureOf(ask(pool).connection)).toMatchObject({ code: 'CLIENT_CLOSED' })
    const again = new ConnectionPool({ url, tls: {}, options })
    const { connection } = ask(again)
    const failure = failureOf(connection)
    const closing = again.close()
    expect(await failureOf(ask(again).connection)).toMatchObject({ code: 'CLIENT_CLOSED' })
    expect(await failure).toMatchObject({ code: 'CLIENT_CLOSED' })
    await closing
    await turn()
    expect(sockets.filter(({ destroyed }) => !destroyed)).toEqual([])
  })
})

test('TLS connections take up the session of earlier ones', async () => {
  const reused: boolean[] = []
  const tls = { key: pem('key.pem'), cert: pem('server.crt') }
  const { url } = await serveRaw(
    (socket) => {
      reused.push((socket as TLSSocket).isSessionReused())
      answering(HELLO)(socket)
    },
    { tls },
  )
  const pool = poolFor(url, { ca: pem('ca.crt') })
  for (let count = 0; count < 3; count += 1) {
    const connection = await ask(pool).connection
    expect(await use(connection, url)).toBe('hello')
    pool.dropFree()
  }
  expect(reused).toEqual([false, true, true])
})
