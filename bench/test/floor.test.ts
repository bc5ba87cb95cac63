import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCertificate } from '../src/certificate.ts'
import { fillRegistry, TAGS } from '../src/fill-registry.ts'
import { findInPath } from '../src/find-in-path.ts'
import type { RegistryAddress } from '../src/registry-client.ts'
import { verifyOutcome as expectOutcome } from '../src/verify.ts'
import { writeFloor } from '../src/write-floor.ts'
import { randomImage, sharedImage } from './random-image.ts'
import { temporaryFolder } from './temporary-folder.ts'

async function runFloor(...argv: readonly string[]): Promise<string> {
  const script = writeFloor(await temporaryFolder())
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...argv], { maxBuffer: 1e7 })
  return stdout
}

interface Served {
  readonly address: RegistryAddress
  readonly url: string
  readonly server: RegistryServer
}

async function serve(tls = false): Promise<Served> {
  const certificate = tls ? await createCertificate(await temporaryFolder()) : undefined
  const server = await startRegistry({ ...(certificate !== undefined && { tls: certificate }) })
  onTestFinished(() => server.close())
  const port = Number(server.host.split(':').at(-1))
  return { address: { port, tls }, url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, server }
}

function inRegistry({ address }: Served, repository: string) {
  return { kind: 'registry', address, repository, tag: 'latest' } as const
}

/** Large enough for two threads, and for ranges. */
const LARGE = [34_000_000, 9_000_000, 5_000_001, 70_000, 1]

describe('a small image', () => {
  const image = sharedImage([300_000, 1000, 1])

  test('goes from a folder to a registry, and is found there the second time', async () => {
    const registry = await serve()
    await runFloor('push', image().folder, `${registry.url}/to/image:latest`)
    await expectOutcome(inRegistry(registry, 'to/image'), image(), '')
    const before = registry.server.counters.requests
    await runFloor('push-again', image().folder, `${registry.url}/to/image:latest`)
    expect(registry.server.counters.requests - before).toBe(1)
  })

  test('goes from one registry to another, and within one without its blobs', async () => {
    const [source, target] = [await serve(), await serve()]
    await fillRegistry(source.address, 'from/image', image())
    await runFloor('copy', `${source.url}/from/image:latest`, `${target.url}/to/image:latest`)
    await expectOutcome(inRegistry(target, 'to/image'), image(), '')
    await runFloor('mount', `${source.url}/from/image:latest`, `${source.url}/to/image:latest`)
    await expectOutcome(inRegistry(source, 'to/image'), image(), '')
  })

  test('is inspected, and its tags are listed', async () => {
    const registry = await serve()
    await fillRegistry(registry.address, 'from/image', image())
    expect(JSON.parse(await runFloor('inspect', `${registry.url}/from/image:latest`))).toEqual({
      os: 'linux',
      architecture: 'amd64',
    })
    const stdout = await runFloor('list-tags', `${registry.url}/from/image:`)
    await expectOutcome({ kind: 'output', words: TAGS }, image(), stdout)
  })

  test.skipIf(findInPath('openssl') === undefined)('goes both ways over TLS', async () => {
    const registry = await serve(true)
    await runFloor('push', image().folder, `${registry.url}/to/image:latest`)
    await expectOutcome(inRegistry(registry, 'to/image'), image(), '')
    const folder = join(await temporaryFolder(), 'pulled')
    await runFloor('pull', `${registry.url}/to/image:latest`, folder)
    await expectOutcome({ kind: 'folder', folder }, image(), '')
  })

  test('is compared with the folder that has it, and with one that has another', async () => {
    const registry = await serve()
    await fillRegistry(registry.address, 'from/image', image())
    await runFloor('pull-again', `${registry.url}/from/image:latest`, image().folder)
    const other = await randomImage([1])
    const comparing = runFloor('pull-again', `${registry.url}/from/image:latest`, other.folder)
    await expect(comparing).rejects.toThrow(`is not ${other.digest}`)
  })
})

describe('a large image', () => {
  const image = sharedImage(LARGE)

  test.each(['pull', 'pull-ranged'])('goes to a folder with %s', async (action) => {
    const registry = await serve()
    await fillRegistry(registry.address, 'from/image', image())
    const folder = join(await temporaryFolder(), 'pulled')
    const before = registry.server.counters.requests
    await runFloor(action, `${registry.url}/from/image:latest`, folder)
    await expectOutcome({ kind: 'folder', folder }, image(), '')
    const documentsAndBlobs = 3 + 2 + LARGE.length
    const moreParts = action === 'pull' ? 0 : 4 // of 8 MiB
    expect(registry.server.counters.requests - before).toBe(documentsAndBlobs + moreParts)
  })

  test('goes from a folder to a folder', async () => {
    const folder = join(await temporaryFolder(), 'copied')
    await runFloor('folder', image().folder, folder)
    await expectOutcome({ kind: 'folder', folder }, image(), '')
  })

  test('goes to a registry and on to another', async () => {
    const [first, second] = [await serve(), await serve()]
    await runFloor('push', image().folder, `${first.url}/a:latest`)
    await runFloor('copy', `${first.url}/a:latest`, `${second.url}/b:latest`)
    await expectOutcome(inRegistry(second, 'b'), image(), '')
  })
})

test('an unknown action, and a registry that has nothing, are failures', async () => {
  const registry = await serve()
  const folder = join(await temporaryFolder(), 'none')
  await mkdir(folder)
  await expect(runFloor('fly')).rejects.toThrow('"fly" is none of pull, push')
  await expect(runFloor('pull', `${registry.url}/none:latest`, folder)).rejects.toThrow('manifests/latest: 404')
})
