import { readFileSync } from 'node:fs'
import { ImageError } from '@crossdock/core'
import type { HttpClient } from '@crossdock/http'
import type { RegistryServer } from '@crossdock/registry-server'
import { testImage, writeImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import type { RegistryEndpoint, RegistryLookup } from '../src/index.ts'
import { mirrored, notes } from './mirrored.ts'
import { collect, failure, registry, transport } from './peers.ts'

const IMAGE = testImage()
const pem = (name: string): string => readFileSync(new URL(`fixtures/tls/${name}.pem`, import.meta.url), 'utf8')
const GORDON = { username: 'gordon', password: 'pass word' }
const USERS = { gordon: GORDON.password }

describe('credentials', () => {
  const servers = { auth: { kind: 'basic', users: USERS } } as const

  it('of one value are for the registry that is named, and never for a mirror at another host', async () => {
    const place = await mirrored(IMAGE, { servers, options: { credentials: GORDON } })
    const before = place.mirror.requests.length
    await using source = await place.reference.openSource()
    expect((await source.getManifest(undefined, place)).digest).toBe(IMAGE.root.digest)
    expect(place.mirror.requests.slice(before).map(({ headers }) => headers.authorization)).toEqual(
      place.mirror.requests.slice(before).map(() => undefined),
    )
    expect(notes(place, 'warning')).toHaveLength(1)
    // Not even if that host was named for itself before.
    const named = place.docker.parseReference(`//${place.mirror.host}/cache/app:t`)
    const docker = transport({ credentials: GORDON, registries: routeOf(place.registry, place.mirror) })
    expect(await collect(docker.parseReference(named.toString()).tags())).toEqual(['t'])
    const between = place.mirror.requests.length
    await using other = await docker.parseReference(`//${place.registry.host}/team/app:t`).openSource()
    await other.getManifest()
    expect(place.mirror.requests.slice(between).every(({ headers }) => headers.authorization === undefined)).toBe(true)
  })

  it('of one value are sent to a mirror at the same host', async () => {
    await using server = await registry(servers)
    await writeImage(transport({ credentials: GORDON }).parseReference(`//${server.host}/cache/app:t`), IMAGE)
    const registries: RegistryLookup = () => ({
      sources: [at(server, 'cache/app'), at(server, 'team/app')],
      insecure: false,
    })
    const docker = transport({ credentials: GORDON, registries })
    await using source = await docker.parseReference(`//${server.host}/team/app:t`).openSource()
    expect((await source.getManifest()).digest).toBe(IMAGE.root.digest)
  })

  it('that are looked up are asked for by host and repository of whoever is asked', async () => {
    const asked: string[] = []
    const place = await mirrored(IMAGE, {
      servers,
      options: {
        credentials: (host, repository) => {
          asked.push(`${host} ${repository}`)
          return GORDON
        },
      },
    })
    asked.length = 0
    await using source = await place.reference.openSource()
    await source.getManifest()
    expect(asked).toEqual([`${place.mirror.host} cache/app`])
    expect(place.requestsOf(place.registry)).toEqual([])
  })

  it('of one repository are not used for another one of the same host, nor the tokens that they gave', async () => {
    const auth = { kind: 'token', users: { one: 'first secret', two: 'second secret' } } as const
    await using server = await registry({ auth })
    const docker = transport({ credentials: byRepository })
    for (const name of ['one', 'two']) await writeImage(docker.parseReference(`//${server.host}/team/${name}:t`), IMAGE)
    expect(await failure(() => collect(docker.parseReference(`//${server.host}/team/three:t`).tags()))).toMatchObject({
      code: 'UNAUTHENTICATED',
    })
    const users = new Map<string, Set<string>>()
    for (const { route, path, query, headers } of server.requests) {
      if (route !== 'token') continue
      const [, password = ''] = (headers.authorization ?? '').split(' ')
      const user = Buffer.from(password, 'base64').toString().split(':')[0] ?? ''
      const scope = new URLSearchParams(query ?? path.split('?')[1]).get('scope') ?? ''
      const repository = scope.split(':')[1] ?? ''
      users.set(repository, (users.get(repository) ?? new Set()).add(user))
    }
    expect(Object.fromEntries([...users].map(([name, set]) => [name, [...set]]))).toEqual({
      'team/one': ['one'],
      'team/two': ['two'],
      'team/three': [''],
    })
  })
})

describe('insecure', () => {
  const tls = { cert: pem('cert'), key: pem('key') }

  async function secureMirror(): Promise<RegistryServer> {
    const mirror = await registry({ tls })
    const writer = transport({ insecure: true })
    for (const path of ['cache/app', 'other/app'])
      await writeImage(writer.parseReference(`//${mirror.host}/${path}:t`), IMAGE)
    return mirror
  }

  it('is said of a mirror, and holds for its path alone', async () => {
    const mirror = await secureMirror()
    const sources = (insecure: boolean): RegistryEndpoint[] => [
      at(mirror, insecure ? 'cache/app' : 'other/app', insecure),
    ]
    const registries: RegistryLookup = ({ path }) => ({ sources: sources(path === 'team/open'), insecure: false })
    const docker = transport({ registries })
    for (const round of [1, 2]) {
      await using open = await docker.parseReference('//registry.invalid/team/open:t').openSource()
      expect((await open.getManifest()).digest, `round ${round}`).toBe(IMAGE.root.digest)
      await using checked = await docker.parseReference('//registry.invalid/team/checked:t').openSource()
      const error = await failure(() => checked.getManifest())
      expect(error).toMatchObject({ code: 'UNAVAILABLE' })
      expect(error.message).toContain('certificate')
    }
  })

  it.each([
    ['false', false, 'UNAVAILABLE'],
    ['true', true, IMAGE.root.digest],
    ['of a function that says nothing', () => undefined, IMAGE.root.digest],
  ] as const)('wins, as an option that is %s, over what is configured', async (_name, insecure, outcome) => {
    const mirror = await secureMirror()
    const configured = insecure !== true
    const registries: RegistryLookup = () => ({ sources: [at(mirror, 'cache/app', configured)], insecure: false })
    const docker = transport({ registries, insecure })
    await using source = await docker.parseReference('//registry.invalid/team/app:t').openSource()
    const { digest } = await source.getManifest().catch((error: ImageError) => ({ digest: error.code }))
    expect(digest).toBe(outcome)
  })

  it.each([
    [true, ['http:', 'https:']],
    [false, ['https:']],
  ])('that is %s of a mirror decides whether plain HTTP is tried', async (insecure, schemes) => {
    const tried = new Set<string>()
    const http: HttpClient = {
      request: ({ url, what }) => {
        tried.add(url.protocol)
        return Promise.reject(new ImageError('UNAVAILABLE', `${what}: nobody is there`, { retryable: false }))
      },
      warm: () => undefined,
      cool: () => undefined,
      close: () => Promise.resolve(),
    }
    const sources = [{ reference: { domain: 'mirror.example.com', path: 'cache/app' }, insecure }]
    const docker = transport({ http, registries: () => ({ sources, insecure: false }) })
    await using source = await docker.parseReference('//registry.example.com/team/app:t').openSource()
    await failure(() => source.getManifest())
    expect([...tried].toSorted()).toEqual(schemes)
  })

  it('is said of the registry itself for what is written to it', async () => {
    await using server = await registry({ tls })
    const write = (insecure: boolean): Promise<void> => {
      const docker = transport({ registries: () => ({ sources: [], insecure }) })
      return writeImage(docker.parseReference(`//${server.host}/team/app:t`), IMAGE)
    }
    expect(await failure(() => write(false))).toMatchObject({ code: 'UNAVAILABLE' })
    await write(true)
  })
})

function at({ host }: RegistryServer, path: string, insecure = false): RegistryEndpoint {
  return { reference: { domain: host, path }, insecure }
}

function routeOf(own: RegistryServer, mirror: RegistryServer): RegistryLookup {
  return ({ domain }) =>
    domain === own.host ? { sources: [at(mirror, 'cache/app'), at(own, 'team/app')], insecure: false } : undefined
}

function byRepository(_host: string, repository: string | undefined): typeof GORDON | undefined {
  if (repository === 'team/one') return { username: 'one', password: 'first secret' }
  if (repository === 'team/two') return { username: 'two', password: 'second secret' }
  return undefined
}
