import type { RequestListener } from 'node:http'
import { parseAppName } from '@crossdock/formats'
import { describe, expect, it, onTestFinished } from 'vitest'
import { aciDiscoveryTransport, createAciDiscovery, type DiscoveryOptions, type DiscoveryResult } from '../src/index.ts'
import { readMetaTags } from '../src/client/meta-tags.ts'
import { archivesOf } from './archives.ts'
import { certificates, plainServer, tlsServer } from './servers.ts'

const tag = (template: string, kind = 'ac-discovery'): string => `<meta name="${kind}" content="localhost ${template}">`

interface Hostile {
  readonly found: DiscoveryResult
  /** What reading an image of this name says. */
  readonly failure: unknown
}

async function ask(answer: RequestListener, given: DiscoveryOptions = {}, name = 'localhost'): Promise<Hostile> {
  const { port } = await tlsServer(answer)
  const options = { certificates, proxy: false, maxAttempts: 1, port, ...given } as const
  const discovery = createAciDiscovery(options)
  const transport = aciDiscoveryTransport({ ...options, archives: archivesOf({}).open })
  onTestFinished(async () => {
    await discovery.close()
    await transport.close()
  })
  const found = await discovery.discover(parseAppName(name))
  const failure = await transport
    .parseReference(name)
    .openSource()
    .then(
      () => undefined,
      (reason: unknown) => reason,
    )
  return { found, failure }
}

describe('pages', () => {
  it('larger than the limit', async () => {
    const { failure } = await ask((_, response) => void response.end(`${tag('https://s/a.aci')}${' '.repeat(5000)}`), {
      maxPageBytes: 4096,
    })
    expect(failure).toMatchObject({ code: 'LIMIT_EXCEEDED', message: expect.stringContaining('https://localhost:') })
  })

  it('without an end', async () => {
    const { failure } = await ask((_, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write('x'.repeat(64 * 1024), () => setImmediate(more))
      }
      more()
    })
    expect(failure).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('that come byte by byte', async () => {
    const { failure } = await ask(
      (_, response) => {
        const timer = setInterval(() => void response.write(' '), 5)
        response.on('close', () => clearInterval(timer))
      },
      { pageTimeoutMs: 100 },
    )
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('within 100 ms') })
  })

  it('with more tags than anybody needs', async () => {
    const { failure } = await ask((_, response) => void response.end(tag('https://s/{name}.aci').repeat(65)))
    expect(failure).toMatchObject({ code: 'LIMIT_EXCEEDED', message: expect.stringContaining('65 discovery tags') })
  })

  it('that are packed', async () => {
    const { failure } = await ask(
      (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    )
    expect(failure).toMatchObject({ code: 'UNSUPPORTED' })
  })

  it('whose messages would change a terminal', async () => {
    const { failure } = await ask((_, response) => void response.writeHead(500).end('\u001b[2J'))
    expect(failure).toMatchObject({ code: 'UNAVAILABLE', message: expect.not.stringContaining('\u001b') })
  })

  it.each([
    ['deep', '<div>'.repeat(200_000)],
    ['deep in its head', '<template>'.repeat(100_000)],
    ['of unclosed formatting', '<p><b><i>'.repeat(100_000)],
    ['of one comment', `<!--${'-'.repeat(1_000_000)}`],
    ['of one attribute', `<meta name="ac-discovery" content="localhost ${'{'.repeat(1_000_000)}">`],
    ['of many attributes', `<meta ${Array.from({ length: 20_000 }, (_, index) => `a${index}`).join(' ')}>`],
  ])('%s are read in a moment', async (_, html) => {
    const begin = performance.now()
    const { found } = await ask((_request, response) => void response.end(html))
    expect(found.endpoints).toEqual([])
    expect(performance.now() - begin).toBeLessThan(5000)
  })
})

describe('redirects', () => {
  it.each([
    ['to an internal address', 'https://169.254.169.254/latest/meta-data', 'link-local'],
    ['to plain http', 'http://localhost/', 'from https to plain http'],
    ['to a file', 'file:///etc/passwd', 'only http and https'],
  ])('%s', async (_, location, words) => {
    const { failure, found } = await ask((_request, response) => void response.writeHead(302, { location }).end())
    expect(failure).toMatchObject({ code: 'INVALID_DATA', message: expect.stringContaining(words) })
    expect(found.pages[0]?.problem?.message).toContain(words)
  })

  it('without an end', async () => {
    let count = 0
    const { failure } = await ask((_, response) => void response.writeHead(302, { location: `/${count++}` }).end())
    expect(failure).toMatchObject({ code: 'INVALID_DATA', message: expect.stringContaining('more than 10 redirects') })
  })
})

describe('tags', () => {
  it.each([
    ['plain http', 'http://localhost/{name}.{ext}', 'from https to plain http'],
    ['an internal address', 'https://10.0.0.1/{name}.{ext}', 'private address'],
    ['the address of cloud metadata', 'https://169.254.169.254/{ext}', 'link-local address'],
    ['another scheme', 'file:///etc/{ext}', 'only http and https'],
    ['a script', 'javascript:alert({ext})', 'only http and https'],
    ['a password', 'https://me:s3cret@s/{ext}', 'user name or password'],
    ['no URL', '../{name}.{ext}', 'is no URL'],
    ['a label that is not there', 'https://s/{secret}.{ext}', 'label that the name lacks'],
    ['more than a URL has', `https://s/${'a'.repeat(5000)}{ext}`, 'too long'],
  ])('that lead to %s', async (_, template, words) => {
    const { failure, found } = await ask((_request, response) => void response.end(tag(template)))
    expect(failure).toMatchObject({ code: 'INVALID_DATA', message: expect.stringContaining(words) })
    expect(String(failure)).not.toContain('s3cret')
    expect(found.endpoints).toEqual([])
  })

  it('of keys are judged the same', async () => {
    const { found } = await ask(
      (_, response) =>
        void response.end(
          tag('http://localhost/k', 'ac-discovery-pubkeys') + tag('https://s/k', 'ac-discovery-pubkeys'),
        ),
    )
    expect(found.keys.map(({ href }) => href)).toEqual(['https://s/k'])
    expect(found.pages[0]?.skipped.join()).toContain('plain http')
  })

  it('for another host do not count', async () => {
    const { failure } = await ask(
      (_, response) => void response.end('<meta name="ac-discovery" content="example.com https://s/{name}.{ext}">'),
    )
    expect(failure).toMatchObject({ code: 'NOT_FOUND' })
  })

  it.each([
    ['the body', '<body><meta name="ac-discovery" content="a b"></body>'],
    ['text', 'text<meta name="ac-discovery" content="a b">'],
    ['a paragraph', '<p><meta name="ac-discovery" content="a b">'],
    ['what follows the head', '<head></head><meta name="ac-discovery" content="a b">'],
    ['a template', '<template><div><meta name="ac-discovery" content="a b"></div></template>'],
    ['a title', '<title><meta name="ac-discovery" content="a b"></title>'],
    ['a style', '<style><meta name="ac-discovery" content="a b"></style>'],
    ['a script', "<script>\"<meta name='ac-discovery' content='a b'>\"</script>"],
    ['an unclosed comment', '<!-- <meta name="ac-discovery" content="a b">'],
  ])('in %s do not count', async (_, html) => {
    expect(await readMetaTags(html)).toEqual([])
  })

  it('behind a title, a style, a script and a template count', async () => {
    const html =
      '<title>x</title><style>y</style><script>z</script><template><b>t</b></template><meta name="ac-discovery" content="a b">'
    expect(await readMetaTags(html)).toEqual([{ kind: 'archives', prefix: 'a', template: 'b' }])
  })
})

describe('public keys', () => {
  it('are read without credentials, up to 1 MiB', async () => {
    const { port, seen } = await tlsServer(({ url }, response) => {
      if (url === '/large') response.end(Buffer.alloc(1024 * 1024 + 1))
      else if (url === '/asks') response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      else response.end('keys')
    })
    const credentials = { username: 'me', password: 's3cret' }
    const discovery = createAciDiscovery({ certificates, credentials, proxy: false, maxAttempts: 1 })
    onTestFinished(() => discovery.close())
    const read = (path: string): Promise<Uint8Array> => discovery.readKeys(new URL(`https://localhost:${port}/${path}`))
    expect(Buffer.from(await read('keys')).toString()).toBe('keys')
    await expect(read('large')).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    await expect(read('asks')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, undefined])
  })

  it('are not read over plain http without leave, nor from a file', async () => {
    const { port, seen } = await plainServer((_, response) => void response.end('keys'))
    const discovery = createAciDiscovery({ proxy: false, plainHttp: (host) => host === 'example.com' })
    onTestFinished(() => discovery.close())
    for (const url of [`http://localhost:${port}/keys`, 'file:///etc/passwd']) {
      await expect(discovery.readKeys(new URL(url))).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    }
    expect(seen).toEqual([])
  })
})

describe('names', () => {
  it.each(['1/app', '127.1', '0x7f.1/app'])('%s begins with no host: nobody is asked', async (name) => {
    const { port, seen } = await plainServer((_, response) => void response.end())
    const discovery = createAciDiscovery({ port, plainHttp: true, proxy: false })
    await expect(discovery.discover(parseAppName(name))).rejects.toMatchObject({ code: 'INVALID_REFERENCE' })
    expect(seen).toEqual([])
  })

  it('of more components than pages are asked for', async () => {
    const discovery = createAciDiscovery({ proxy: false })
    const name = Array.from({ length: 33 }, () => 'a').join('/')
    await expect(discovery.discover(parseAppName(name))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})
