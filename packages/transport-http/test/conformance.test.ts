import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImageReference } from '@crossdock/core'
import { runTransportCases, type TestImage, type TransportFixture } from '@crossdock/transport-testkit'
import { describe, it } from 'vitest'
import { httpTransport } from '../src/index.ts'
import { startFileServer } from './file-server.ts'
import { ociArchive } from './image-archives.ts'

runTransportCases({
  test: it,
  describe,
  title: 'http: an OCI archive behind a URL',
  capabilities: ['readable', 'taggable', 'referrers', 'exactManifests', 'indexes', 'artifacts', 'sha512'],
  fixture,
})

async function fixture(): Promise<TransportFixture> {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'crossdock-http-'))
  const files = new Map<string, Uint8Array>()
  const server = await startFileServer(({ url = '' }, response) => {
    const bytes = files.get(url)
    if (bytes === undefined) response.writeHead(404).end()
    else response.writeHead(200, { etag: `"${url}"` }).end(bytes)
  })
  const transport = httpTransport({ cacheFolder, retryDelayMs: 0 })
  let count = 0
  const location = (): ImageReference => transport.parseReference(`${server.base}/${count++}.tar#app`)
  return {
    transport,
    emptyLocation: async () => location(),
    seeded: async (image: TestImage) => {
      const reference = location()
      files.set(new URL(`http:${reference.toString()}`).pathname, await ociArchive(image, 'app'))
      return reference
    },
    tagOf: () => 'app',
    validReferences: [
      '//example.com/a.tar',
      '//example.com:8080/a.tar',
      '//example.com/a.tar?b=c',
      '//example.com/a.tar#app',
      '//example.com/a.tar#team/app:1.0',
      '//example.com/a.tar#@3',
      `//example.com/a.tar#@sha256:${'0'.repeat(64)}`,
      '//[::1]:5000/',
    ],
    invalidReferences: [
      '',
      'example.com/a.tar',
      '///a.tar',
      '//',
      '//example.com/a b',
      '//h/a.tar#',
      '//h/a#@x',
      '//h:x/a',
    ],
    policyScopes: {
      valid: ['example.com', 'example.com:8080', 'example.com/a', 'example.com/a/b.tar', '[::1]:5000/a'],
      invalid: [
        'http://example.com',
        'example.com/',
        'example.com//a',
        'EXAMPLE.com',
        'example.com/a/../b',
        '/a',
        'h/a?b',
      ],
    },
    async dispose() {
      await transport.close()
      await server[Symbol.asyncDispose]()
      await rm(cacheFolder, { recursive: true, force: true })
    },
  }
}
