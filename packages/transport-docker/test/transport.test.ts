import { readFileSync } from 'node:fs'
import { assertTransport } from '@crossdock/core'
import { createHttpClient, type HttpRequest } from '@crossdock/http'
import { testImage, writeImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { dockerTransport } from '../src/index.ts'
import { collect, failure, rawServer, registry, seen, transport } from './peers.ts'

const pem = (name: string): string => readFileSync(new URL(`fixtures/tls/${name}.pem`, import.meta.url), 'utf8')

describe('TLS', () => {
  const tls = { cert: pem('cert'), key: pem('key') }

  it('is checked on loopback, too, unless the host is insecure', async () => {
    await using server = await registry({ tls })
    const docker = transport()
    const error = await failure(() => writeImage(docker.parseReference(`//${server.host}/a:t`), testImage()))
    expect(error).toMatchObject({ code: 'UNAVAILABLE' })
    expect(error.message).toContain('certificate')
    const hosts: string[] = []
    const insecure = transport({ insecure: (host) => hosts.push(host) > 0 })
    await writeImage(insecure.parseReference(`//${server.host}/a:t`), testImage())
    expect(new Set(hosts)).toEqual(new Set([server.host]))
  })

  it('trusts the authorities that are given for the host', async () => {
    await using server = await registry({ tls })
    const certificates = (host: string): { ca: string } | undefined =>
      host === server.host ? { ca: tls.cert } : undefined
    const reference = transport({ certificates }).parseReference(`//${server.host}/a:t`)
    await writeImage(reference, testImage())
    expect(await collect(reference.tags())).toEqual(['t'])
    expect(server.requests.filter(({ route }) => route === 'ping')).toHaveLength(0)
  })
})

describe('credentials', () => {
  it('are asked for by host and repository, and sent only there', async () => {
    await using server = await registry({ auth: { kind: 'basic', users: { gordon: 'pw' } } })
    const asked: unknown[][] = []
    const docker = transport({
      credentials: (host, repository) => {
        asked.push([host, repository])
        return { username: 'gordon', password: 'pw' }
      },
    })
    await writeImage(docker.parseReference(`//${server.host}/a/b:t`), testImage())
    expect(new Set(asked.map((one) => one.join(' ')))).toEqual(new Set([`${server.host} a/b`]))
  })

  it('go to Docker Hub under the name that people know', async () => {
    const requests: HttpRequest[] = []
    const http = {
      request: (request: HttpRequest) => {
        requests.push(request)
        return Promise.reject(new Error('enough'))
      },
      warm: () => undefined,
      cool: () => undefined,
      close: () => Promise.resolve(),
    }
    await failure(() => collect(dockerTransport({ http, resume: false }).parseReference('//alpine').tags()))
    expect(requests.map(({ url, scopes }) => [url.href, scopes])).toEqual([
      ['https://registry-1.docker.io/v2/library/alpine/tags/list?n=1000', ['repository:library/alpine:pull']],
    ])
  })

  it('that are wrong are told apart from those that may not', async () => {
    await using server = await registry({ auth: { kind: 'basic', users: { gordon: { password: 'pw', access: [] } } } })
    const list = (password: string): Promise<unknown> =>
      collect(
        transport({ credentials: { username: 'gordon', password } })
          .parseReference(`//${server.host}/a`)
          .tags(),
      )
    expect(await failure(() => list('s3cret'))).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.not.stringContaining('s3cret'),
    })
    expect(await failure(() => list('pw'))).toMatchObject({ code: 'FORBIDDEN' })
  })
})

it('is a transport, and can be used again after it was closed', async () => {
  await using server = await registry()
  const docker = transport()
  assertTransport(docker)
  const reference = docker.parseReference(`//${server.host}/a:t`)
  await writeImage(reference, testImage())
  await docker.close()
  expect(await collect(reference.tags())).toEqual(['t'])
})

it('shares a client that it is given and leaves it open', async () => {
  await using server = await registry()
  const http = createHttpClient()
  const docker = dockerTransport({ http, resume: false })
  await writeImage(docker.parseReference(`//${server.host}/a:t`), testImage())
  await docker.close()
  expect(await collect(docker.parseReference(`//${server.host}/a`).tags())).toEqual(['t'])
  await http.close()
})

it('opens without a request', async () => {
  await using server = await registry()
  const reference = transport().parseReference(`//${server.host}/a:t`)
  await using _source = await reference.openSource()
  await using _destination = await reference.openDestination()
  expect(seen(server)).toEqual([])
})

it('follows a registry that moved, without its credentials', async () => {
  await using server = await registry()
  await writeImage(transport().parseReference(`//${server.host}/a:t`), testImage())
  const authorizations: (string | undefined)[] = []
  const old = await rawServer((request, response) => {
    authorizations.push(request.headers.authorization)
    if (request.headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic' }).end()
    else response.writeHead(307, { location: `http://${server.host}${request.url}` }).end()
  })
  const reference = transport({ credentials: { username: 'gordon', password: 'pw' } }).parseReference(
    `//${old.host}/a:t`,
  )
  await using source = await reference.openSource()
  expect((await source.getManifest()).digest).toBe(testImage().root.digest)
  expect(authorizations.at(-1)).toMatch(/^Basic /)
  expect(server.requests.at(-1)?.headers.authorization).toBeUndefined()
})
