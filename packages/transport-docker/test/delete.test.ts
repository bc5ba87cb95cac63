import type { FaultRule } from '@crossdock/registry-server'
import { testImage, writeImage } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import { collect, failure, registry, transport } from './peers.ts'

const BY_DIGEST_ONLY: readonly FaultRule[] = ['t', 'u', 'v'].map((tag) => ({
  match: { method: 'DELETE', tag },
  action: { kind: 'respond', status: 400, body: '{"errors":[{"code":"UNSUPPORTED","message":"by digest only"}]}' },
}))

it('takes the tag alone', async () => {
  await using server = await registry()
  const docker = transport()
  for (const tag of ['t', 'u']) await writeImage(docker.parseReference(`//${server.host}/a:${tag}`), testImage())
  await docker.parseReference(`//${server.host}/a:t`).delete()
  expect(await collect(docker.parseReference(`//${server.host}/a`).tags())).toEqual(['u'])
})

it('takes the image and all its tags if the name has a digest', async () => {
  await using server = await registry()
  const docker = transport()
  const image = testImage()
  for (const tag of ['t', 'u']) await writeImage(docker.parseReference(`//${server.host}/a:${tag}`), image)
  await writeImage(docker.parseReference(`//${server.host}/a:v`), testImage({ seed: 'other' }))
  await docker.parseReference(`//${server.host}/a@${image.root.digest}`).delete()
  expect(await collect(docker.parseReference(`//${server.host}/a`).tags())).toEqual(['v'])
})

it('deletes by digest where the registry wants that, if no other tag goes with it', async () => {
  await using server = await registry({ faults: BY_DIGEST_ONLY })
  const docker = transport()
  const image = testImage()
  for (const tag of ['t', 'u']) await writeImage(docker.parseReference(`//${server.host}/a:${tag}`), image)
  await writeImage(docker.parseReference(`//${server.host}/a:v`), testImage({ seed: 'other' }))
  const error = await failure(() => docker.parseReference(`//${server.host}/a:t`).delete())
  expect(error).toMatchObject({ code: 'UNSUPPORTED' })
  expect(error.message).toContain(`//${server.host}/a@${image.root.digest}`)
  expect(error.message).toContain('u')
  await docker.parseReference(`//${server.host}/a:v`).delete()
  expect(await collect(docker.parseReference(`//${server.host}/a`).tags())).toEqual(['t', 'u'])
})

it('says that the registry does not delete, or that there is nothing', async () => {
  await using server = await registry({ deleteEnabled: false })
  const docker = transport()
  await writeImage(docker.parseReference(`//${server.host}/a:t`), testImage())
  const error = await failure(() => docker.parseReference(`//${server.host}/a:t`).delete())
  expect(error).toMatchObject({ code: 'UNSUPPORTED' })
  expect(error.message).toContain('does not delete')
  await using other = await registry()
  expect(await failure(() => docker.parseReference(`//${other.host}/a:t`).delete())).toMatchObject({
    code: 'NOT_FOUND',
  })
})

it('asks for the right to delete', async () => {
  await using server = await registry({ auth: { kind: 'token', users: { gordon: 'pw' } } })
  const docker = transport({ credentials: { username: 'gordon', password: 'pw' } })
  const reference = docker.parseReference(`//${server.host}/a:t`)
  await writeImage(reference, testImage())
  await reference.delete()
  const tokens = server.requests.filter(({ route }) => route === 'token').map(({ query }) => decodeURIComponent(query))
  expect(tokens.at(-1)).toContain('delete')
})
