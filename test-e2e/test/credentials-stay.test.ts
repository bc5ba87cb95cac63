import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../src/command-in-process.ts'
import { commandProblems } from '../src/command-problems.ts'
import { respond, rule } from '../src/fault-rules.ts'
import { namesIn } from '../src/layout-content.ts'
import {
  givenAway,
  leads,
  type LogInPlace,
  type LogInRow,
  logInProblems,
  onLocalhost,
  openLogInPlace,
  PASSWORD,
  SECRETS,
} from '../src/log-in-place.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const PUSH_CREDENTIALS = ['--dest-creds', `me:${PASSWORD}`]
const PULL_CREDENTIALS = ['--src-creds', `me:${PASSWORD}`]
const BEARER_ELSEWHERE = 'Bearer realm="http://127.0.0.1:9/token",service="x"'

const stack = new AsyncDisposableStack()
let fresh: (name: string) => string
let image: WrittenImage
let from: string

beforeAll(async () => {
  ;({ fresh } = stack.use(await temporaryFolder()))
  process.env['XDG_CACHE_HOME'] = fresh('cache')
  image = await writeLayout(fresh('image'), { layers: [300_000, 20_000], content: 'random' })
  from = `oci:${image.folder}:latest`
})
afterAll(() => stack.disposeAsync())

const ROWS: readonly LogInRow[] = [
  {
    what: 'of a blob to another port',
    faults: leads('blob', ({ other }) => `${other.url.origin}/x`),
    code: 3,
    says: /those for 127\.0\.0\.1:\d+ are not sent there/,
  },
  { what: 'of a blob to another name', faults: leads('blob', (place) => `${onLocalhost(place)}/x`), code: 3 },
  { what: 'of the manifest', faults: leads('manifest', ({ other }) => `${other.url.origin}{path}`), code: 3 },
  { what: 'with a token', auth: 'token', faults: leads('blob', ({ other }) => `${other.url.origin}/x`), code: 3 },
  {
    what: 'to a server that wants a token',
    auth: 'token',
    faults: leads('blob', ({ other }) => `${other.url.origin}/x`),
    otherFaults: [rule({}, { kind: 'unauthorized', challenge: BEARER_ELSEWHERE })],
    code: 3,
  },
  {
    what: 'to a server that leads on',
    faults: leads('blob', ({ other }) => `${other.url.origin}/x`),
    otherFaults: [rule({}, respond(307, '', { location: '/y' }))],
    code: 5,
    says: /in a loop/,
  },
  {
    what: 'with a user name and a password in it',
    faults: leads('blob', ({ other }) => `http://u:p@${other.host}/x`),
    code: 5,
    says: /carries a user name or password/,
  },
  {
    what: 'of the token service to another port',
    auth: 'token',
    faults: leads('token', ({ other }) => `${other.url.origin}/token`),
    code: 3,
  },
  {
    what: 'of the token service to another name',
    auth: 'token',
    faults: leads('token', (place) => `${onLocalhost(place)}/token`),
    code: 3,
  },
]

it.concurrent.each(ROWS)('a redirect $what takes no credentials along', async (row) => {
  expect(await logInProblems(row, { image, layout: fresh('layout') })).toStrictEqual([])
})

describe('an upload that goes on', () => {
  it.each([
    { what: 'on another port', location: ({ other }: LogInPlace) => `${other.url.origin}/upload?_state=abc`, code: 3 },
    { what: 'with a password', location: ({ registry }: LogInPlace) => `http://u:p@${registry.host}/upload`, code: 5 },
  ])('$what gets no credentials', async ({ location, code }) => {
    await using place = await openLogInPlace()
    const match = { route: 'upload', method: 'POST' } as const
    place.registry.faults.add(rule(match, respond(202, '', { location: location(place) })))
    const finished = await runCommand(['copy', ...PUSH_CREDENTIALS, from, `docker://${place.registry.host}/app:1`])
    expect(commandProblems(finished, { code, secrets: [...SECRETS, '_state'] })).toStrictEqual([])
    expect(givenAway(place)).toStrictEqual([])
  })
})

it('a next page of tags elsewhere is not asked for', async () => {
  await using place = await openLogInPlace()
  const { registry, other } = place
  await runCommand(['copy', '-q', ...PUSH_CREDENTIALS, from, `docker://${registry.host}/app:1`])
  registry.faults.add(rule({ route: 'tags' }, { kind: 'linkTo', url: `${other.url.origin}/v2/app/tags/list` }))
  const finished = await runCommand(['list-tags', '--creds', `me:${PASSWORD}`, `docker://${registry.host}/app`])
  expect(commandProblems(finished, { code: 5, says: /which is not followed/, secrets: SECRETS })).toStrictEqual([])
  expect(other.requests).toStrictEqual([])
})

it.each([
  'http://127.0.0.1:OTHER/layer',
  'http://u:p@127.0.0.1:OTHER/layer',
  'file:///etc/passwd',
  'unix:///var/run/docker.sock',
  'http://169.254.169.254/latest/meta-data/',
])('a layer that is elsewhere, at %s, is left there', async (url) => {
  await using place = await openLogInPlace()
  const { registry, other } = place
  const name = `docker://${registry.host}/app:1`
  await runCommand(['copy', '-q', ...PUSH_CREDENTIALS, from, name])
  const manifest = JSON.parse(await readFile(join(image.folder, 'blobs', ...image.digest.split(':')), 'utf8')) as {
    readonly layers: readonly Record<string, unknown>[]
  }
  const [large, ...layers] = manifest.layers
  const foreign = {
    ...large,
    mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
    urls: [url.replace('OTHER', other.url.port)],
  }
  const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
  const body = JSON.stringify({ ...manifest, layers: [foreign, ...layers] })
  registry.faults.add(rule({ route: 'manifest' }, respond(200, body, headers)))
  const layout = fresh('layout')
  const finished = await runCommand(['copy', ...PULL_CREDENTIALS, name, `oci:${layout}:here`])
  expect(commandProblems(finished, { secrets: SECRETS })).toStrictEqual([])
  expect(other.requests).toStrictEqual([])
  expect([...(await namesIn(layout)).keys()]).toStrictEqual(['here'])
})

it.each(['basic', 'token'] as const)('--debug shows none, whether it works or not: %s', async (kind) => {
  await using registry = await startRegistry({ auth: { kind, users: { me: PASSWORD } } })
  const name = `docker://${registry.host}/app:1`
  const pushed = await runCommand(['--debug', 'copy', ...PUSH_CREDENTIALS, from, name])
  registry.faults.add(rule({ route: 'blob' }, { kind: 'unauthorized' }))
  const failed = await runCommand(['--debug', 'copy', ...PULL_CREDENTIALS, name, `oci:${fresh('layout')}:here`])
  expect([pushed.exitCode, failed.exitCode]).toStrictEqual([0, 3])
  const sent = registry.requests.flatMap(({ headers }) => headers.authorization?.replace(/^\w+ /, '') ?? [])
  expect(sent.length).toBeGreaterThan(5)
  const said = [pushed, failed].map(({ stdout, stderr }) => stdout + stderr).join('\n')
  expect([PASSWORD, ...sent].filter((secret) => said.includes(secret))).toStrictEqual([])
})
