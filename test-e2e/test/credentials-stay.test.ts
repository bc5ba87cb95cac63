import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FaultAction } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../src/command-in-process.ts'
import { commandProblems } from '../src/command-problems.ts'
import { respond, rule } from '../src/fault-rules.ts'
import { learn, OTHER_PASSWORD, STORED } from '../src/learn-credentials.ts'
import { namesIn } from '../src/layout-content.ts'
import {
  givenAway,
  leads,
  type LogInPlace,
  type LogInRow,
  logInProblems,
  mixedUp,
  onLocalhost,
  openLogInPlace,
  PASSWORD,
  SECRETS,
} from '../src/log-in-place.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const PUSH_CREDENTIALS = ['--dest-creds', `me:${PASSWORD}`]
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

describe.each(['flag', ...STORED] as const)('credentials from %s', (learnt) => {
  it.concurrent.each(ROWS)('do not go along with a redirect $what', async (row) => {
    expect(await logInProblems({ ...row, learnt }, { image, layout: fresh('layout') })).toStrictEqual([])
  })

  it('are enough where nothing is wrong, and go nowhere else', async () => {
    for (const auth of ['basic', 'token'] as const) {
      const row: LogInRow = { what: 'nothing', auth, learnt }
      expect(await logInProblems(row, { image, layout: fresh('layout') })).toStrictEqual([])
    }
  })

  it('go to a token service elsewhere only as the registry names it, and not on from there', async () => {
    const row: LogInRow = {
      what: '',
      learnt,
      faults: ({ other }) => [
        rule(
          { route: ['manifest', 'ping'] },
          { kind: 'unauthorized', challenge: `Bearer realm="${onLocalhost({ other })}/token"` },
        ),
      ],
      otherFaults: [rule({ route: 'token' }, { kind: 'redirect', to: 'http://127.0.0.1:9/token' })],
      flags: ['--retry-times', '0'],
      trusted: true,
      code: 6,
    }
    expect(await logInProblems(row, { image, layout: fresh('layout') })).toStrictEqual([])
  })

  it.each([
    { what: 'on another port', location: ({ other }: LogInPlace) => `${other.url.origin}/upload?_state=abc`, code: 3 },
    { what: 'with a password', location: ({ registry }: LogInPlace) => `http://u:p@${registry.host}/upload`, code: 5 },
  ])('are not for an upload that goes on $what', async ({ location, code }) => {
    await using place = await openLogInPlace()
    const home = fresh('home')
    const { flags, env } = await learn(learnt, place, { home, side: 'dest' })
    const match = { route: 'upload', method: 'POST' } as const
    place.registry.faults.add(rule(match, respond(202, '', { location: location(place) })))
    const finished = await runCommand(['copy', ...flags, from, `docker://${place.registry.host}/app:1`], { env })
    expect(commandProblems(finished, { code, secrets: [...SECRETS, '_state'] })).toStrictEqual([])
    expect([...givenAway(place), ...(await mixedUp(place, home))]).toStrictEqual([])
  })

  it('are not for a next page of tags elsewhere, which is not asked for', async () => {
    await using place = await openLogInPlace()
    const { registry, other } = place
    const home = fresh('home')
    const { flags, env } = await learn(learnt, place, { home, side: '' })
    await runCommand(['copy', '-q', ...PUSH_CREDENTIALS, from, `docker://${registry.host}/app:1`])
    registry.faults.add(rule({ route: 'tags' }, { kind: 'linkTo', url: `${other.url.origin}/v2/app/tags/list` }))
    const finished = await runCommand(['list-tags', ...flags, `docker://${registry.host}/app`], { env })
    expect(commandProblems(finished, { code: 5, says: /which is not followed/, secrets: SECRETS })).toStrictEqual([])
    expect(other.requests).toStrictEqual([])
    expect(await mixedUp(place, home)).toStrictEqual([])
  })

  it.each([
    'http://127.0.0.1:OTHER/layer',
    'http://u:p@127.0.0.1:OTHER/layer',
    'file:///etc/passwd',
    'unix:///var/run/docker.sock',
    'http://169.254.169.254/latest/meta-data/',
  ])('are not for a layer that is elsewhere, at %s, and is left there', async (url) => {
    await using place = await openLogInPlace()
    const { registry, other } = place
    const home = fresh('home')
    const { flags, env } = await learn(learnt, place, { home, side: 'src' })
    const name = `docker://${registry.host}/app:1`
    await runCommand(['copy', '-q', ...PUSH_CREDENTIALS, from, name])
    registry.faults.add(rule({ route: 'manifest' }, await foreignLayer(url.replace('OTHER', other.url.port))))
    const layout = fresh('layout')
    const finished = await runCommand(['copy', ...flags, name, `oci:${layout}:here`], { env })
    expect(commandProblems(finished, { secrets: SECRETS })).toStrictEqual([])
    expect(other.requests).toStrictEqual([])
    expect([...(await namesIn(layout)).keys()]).toStrictEqual(['here'])
    expect(await mixedUp(place, home)).toStrictEqual([])
  })

  it('are not for a mirror, which has its own or none', async () => {
    await using place = await openLogInPlace({})
    const { registry, other } = place
    const home = fresh('home')
    const { flags, env } = await learn(learnt, place, { home, side: 'src' })
    await runCommand(['copy', '-q', ...PUSH_CREDENTIALS, from, `docker://${registry.host}/app:1`])
    const conf = `[[registry]]\nlocation = "${registry.host}"\n[[registry.mirror]]\nlocation = "${other.host}"\n`
    await writeFile(`${home}/registries.conf`, conf)
    const name = `docker://${registry.host}/app:1`
    const argv = ['--registries-conf', `${home}/registries.conf`, 'copy', ...flags, name, `oci:${fresh('layout')}:here`]
    expect(commandProblems(await runCommand(argv, { env }), { secrets: SECRETS })).toStrictEqual([])
    expect(other.requests.length).toBeGreaterThan(0)
    expect(authorizations(registry)).toStrictEqual(new Set([basic(`me:${PASSWORD}`)]))
    expect(authorizations(other)).toStrictEqual(new Set(learnt === 'flag' ? [] : [basic(`you:${OTHER_PASSWORD}`)]))
  })

  it.each(['basic', 'token'] as const)('are shown nowhere, whether it works or not: %s', async (kind) => {
    await using place = await openLogInPlace({ auth: kind })
    const { registry } = place
    const { flags, env } = await learn(learnt, place, { home: fresh('home'), side: 'src' })
    const name = `docker://${registry.host}/app:1`
    await runCommand(['copy', '-q', ...PUSH_CREDENTIALS, from, name])
    const copy = (): ReturnType<typeof runCommand> =>
      runCommand(
        [
          '--debug',
          '--error-format',
          'json',
          'copy',
          '--progress',
          'json',
          ...flags,
          name,
          `oci:${fresh('layout')}:here`,
        ],
        { env },
      )
    const worked = await copy()
    registry.faults.add(rule({ route: 'blob' }, { kind: 'unauthorized' }))
    const failed = await copy()
    expect([worked.exitCode, failed.exitCode]).toStrictEqual([0, 3])
    const sent = registry.requests.flatMap(({ headers }) => headers.authorization?.replace(/^\w+ /, '') ?? [])
    expect(sent.length).toBeGreaterThan(3)
    const said = [worked, failed].map(({ stdout, stderr }) => stdout + stderr).join('\n')
    expect([...SECRETS, ...sent].filter((secret) => said.includes(secret))).toStrictEqual([])
  })
})

function authorizations({ requests }: LogInPlace['other']): ReadonlySet<string> {
  return new Set(requests.flatMap(({ headers }) => headers.authorization ?? []))
}

function basic(pair: string): string {
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

/** The image, with its large layer at a URL. */
async function foreignLayer(url: string): Promise<FaultAction> {
  const manifest = JSON.parse(await readFile(join(image.folder, 'blobs', ...image.digest.split(':')), 'utf8')) as {
    readonly layers: readonly Record<string, unknown>[]
  }
  const [large, ...layers] = manifest.layers
  const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar'
  const body = JSON.stringify({ ...manifest, layers: [{ ...large, mediaType, urls: [url] }, ...layers] })
  return respond(200, body, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' })
}
