import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ImageError } from '@crossdock/core'
import type { HttpRequest, HttpResponse } from '@crossdock/http'
import { describe, expect, it } from 'vitest'
import { parseAppName } from '@crossdock/formats'
import { createAciDiscovery } from '../../src/index.ts'

interface Scenario {
  readonly name: string
  readonly app: string
  readonly insecure: readonly ('http' | 'tls')[] | null
  readonly port: number
  /** By URL; `ERR` if there is no connection. */
  readonly pages: Readonly<Record<string, string>>
  readonly endpoints: readonly { readonly aci: string; readonly asc: string }[]
  readonly publicKeys: readonly string[] | null
  readonly requestsForEndpoints: readonly string[]
}

const { scenarios } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/appc/discovery.json'), 'utf8'),
) as { readonly scenarios: readonly Scenario[] }

const ROOT = 'https://example.com?ac-discovery=1'

/** What is another here, and why. */
const OTHER: Readonly<Record<string, Partial<Scenario>>> = {
  // Only http and https URLs are read.
  'meta06 multiple': {
    endpoints: [
      {
        aci: 'https://storage.example.com/example.com/myapp-1.0.0-linux-amd64.aci',
        asc: 'https://storage.example.com/example.com/myapp-1.0.0-linux-amd64.aci.asc',
      },
      {
        aci: 'https://storage.example.com/example.com/myapp-1.0.0.aci',
        asc: 'https://storage.example.com/example.com/myapp-1.0.0.aci.asc',
      },
    ],
  },
  // "example.com/my" is not above "example.com/myapp".
  'prefix is a string prefix': {
    endpoints: [],
    requestsForEndpoints: ['GET https://example.com/myapp?ac-discovery=1', `GET ${ROOT}`],
  },
  // In a body others may write.
  'tags in body, upper case, self closing, single quotes': {
    endpoints: [],
    requestsForEndpoints: ['GET https://example.com/myapp?ac-discovery=1', `GET ${ROOT}`],
  },
  // Else "?" and "#" would cut the URL off.
  'values are not URL escaped': {
    endpoints: [
      {
        aci: 'https://storage.example.com/example.com/myapp-1%2B2%203%3F%23-linux-amd64.aci',
        asc: 'https://storage.example.com/example.com/myapp-1%2B2%203%3F%23-linux-amd64.aci.asc',
      },
    ],
  },
  // What is put in is no template again.
  'version label value with braces': {
    endpoints: [
      {
        aci: 'https://storage.example.com/example.com/myapp-%7Bext%7D-linux-amd64.aci',
        asc: 'https://storage.example.com/example.com/myapp-%7Bext%7D-linux-amd64.aci.asc',
      },
    ],
  },
}

function normal(url: string): string {
  return new URL(url).href
}

/** Answers as the recorded servers did. */
function recorded(pages: Scenario['pages'], seen: HttpRequest[]) {
  const byUrl = new Map(Object.entries(pages).map(([url, page]) => [normal(url), page]))
  return {
    close: () => Promise.resolve(),
    request: async (request: HttpRequest): Promise<HttpResponse> => {
      seen.push(request)
      const page = byUrl.get(request.url.href)
      if (page === 'ERR') throw new ImageError('UNAVAILABLE', 'no connection')
      const status = page === undefined ? 404 : 200
      return {
        status: page === 'STATUS500' ? 500 : status,
        headers: { get: () => undefined, all: () => [] },
        url: request.url,
        body: (async function* () {
          yield Buffer.from(page ?? '')
        })(),
        discard: () => Promise.resolve(),
      }
    },
  }
}

describe('recorded discovery', () => {
  it('has all scenarios', () => {
    expect(scenarios).toHaveLength(47)
    expect(Object.keys(OTHER).every((name) => scenarios.some((scenario) => scenario.name === name))).toBe(true)
  })

  it.each(scenarios)('$name', async (scenario) => {
    const { app, insecure, port, pages, publicKeys, ...recordedRows } = scenario
    const { endpoints, requestsForEndpoints } = { ...recordedRows, ...OTHER[scenario.name] }
    const seen: HttpRequest[] = []
    const discovery = createAciDiscovery({
      http: recorded(pages, seen),
      // One that appc has no name for, so that labels are those of the name alone.
      platform: { os: 'plan9', architecture: 'amd64' },
      ...(port > 0 && { port }),
      insecure: insecure?.includes('tls') ?? false,
      plainHttp: insecure?.includes('http') ?? false,
    })
    const found = await discovery.discover(parseAppName(app), { wanted: 'archives' })
    expect(found.endpoints.map(({ archive, signature }) => [archive.href, signature.href])).toEqual(
      endpoints.map(({ aci, asc }) => [normal(aci), normal(asc)]),
    )
    // Credentials are the client's, which gives them to whoever asks, never over plain http.
    expect(seen.map(({ method, url }) => `${method} ${url.href}`)).toEqual(
      requestsForEndpoints.map((request) => `GET ${normal(request.split(' ')[1] ?? '')}`),
    )
    expect(seen.map(({ anonymous, url }) => anonymous === (url.protocol === 'http:'))).not.toContain(false)
    const { keys } = await discovery.discover(parseAppName(app), { wanted: 'keys' })
    expect(keys.map(({ href }) => href)).toEqual((publicKeys ?? []).map(normal))
  })
})

describe('labels that a name lacks', () => {
  const page = ['{name}-{os}-{arch}.{ext}', '{name}-{os}.{ext}', '{name}.{ext}', '{name}-{channel}.{ext}']
    .map((template) => `<meta name="ac-discovery" content="example.com https://s/${template}">`)
    .join('')

  async function archivesOf(name: string): Promise<readonly string[]> {
    const http = recorded({ 'https://example.com/a?ac-discovery=1': page }, [])
    const discovery = createAciDiscovery({ http, platform: { os: 'linux', architecture: 'arm64' } })
    const { endpoints } = await discovery.discover(parseAppName(name), { wanted: 'archives' })
    return endpoints.map(({ archive }) => archive.href.slice('https://s/example.com/a'.length))
  }

  it.each([
    ['example.com/a', ['-linux-aarch64.aci', '-linux.aci', '.aci']],
    ['example.com/a,os=linux', ['-linux-aarch64.aci', '-linux.aci', '.aci']],
    ['example.com/a,os=freebsd', ['-freebsd.aci', '.aci']],
    ['example.com/a,arch=amd64', ['.aci']],
    ['example.com/a,os=linux,arch=amd64', ['-linux-amd64.aci', '-linux.aci', '.aci']],
  ])('%s', async (name, suffixes) => {
    expect(await archivesOf(name)).toEqual(suffixes)
  })
})
