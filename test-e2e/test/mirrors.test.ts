import { writeFile } from 'node:fs/promises'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { layoutProblems } from '../src/command-problems.ts'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { startDockerRegistry } from '../src/docker-registry.ts'
import { verifyInRegistry } from '../src/registry-content.ts'
import { type TemporaryFolder, temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const KIB = 1024
/** Where nobody listens. */
const DEAD = '127.0.0.1:9'

const stack = new AsyncDisposableStack()
let folder: TemporaryFolder
let crossdock: Crossdock
let image: WrittenImage
let mirror: RegistryServer

beforeAll(async () => {
  folder = stack.use(await temporaryFolder())
  crossdock = await createCrossdock(folder.fresh('home'))
  image = await writeLayout(folder.fresh('image'), { layers: [9000 * KIB, 20 * KIB], content: 'random' })
  mirror = stack.use(await startRegistry())
  await push(`docker://${mirror.host}/cache/app:1.0`)
})
afterAll(() => stack.disposeAsync())
beforeEach(() => mirror.faults.clear())

async function push(name: string): Promise<void> {
  await crossdock.done(['copy', `oci:${image.folder}:latest`, name, '--tls-verify=false'])
}

/** registries.conf as the host has it; `--registries-conf FILE`. */
async function configured(text: string): Promise<readonly string[]> {
  const path = folder.fresh('registries.conf')
  await writeFile(path, text)
  return ['--registries-conf', path]
}

function mirroredBy(host: string, registry = DEAD): string {
  return `
[[registry]]
location = "${registry}/team"

[[registry.mirror]]
location = "${host}/cache"
insecure = true
`
}

describe('an image of a registry that is down', () => {
  it('comes from its mirror, which is said', async () => {
    const flags = await configured(mirroredBy(mirror.host))
    const target = folder.fresh('layout')
    const { stderr } = await crossdock.done(['copy', ...flags, `docker://${DEAD}/team/app:1.0`, `oci:${target}:app`])
    expect(await layoutProblems(target, image.digest)).toEqual([])
    expect(stderr).toContain(`docker://${DEAD}/team/app:1.0 is read from ${mirror.host}/cache/app`)
  })

  it('is nowhere if the mirror has it not, which is said of both', async () => {
    const flags = await configured(mirroredBy(mirror.host))
    const name = `docker://${DEAD}/team/other:1.0`
    const { exitCode, stderr } = await crossdock.run(['inspect', ...flags, '--retry-times', '0', name])
    expect(exitCode).toBe(6)
    expect(stderr).toContain('none of 2 places gives it')
    expect(stderr).toContain(`${mirror.host}/cache/other: not found`)
    expect(stderr).toContain(`${DEAD}/team/other: `)
  })
})

describe('a mirror that damages', () => {
  it.each(['oci', 'docker'])('blobs is left for the registry, on the way to %s', async (kind) => {
    await using registry = await startRegistry()
    await using other = await startRegistry()
    await push(`docker://${registry.host}/team/app:1.0`)
    const [layer = ''] = image.layers
    mirror.faults.add({ match: { route: 'blob', digest: layer }, action: { kind: 'corrupt', atByte: 5_000_000 } })
    const flags = await configured(mirroredBy(mirror.host, registry.host))
    const target = folder.fresh('layout')
    const to = kind === 'oci' ? `oci:${target}:app` : `docker://${other.host}/app:1.0`
    const { stderr } = await crossdock.done(['copy', ...flags, `docker://${registry.host}/team/app:1.0`, to])
    const problems =
      kind === 'oci'
        ? await layoutProblems(target, image.digest)
        : await verifyInRegistry(other.host, { repository: 'app', reference: image.digest })
    expect(problems).toEqual([])
    expect(stderr).toMatch(/damaged|should be/)
  })
})

it('a registry that is blocked is refused by configuration, before it is asked', async () => {
  const flags = await configured(`[[registry]]\nlocation = "${mirror.host}/cache"\nblocked = true\n`)
  const before = mirror.requests.length
  const name = `docker://${mirror.host}/cache/app:1.0`
  for (const args of [
    ['inspect', name],
    ['delete', name],
    ['list-tags', `docker://${mirror.host}/cache/app`],
    ['copy', `oci:${image.folder}:latest`, name],
  ]) {
    const { exitCode, stderr } = await crossdock.run([...args, ...flags])
    expect([args[0], exitCode]).toEqual([args[0], 4])
    expect(stderr).toMatch(/is blocked by .*registries\.conf.*:1/)
  }
  expect(mirror.requests).toHaveLength(before)
})

withPeers(['docker-registry'], (paths) => {
  it('docker-registry is a mirror like any other', async () => {
    await using registry = await startDockerRegistry(paths['docker-registry'], folder.fresh('registry'))
    await push(`docker://${registry.host}/cache/app:1.0`)
    const flags = await configured(mirroredBy(registry.host))
    const target = folder.fresh('layout')
    await crossdock.done(['copy', ...flags, `docker://${DEAD}/team/app:1.0`, `oci:${target}:app`])
    expect(await layoutProblems(target, image.digest)).toEqual([])
  })
})
