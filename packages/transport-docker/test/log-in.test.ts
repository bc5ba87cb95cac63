import { type DockerReference, parseDockerReference } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { failure, rawServer, registry, transport } from './peers.ts'

const users = { gordon: 'correct-horse' }
const right = { username: 'gordon', password: 'correct-horse' }
const wrong = { username: 'gordon', password: 'battery-staple' }

function within(host: string): DockerReference {
  return parseDockerReference(`${host}/app`)
}

describe('logging in', () => {
  it('with a password tells the header that was taken', async () => {
    await using server = await registry({ auth: { kind: 'basic', users } })
    const { authorization } = await transport({ credentials: right }).logIn(within(server.host))
    expect(authorization).toBe(`Basic ${btoa('gordon:correct-horse')}`)
    expect(server.requests.map(({ path }) => path)).not.toContain('/v2/app')
  })

  it('gets a token for the scopes that are asked for', async () => {
    await using server = await registry({ auth: { kind: 'token', users } })
    const scopes = ['repository:app:pull']
    const { authorization } = await transport({ credentials: right }).logIn(within(server.host), { scopes })
    expect(authorization).toMatch(/^Bearer .+/)
    const [token] = server.requests.filter(({ route }) => route === 'token')
    expect(new URLSearchParams(token?.query).getAll('scope')).toEqual(scopes)
  })

  it.each(['basic', 'token'] as const)('is refused with the wrong password, %s', async (kind) => {
    await using server = await registry({ auth: { kind, users } })
    const error = await failure(() => transport({ credentials: wrong }).logIn(within(server.host)))
    expect(error.code).toBe('UNAUTHENTICATED')
    expect(error.message).not.toMatch(/battery|Z29yZG9u/)
  })

  it('is told where nobody asks who somebody is', async () => {
    await using server = await registry()
    expect(await transport({ credentials: right }).logIn(within(server.host))).toEqual({ authorization: undefined })
  })

  it('needs a registry', async () => {
    const page = await rawServer((_request, response) => void response.writeHead(404).end('<html>'))
    const error = await failure(() => transport({ credentials: right }).logIn(within(page.host)))
    expect(error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('check the name of the host') })
  })

  it('tells what a registry says that knows the account and does not want it', async () => {
    const server = await rawServer((_request, response) => void response.writeHead(403).end('too many seats'))
    const error = await failure(() => transport({ credentials: right }).logIn(within(server.host)))
    expect(error.code).toBe('FORBIDDEN')
    expect(error.message).toMatch(/too many seats; check that the account may use the registry$/)
  })

  it('is not tried where the registry is blocked', async () => {
    await using server = await registry({ auth: { kind: 'basic', users } })
    const blocked = transport({
      credentials: right,
      registries: () => ({ blocked: 'registries.conf', sources: [], insecure: false }),
    })
    expect((await failure(() => blocked.logIn(within(server.host)))).code).toBe('REJECTED_BY_POLICY')
    expect(server.requests).toEqual([])
  })
})
