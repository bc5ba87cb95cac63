import { ImageError, imageName, type ProgressEvent } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { aciDiscoveryTransport, type AciDiscoveryTransportOptions, type AppReference } from '../src/index.ts'
import { archivesOf, type Lying } from './archives.ts'
import { certificates, plainServer, tlsServer } from './servers.ts'

const options = {
  certificates,
  proxy: false,
  maxAttempts: 1,
  platform: { os: 'linux', architecture: 'amd64' },
} as const

function parse(text: string, given: Partial<AciDiscoveryTransportOptions> = {}): AppReference {
  const transport = aciDiscoveryTransport({ archives: archivesOf({}).open, ...options, ...given })
  onTestFinished(() => transport.close())
  return transport.parseReference(text)
}

function page(...templates: readonly string[]): string {
  const tags = templates.map((template) => `<meta name="ac-discovery" content="localhost ${template}">`)
  return `<!DOCTYPE html><html><head>${tags.join('')}</head><body></body></html>`
}

const BASE = 'https://storage.example.com'

/** The archives behind three templates of one page. */
async function served(name: string, all: Readonly<Record<string, Lying>>, made?: boolean) {
  const { port, seen } = await tlsServer((request, response) => {
    if (request.url === '/app?ac-discovery=1') {
      response.end(page(`${BASE}/1/{name}-{version}.{ext}`, `${BASE}/2/{name}-{version}.{ext}`, `${BASE}/3?e={ext}`))
    } else response.writeHead(404).end()
  })
  const archives = archivesOf(all, made)
  return { reference: parse(name, { port, archives: archives.open }), ...archives, seen }
}

const ONE = `${BASE}/1/localhost/app-1.0.aci`
const TWO = `${BASE}/2/localhost/app-1.0.aci`
const right = { name: 'localhost/app', labels: { version: '1.0', os: 'linux' } }

describe('names', () => {
  it('are printed in one form, and looked up by name alone', () => {
    const reference = parse('cimd:appc:v=0:example.com/team/app?os=linux&version=1.0')
    expect(imageName(reference)).toBe('appc:example.com/team/app:1.0,os=linux')
    expect(reference.policy).toEqual({
      identity: 'example.com/team/app',
      namespaces: ['example.com/team', 'example.com'],
    })
  })

  it.each(['example.com', 'example.com/team', 'example.com/team/app'])('the scope %s is taken', (scope) => {
    expect(() => parse('a').transport.validatePolicyScope(scope)).not.toThrow()
  })

  it.each(['example.com/', 'example.com/app:1', 'EXAMPLE.com', 'https://example.com', 'a/../b', '*.example.com'])(
    'the scope %s is refused',
    (scope) => {
      expect(() => parse('a').transport.validatePolicyScope(scope)).toThrow(
        expect.objectContaining({ code: 'INVALID_REFERENCE' }),
      )
    },
  )

  it('have scopes that are taken', () => {
    const names = fc.stringMatching(/^[a-z0-9]{1,3}(?:[./-][a-z0-9]{1,3}){0,4}$/)
    const { transport } = parse('a')
    fc.assert(
      fc.property(names, (name) => {
        const { identity, namespaces } = transport.parseReference(name).policy
        for (const scope of [identity, ...namespaces]) transport.validatePolicyScope(scope)
        expect(namespaces).toHaveLength(name.split('/').length - 1)
      }),
    )
  })
})

describe('reading', () => {
  it('the first archive, under the name that was asked for', async () => {
    const { reference, opened, closed } = await served('localhost/app:1.0', { [ONE]: right })
    const source = await reference.openSource()
    expect(source.reference).toBe(reference)
    expect((await source.getManifest()).mediaType).toContain('manifest')
    await source[Symbol.asyncDispose]()
    expect([opened, closed]).toEqual([[ONE], [ONE]])
  })

  it.each(['NOT_FOUND', 'UNAVAILABLE', 'FORBIDDEN', 'UNAUTHENTICATED', 'RATE_LIMITED'] as const)(
    'the second one, where the first is %s',
    async (code) => {
      const { reference, opened } = await served('localhost/app:1.0', { [ONE]: code, [TWO]: right })
      await using _ = await reference.openSource()
      expect(opened).toEqual([ONE, TWO])
    },
  )

  it.each(['INVALID_DATA', 'REJECTED_BY_POLICY', 'DIGEST_MISMATCH', 'LIMIT_EXCEEDED'] as const)(
    'ends where the first is there and wrong: %s',
    async (code) => {
      const { reference, opened } = await served('localhost/app:1.0', { [ONE]: code, [TWO]: right })
      await expect(reference.openSource()).rejects.toMatchObject({ code })
      expect(opened).toEqual([ONE])
    },
  )

  it('tells of every archive if none is there', async () => {
    const { reference } = await served('localhost/app:1.0', { [TWO]: 'FORBIDDEN' })
    const { code, message } = await reference.openSource().then(
      () => new ImageError('CONFLICT', 'it was read'),
      (reason: unknown) => ImageError.from(reason, 'CONFLICT'),
    )
    expect(code).toBe('FORBIDDEN')
    for (const url of [ONE, TWO, `${BASE}/3?e=aci`]) expect(message).toContain(url)
  })

  it.each<[string, Lying, string]>([
    ['another name', { ...right, name: 'localhost/other' }, 'its name is "localhost/other"'],
    ['a name below it', { ...right, name: 'localhost/app/x' }, 'its name is'],
    ['another version', { ...right, labels: { version: '2.0' } }, 'it is "2.0"'],
    ['no version', { name: 'localhost/app' }, 'it has none'],
  ])('refuses an image of %s, and closes it', async (_, lying, words) => {
    const { reference, opened, closed } = await served('localhost/app:1.0', { [ONE]: lying, [TWO]: right })
    await expect(reference.openSource()).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining(words),
    })
    expect([opened, closed]).toEqual([[ONE], [ONE]])
  })

  it('a version that nobody asked for may be any, and os and arch too', async () => {
    const lying = { name: 'localhost/app', labels: { version: '7', os: 'linux', arch: 'aarch64' } }
    const { reference } = await served('localhost/app', { [`${BASE}/1/localhost/app-latest.aci`]: lying })
    await using source = await reference.openSource()
    expect(source.reference).toBe(reference)
  })

  it('refuses an image that is kept as it is, whatever its annotations say', async () => {
    const { reference, closed } = await served('localhost/app:1.0', { [ONE]: right }, false)
    await expect(reference.openSource()).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining('is no App Container Image'),
    })
    expect(closed).toEqual([ONE])
  })

  it('tells what is read, and hands on where the signature lies', async () => {
    const third = `${BASE}/3?e=aci`
    const { reference, signatures } = await served('localhost/app:1.0', { [third]: right })
    const events: ProgressEvent[] = []
    await using _ = await reference.openSource({ onProgress: (event) => void events.push(event) })
    const notes = events.flatMap((event) => (event.type === 'note' ? [event.message] : []))
    expect(notes).toEqual([`read from ${BASE}/3?…`])
    expect(signatures).toEqual([`${ONE}.asc`, `${TWO}.asc`, `${BASE}/3?e=aci.asc`])
  })
})

describe('resolving', () => {
  it('gives the archive that is there, and leaves nothing open', async () => {
    const { reference, closed } = await served('localhost/app:1.0', { [TWO]: right })
    expect(imageName(await reference.resolve())).toBe(TWO)
    expect(closed).toEqual([TWO])
  })

  it('ends with the signal', async () => {
    const { reference, opened } = await served('localhost/app:1.0', { [ONE]: right })
    const reason = new Error('enough')
    await expect(reference.resolve({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(opened).toEqual([])
  })
})

describe('credentials', () => {
  const credentials = { username: 'me', password: 's3cret' }
  const basic = `Basic ${Buffer.from('me:s3cret').toString('base64')}`

  it('go to a server that asks for them, over https', async () => {
    const { port, seen } = await tlsServer(({ headers }, response) => {
      if (headers.authorization === basic) response.end(page(`${BASE}/a.aci`))
      else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    })
    const archives = archivesOf({ [`${BASE}/a.aci`]: { name: 'localhost' } })
    await using _ = await parse('localhost', { port, credentials, archives: archives.open }).openSource()
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, basic])
  })

  it('never go over plain http, though the server asks', async () => {
    const { port, seen } = await plainServer((_, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    })
    const failure = parse('localhost', { port, credentials, plainHttp: true }).openSource()
    await expect(failure).rejects.not.toThrow('s3cret')
    expect(seen.length).toBeGreaterThan(0)
    expect(seen.map(({ headers }) => headers.authorization)).not.toContain(basic)
  })
})

describe('plain http', () => {
  const html = page(`${BASE}/a.aci`, 'http://localhost/b.aci')

  it('is used where it is allowed and https gives nothing', async () => {
    const { port } = await plainServer((_, response) => void response.end(html))
    const archives = archivesOf({ 'http://localhost/b.aci': { name: 'localhost' } })
    await using _ = await parse('localhost', {
      port,
      plainHttp: (host) => host === `localhost:${port}`,
      archives: archives.open,
    }).openSource()
    expect(archives.opened).toEqual([`${BASE}/a.aci`, 'http://localhost/b.aci'])
  })

  it('is not used otherwise', async () => {
    const { port, seen } = await plainServer((_, response) => void response.end(html))
    await expect(parse('localhost', { port }).openSource()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(seen).toEqual([])
  })
})

it.each<[Readonly<Record<string, unknown>>, string]>([
  [{ port: 0 }, 'port must be a port'],
  [{ maxPageBytes: -1 }, 'maxPageBytes must be'],
  [{ archives: 'x' }, 'archives must be a function'],
  [{ por: 1 }, 'por is no option'],
])('refuses %j', (given, words) => {
  const all = { archives: archivesOf({}).open, ...given } as AciDiscoveryTransportOptions
  expect(() => aciDiscoveryTransport(all)).toThrow(words)
})
