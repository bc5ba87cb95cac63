import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import type { HttpResponse } from '@crossdock/http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Attempt, type AttemptOptions, createSchemeFinder, type UrlScheme } from '../../src/client/scheme.ts'
import { collect, failure, registry, seen, transport } from '../peers.ts'

describe('a plain registry on a loopback address', () => {
  it('is asked nothing besides what is wanted', async () => {
    await using server = await registry()
    const reference = transport().parseReference(`//${server.host}/a`)
    await failure(() => collect(reference.tags()))
    expect(seen(server)).toEqual(['GET tags 404'])
  })

  it('costs a moment if it waits in silence for the end of a TLS greeting', async () => {
    let https = 0
    const host = await silentToTls((first) => {
      https += first === 0x16 ? 1 : 0
    })
    const started = performance.now()
    expect(await collect(transport().parseReference(`//${host}/a`).tags())).toEqual(['t'])
    expect(performance.now() - started).toBeLessThan(5000)
    expect(https).toBe(1)
  })
})

function answerOf(status: number): HttpResponse {
  return {
    status,
    url: new URL('http://host.test/'),
    headers: { get: () => undefined, all: () => [] },
    body: (async function* () {})(),
    discard: () => Promise.resolve(),
  }
}

function failing(code: string): Promise<never> {
  return Promise.reject(Object.assign(new Error(code), { cause: Object.assign(new Error(code), { code }) }))
}

function never(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

type Behaviour = (options: AttemptOptions) => Promise<HttpResponse>

/** A host that behaves in each scheme as told, and what it was asked. */
function hostOf({ https, http }: Readonly<Record<UrlScheme, Behaviour>>) {
  const asked: string[] = []
  const attempt: Attempt = (scheme, options) => {
    asked.push(`${scheme}${options.trial ? '?' : ''}${options.refused === undefined ? '' : ' refused'}`)
    return (scheme === 'https' ? https : http)(options)
  }
  return { asked, attempt }
}

const insecure = { insecure: () => true, headStartMs: 5 }
const notTls: Behaviour = () => failing('ERR_SSL_WRONG_VERSION_NUMBER')
const says = (status: number): Behaviour => {
  return () => Promise.resolve(answerOf(status))
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
}

describe('createSchemeFinder', () => {
  it.each([
    ['TLS', says(200), says(400)],
    ['plain HTTP', notTls, says(200)],
  ])('leaves no timer behind at a server of %s', async (_what, https, http) => {
    const before = timers()
    // The plain answer is there first, and what waits for the other one has begun.
    const slow: Behaviour = async (options) => {
      for (let turns = 0; turns < 5; turns += 1) await turn()
      return await https(options)
    }
    await createSchemeFinder({ insecure: () => true, headStartMs: 60_000 }).send(
      'a.test',
      hostOf({ https: slow, http }).attempt,
    )
    expect(timers()).toBe(before)
  })

  it('asks hosts nothing that must speak TLS', async () => {
    const finder = createSchemeFinder({ insecure: () => false })
    for (const name of [
      'example.com',
      'localhost.example.com',
      '127.0.0.1.example.com',
      '10.0.0.1:5000',
      'notlocalhost',
    ]) {
      expect(finder.known(name)).toBe('https')
      const { asked, attempt } = hostOf({ https: says(200), http: says(200) })
      await finder.send(name, attempt)
      expect(asked).toEqual(['https'])
    }
  })

  it.each([
    ['a plain one', { https: notTls, http: says(200) }, 'http', ['https?', 'http?']],
    [
      'a plain one that cuts off greetings',
      { https: () => failing('ECONNRESET'), http: says(404) },
      'http',
      ['https?', 'http?'],
    ],
    [
      'a plain one that is silent to greetings',
      { https: ({ signal }) => never(signal), http: says(200) },
      'http',
      ['https?', 'http?'],
    ],
    [
      'a plain one that wants credentials',
      { https: notTls, http: says(401) },
      'http',
      ['https?', 'http?', 'http refused'],
    ],
    ['a plain one that leads elsewhere', { https: notTls, http: says(307) }, 'http', ['https?', 'http?', 'http']],
    ['a plain one in trouble', { https: notTls, http: says(503) }, 'http', ['https?', 'http?', 'http']],
    ['a plain one that finds fault with the request', { https: notTls, http: says(400) }, 'http', ['https?', 'http?']],
    ['one of TLS', { https: says(200), http: says(400) }, 'https', ['https?', 'http?']],
    ['one of TLS and plain HTTP', { https: says(200), http: says(200) }, 'https', ['https?', 'http?']],
    [
      'one of TLS that says nothing in plain HTTP',
      { https: says(200), http: ({ signal }) => never(signal) },
      'https',
      ['https?', 'http?'],
    ],
    ['one of TLS in trouble', { https: says(500), http: says(400) }, 'https', ['https?', 'http?', 'https']],
    [
      'one whose certificate is not trusted',
      { https: (how) => (how.trial ? failing('DEPTH_ZERO_SELF_SIGNED_CERT') : says(200)(how)), http: says(400) },
      'https',
      ['https?', 'http?', 'https'],
    ],
  ] satisfies [string, Record<UrlScheme, Behaviour>, UrlScheme, string[]][])(
    'finds %s, and asks no more often than it must',
    async (_what, behaviour, scheme, asks) => {
      const finder = createSchemeFinder(insecure)
      const { asked, attempt } = hostOf(behaviour)
      expect((await finder.send('host.test', attempt)).status).toBeGreaterThanOrEqual(200)
      expect(asked).toEqual(asks)
      expect(finder.known('host.test')).toBe(scheme)
      await finder.send('host.test', attempt).catch(() => undefined)
      expect(asked.slice(asks.length)).toEqual([scheme])
    },
  )

  it.each([
    ['a plain one by its answer to a greeting', { https: notTls, http: says(200) }, 'http', ['https?']],
    [
      'a plain one that is silent to greetings',
      { https: ({ signal }) => never(signal), http: says(200) },
      'http',
      ['https?', 'http?'],
    ],
    ['one of TLS', { https: says(401), http: says(400) }, 'https', ['https?']],
  ] satisfies [string, Record<UrlScheme, Behaviour>, UrlScheme, string[]][])(
    'without a request to try, finds %s',
    async (_what, behaviour, scheme, asks) => {
      const finder = createSchemeFinder(insecure)
      const { asked, attempt } = hostOf(behaviour)
      expect(await finder.find('host.test', attempt)).toBe(scheme)
      expect(await finder.find('host.test', attempt)).toBe(scheme)
      expect(asked).toEqual(asks)
    },
  )

  it('does not take a slow TLS server for a plain one that refuses', async () => {
    const finder = createSchemeFinder(insecure)
    const { attempt } = hostOf({
      https: async ({ trial }) => (trial ? await failing('ECONNRESET') : answerOf(200)),
      http: says(400),
    })
    await finder.send('host.test', attempt)
    expect(finder.known('host.test')).toBeUndefined()
  })

  it('lets parallel requests wait for the first', async () => {
    const finder = createSchemeFinder(insecure)
    const { asked, attempt } = hostOf({ https: notTls, http: says(200) })
    await Promise.all([1, 2, 3].map(() => finder.send('host.test', attempt)))
    expect(asked).toEqual(['https?', 'http?', 'http', 'http'])
  })

  it('ends with the reason of an abort', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    const { attempt } = hostOf({ https: ({ signal }) => never(signal), http: ({ signal }) => never(signal) })
    const sent = createSchemeFinder(insecure).send('host.test', attempt, controller.signal)
    controller.abort(reason)
    await expect(sent).rejects.toBe(reason)
  })

  it('keeps to http where the server certainly does not speak TLS, though the first request in plain failed', async () => {
    const finder = createSchemeFinder(insecure)
    let failed = false
    const http: Behaviour = () => {
      if (failed) return says(200)({ signal: undefined, trial: false })
      failed = true
      return failing('ECONNRESET')
    }
    const { asked, attempt } = hostOf({ https: notTls, http })
    expect((await finder.send('host.test', attempt)).status).toBe(200)
    expect(asked.toSorted()).toEqual(['http', 'http?', 'https?'])
    expect(finder.known('host.test')).toBe('http')
  })

  it('goes over to http where only the request in https shows that TLS is not spoken', async () => {
    const finder = createSchemeFinder(insecure)
    const { asked, attempt } = hostOf({
      https: (options) => (options.trial ? never(options.signal) : notTls(options)),
      http: ({ trial }) => (trial ? failing('ECONNRESET') : Promise.resolve(answerOf(200))),
    })
    expect((await finder.send('host.test', attempt)).status).toBe(200)
    expect(asked.toSorted()).toEqual(['http', 'http?', 'https', 'https?'])
    expect(finder.known('host.test')).toBe('http')
  })

  it('takes a loopback host for a plain one only if nothing is said of it', () => {
    expect(createSchemeFinder({ insecure: () => undefined }).known('localhost:5000')).toBeUndefined()
    expect(createSchemeFinder({ insecure: () => false }).known('localhost:5000')).toBe('https')
  })

  it('leaves it to https to say what is wrong where nobody listens', async () => {
    const finder = createSchemeFinder(insecure)
    const { asked, attempt } = hostOf({ https: () => failing('ECONNREFUSED'), http: () => failing('ECONNREFUSED') })
    await expect(finder.send('host.test', attempt)).rejects.toThrow('ECONNREFUSED')
    expect(asked).toEqual(['https?', 'http?', 'https'])
    expect(finder.known('host.test')).toBeUndefined()
  })
})

/** Answers plain requests and says nothing to a TLS greeting. */
async function silentToTls(onFirstByte: (byte: number) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', (chunk) => {
      onFirstByte(chunk[0] ?? 0)
      if (chunk[0] === 0x16) return
      const body = '{"tags":["t"]}'
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
      socket.end(answer)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
