import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type FaultAction,
  type FaultMatch,
  type FaultRule,
  type RecordedRequest,
  type RegistryAuth,
  type RegistryServer,
  startRegistry,
} from '@crossdock/registry-server'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FinishedCommand, runCommand } from '../src/command-in-process.ts'
import { aboutLayer, LAYER, rule } from '../src/fault-rules.ts'
import { namesIn } from '../src/layout-content.ts'
import { unsafeIn } from '../src/said-safely.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const PASSWORD = 'correct-horse-battery'
const TOKEN = 'token-that-nobody-may-see'
const USERS = { me: PASSWORD }
const ONCE_MORE = ['--retry-times', '1']

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

/** The registry that is named, and another server at which it may point. */
interface Place {
  readonly registry: RegistryServer
  readonly other: RegistryServer
}

interface Row {
  readonly what: string
  /** Default: basic. */
  readonly auth?: RegistryAuth['kind']
  readonly faults?: (place: Place) => readonly FaultRule[]
  /** Of the other server. Default: it asks for credentials. */
  readonly otherFaults?: readonly FaultRule[]
  readonly flags?: readonly string[]
  /** Default: 0, with the right image at the destination. */
  readonly code?: number
  /** In the failure. */
  readonly says?: RegExp
  /** Whether the other server gets the credentials nevertheless, since that is where the registry has its token service. */
  readonly trusted?: boolean
  readonly asked?: (place: Place) => void
}

const json = (document: unknown): FaultAction => ({
  kind: 'respond',
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: typeof document === 'string' ? document : JSON.stringify(document),
})
const refused = (status: number, body: string): FaultAction => ({ kind: 'respond', status, body })
const asks = (challenge: string | null): readonly FaultRule[] => [
  // Where it says nothing of use, it is asked on /v2/.
  rule({ route: ['manifest', 'ping'] }, { kind: 'unauthorized', challenge }),
]
const leads = (route: 'blob' | 'manifest' | 'token', to: (place: Place) => string) => (place: Place) => [
  rule({ route, nth: route === 'manifest' ? 2 : 1, times: 9 }, { kind: 'redirect', to: to(place) }),
]
const token = (action: FaultAction) => () => [rule({ route: 'token' }, action)]
const onLocalhost = ({ other }: Place): string => `http://localhost:${other.url.port}`
const tokensOf = ({ registry }: Place): readonly RecordedRequest[] =>
  registry.requests.filter(({ route }) => route === 'token')
const scopesOf = (requests: readonly RecordedRequest[]): readonly string[] =>
  requests.flatMap(({ query }) => new URLSearchParams(query).getAll('scope'))

const PASSES: readonly FaultRule[] = [rule({ route: 'token' }, json({ token: TOKEN }))]

const ROWS: readonly Row[] = [
  { what: 'Basic' },
  {
    what: 'Bearer',
    auth: 'token',
    asked: (place) => expect(scopesOf(tokensOf(place))).toStrictEqual(['repository:app:pull']),
  },
  {
    what: '401 always',
    faults: () => [rule({ route: 'manifest' }, refused(401, 'no'))],
    code: 3,
    says: /status 401: no/,
  },
  {
    what: '401 always, Basic',
    faults: () => asks('Basic realm="x"'),
    code: 3,
    says: /did not accept the credentials/,
    asked: ({ registry }) => expect(registry.requests.length).toBeLessThanOrEqual(3),
  },
  {
    what: '401 always, Bearer',
    auth: 'token',
    faults: () => [rule({ route: 'manifest' }, { kind: 'unauthorized' })],
    code: 3,
    says: /did not accept the credentials/,
    asked: (place) => expect(tokensOf(place)).toHaveLength(1),
  },
  {
    what: '403',
    faults: () => [rule({ route: 'blob' }, refused(403, 'not you'))],
    code: 3,
    says: /status 403: not you/,
  },
  {
    what: 'a redirect of a blob to another port',
    faults: leads('blob', ({ other }) => `${other.url.origin}/x`),
    code: 3,
    says: /those for 127\.0\.0\.1:\d+ are not sent there/,
  },
  {
    what: 'a redirect of a blob to another name',
    faults: leads('blob', (place) => `${onLocalhost(place)}/x`),
    code: 3,
  },
  {
    what: 'a redirect of the manifest',
    faults: leads('manifest', ({ other }) => `${other.url.origin}{path}`),
    code: 3,
  },
  { what: 'a redirect, Bearer', auth: 'token', faults: leads('blob', ({ other }) => `${other.url.origin}/x`), code: 3 },
  {
    what: 'a redirect to a server that asks for a token',
    auth: 'token',
    faults: leads('blob', ({ other }) => `${other.url.origin}/x`),
    otherFaults: [
      { action: { kind: 'unauthorized', challenge: 'Bearer realm="http://127.0.0.1:9/token",service="x"' } },
    ],
    code: 3,
  },
  {
    what: 'a redirect there and back',
    faults: ({ registry, other }) => [
      rule({ route: 'blob', times: 3 }, { kind: 'redirect', to: `${other.url.origin}/${registry.host}{path}` }),
    ],
    otherFaults: [{ action: { kind: 'respond', status: 307, headers: { location: '/nowhere' } } }],
    code: 5,
  },
  {
    what: 'a redirect with a user name and a password',
    faults: leads('blob', ({ other }) => `http://u:p@${other.host}/x`),
    code: 5,
    says: /carries a user name or password/,
  },
  {
    what: 'a token service on another port of this machine',
    auth: 'token',
    faults: ({ other }) => asks(`Bearer realm="${other.url.origin}/token"`),
    otherFaults: PASSES,
    trusted: true,
    code: 3,
  },
  ...[
    { what: 'with a user name and a password', realm: 'http://u:p@127.0.0.1:9/token', says: /user name or password/ },
    { what: 'in a file', realm: 'file:///etc/passwd', says: /only http and https/ },
    { what: 'by a relative URL', realm: '/token', says: /not an absolute URL/ },
    { what: 'nowhere', realm: '', says: /not an absolute URL/ },
    { what: 'on a private address', realm: 'http://10.0.0.1/token', says: /may not lead to a private address/ },
    {
      what: 'on a private address in IPv6',
      realm: 'http://[::ffff:10.0.0.1]/token',
      says: /may not lead to a private/,
    },
    { what: 'where clouds have their secrets', realm: 'http://169.254.169.254/token', says: /to a link-local address/ },
  ].map(({ what, realm, says }): Row => ({
    what: `a token service ${what}`,
    faults: () => asks(`Bearer realm="${realm}",service="x"`),
    code: 5,
    says,
  })),
  {
    what: 'a token service that leads to another port',
    auth: 'token',
    faults: leads('token', ({ other }) => `${other.url.origin}/token`),
    otherFaults: PASSES,
    code: 3,
  },
  {
    what: 'a token service that leads to another name',
    auth: 'token',
    faults: leads('token', (place) => `${onLocalhost(place)}/token`),
    otherFaults: PASSES,
    code: 3,
  },
  ...[
    { what: 'without an end', action: { kind: 'endless' }, code: 1, says: /larger than the 65536 bytes/ },
    { what: 'that is a page', action: { kind: 'html' }, code: 5, says: /not JSON/ },
    { what: 'of null', action: json('null'), code: 5, says: /not a JSON object/ },
    { what: 'without a token', action: json({}), code: 5, says: /holds no token/ },
    { what: 'with null', action: json({ token: null }), code: 5, says: /holds no token/ },
    { what: 'with a number', action: json({ token: 12_345 }), code: 5, says: /not a token/ },
    { what: 'with a line end', action: json({ token: `${TOKEN}\r\nX-Injected: 1` }), code: 5, says: /not a token/ },
    { what: 'that fails', action: refused(500, 'oops'), code: 6, says: /token service 127\.0\.0\.1:\d+ .* status 500/ },
    {
      what: 'that refuses',
      action: refused(401, 'wrong'),
      code: 3,
      says: /token service 127\.0\.0\.1:\d+ .* status 401/,
    },
    { what: 'that never comes', action: { kind: 'hang' }, code: 6, says: /token: 127\.0\.0\.1:\d+: time-out/ },
    {
      what: 'that sends the password back',
      action: refused(401, `me:${PASSWORD} ${Buffer.from(`me:${PASSWORD}`).toString('base64')}`),
      code: 3,
      says: /refused: status 401: me:… …/,
    },
  ].map(({ what, action, code, says }): Row => ({
    what: `an answer of the token service ${what}`,
    auth: 'token',
    faults: token(action as FaultAction),
    flags: ['--idle-timeout', '500ms', ...ONCE_MORE],
    code,
    says,
  })),
  {
    what: 'a token that is no longer taken between manifest and blobs',
    auth: 'token',
    faults: () => [rule({ route: 'blob', nth: 1 }, { kind: 'expireTokens' })],
    asked: (place) => expect(tokensOf(place).length).toBeLessThanOrEqual(3),
  },
  {
    what: 'a token that is no longer taken in the middle of a blob',
    auth: 'token',
    faults: () => [
      rule({ route: 'blob', digest: LAYER, nth: 1 }, { kind: 'cut', afterBytes: 100_000 }),
      rule({ route: 'blob', digest: LAYER, nth: 2 }, { kind: 'expireTokens' }),
    ],
    asked: (place) => expect(tokensOf(place)).toHaveLength(2),
  },
  { what: 'no challenge', faults: () => asks(null), code: 3, says: /without saying how to log in/ },
  {
    what: 'a challenge that nobody knows',
    faults: () => asks('Negotiate, NTLM'),
    code: 3,
    says: /asking for negotiate, ntlm/,
  },
  {
    what: 'a quote that is not closed',
    faults: () => asks('Bearer realm="http://127.0.0.1'),
    code: 3,
    says: /cannot be read/,
  },
  { what: 'a backslash at the end', faults: () => asks('Bearer realm="x\\'), code: 3, says: /cannot be read/ },
  { what: '50 000 commas', faults: () => asks(','.repeat(50_000)), code: 3, says: /without saying/ },
  { what: '15 000 open quotes', faults: () => asks(`Bearer ${'a="'.repeat(15_000)}`), code: 3, says: /cannot be read/ },
  {
    what: '50 000 backslashes',
    faults: () => asks(`Bearer realm="${'\\'.repeat(50_000)}`),
    code: 3,
    says: /cannot be read/,
  },
  {
    what: 'Basic behind 4000 other challenges',
    faults: () => [
      rule(
        { route: 'manifest', nth: 1 },
        { kind: 'unauthorized', challenge: `${'Foo a=b, '.repeat(4000)}Basic realm="x"` },
      ),
    ],
  },
  {
    what: 'a host that took tokens and asks for the password itself',
    auth: 'token',
    faults: () => [rule({ route: 'blob' }, { kind: 'unauthorized', challenge: 'Basic realm="x"' })],
    code: 3,
    says: /asked for a token before and now for the password itself, which is not sent/,
    asked: ({ registry }) => {
      const sent = registry.requests.filter(({ route }) => route === 'blob').map(({ headers }) => headers.authorization)
      expect(sent.filter((value) => value?.startsWith('Bearer ') !== true)).toStrictEqual([])
    },
  },
  {
    what: 'a challenge with wider scopes',
    auth: 'token',
    faults: ({ registry }) => [
      rule(
        { route: 'manifest', nth: 1 },
        {
          kind: 'unauthorized',
          challenge: `Bearer realm="${registry.url.origin}/token",scope="repository:app:pull,push,delete repository:secret:pull registry:catalog:*"`,
        },
      ),
    ],
    asked: (place) => expect(new Set(scopesOf(tokensOf(place)))).toStrictEqual(new Set(['repository:app:pull'])),
  },
  {
    what: 'cookies',
    faults: () => [{ action: { kind: 'amend', headers: { 'set-cookie': 'session=1; Path=/' } } }],
    asked: ({ registry }) =>
      expect(registry.requests.filter(({ headers }) => headers.cookie !== undefined)).toStrictEqual([]),
  },
  {
    what: 'the credentials in an error',
    faults: () => [
      rule(
        { route: 'blob' },
        refused(400, `Authorization: ${Buffer.from(`me:${PASSWORD}`).toString('base64')} (${PASSWORD})`),
      ),
    ],
    code: 5,
    says: /status 400: Authorization: … \(…\)/,
  },
]

/** Of the one side of a copy that needs them. */
const CREDENTIALS = ['--src-creds', `me:${PASSWORD}`]

async function openPlace({ auth = 'basic', otherFaults }: Row): Promise<Place & AsyncDisposable> {
  const registry = await startRegistry({ auth: { kind: auth, users: USERS } })
  const other = await startRegistry({
    faults: otherFaults ?? [{ action: { kind: 'unauthorized', challenge: 'Basic realm="other"' } }],
  })
  return {
    registry,
    other,
    [Symbol.asyncDispose]: async () => void (await Promise.all([registry.close(), other.close()])),
  }
}

function since({ registry, other }: Place, start: number): Place {
  return { registry: { ...registry, requests: registry.requests.slice(start) }, other }
}

function expectNothingSaid({ stdout, stderr }: FinishedCommand): void {
  const tokens = [TOKEN, `me:${PASSWORD}`]
  expect(unsafeIn(stdout + stderr, [PASSWORD, ...tokens])).toStrictEqual([])
}

/** What would tell the other server who the user is. */
function givenAway({ other }: Place): readonly string[] {
  return other.requests
    .filter(({ headers, query, path }) => {
      const sent = [headers.authorization, headers.cookie, headers['proxy-authorization']]
      return sent.some((value) => value !== undefined) || `${path}${query}`.includes(PASSWORD)
    })
    .map(({ method, path }) => `${method} ${path}`)
}

describe('credentials', () => {
  it.concurrent.each(ROWS)('$what', async (row) => {
    await using place = await openPlace(row)
    const name = `docker://${place.registry.host}/app:1`
    await runCommand(['copy', '-q', '--dest-creds', `me:${PASSWORD}`, from, name])
    const before = place.registry.requests.length
    place.registry.faults.add(...(row.faults?.(place) ?? []).map((fault) => aboutLayer(fault, image.layers[0] ?? '')))
    const layout = fresh('layout')
    const finished = await runCommand(['copy', ...(row.flags ?? []), ...CREDENTIALS, name, `oci:${layout}:here`])
    expect(finished.exitCode, finished.stderr).toBe(row.code ?? 0)
    if (row.says !== undefined) expect(finished.failure).toMatch(row.says)
    expectNothingSaid(finished)
    if (row.trusted !== true) expect(givenAway(place)).toStrictEqual([])
    if (row.code === undefined) expect((await verifyLayout(layout)).problems).toStrictEqual([])
    else expect([...(await namesIn(layout).catch(() => []))]).toStrictEqual([])
    row.asked?.(since(place, before))
  })

  it('of no kind are in what --debug says, whether it works or not', async () => {
    for (const auth of ['basic', 'token'] as const) {
      await using registry = await startRegistry({ auth: { kind: auth, users: USERS } })
      const name = `docker://${registry.host}/app:1`
      const pushed = await runCommand(['--debug', 'copy', '--dest-creds', `me:${PASSWORD}`, from, name])
      expect(pushed.exitCode).toBe(0)
      registry.faults.add({ match: { route: 'blob' }, action: { kind: 'unauthorized' } })
      const failed = await runCommand(['--debug', 'copy', ...CREDENTIALS, name, `oci:${fresh('layout')}:here`])
      expect(failed.exitCode).toBe(3)
      const sent = [...registry.requests].map(({ headers }) => headers.authorization?.replace(/^\w+ /, '') ?? PASSWORD)
      for (const { stdout, stderr } of [pushed, failed]) {
        for (const secret of new Set([PASSWORD, ...sent])) expect(stdout + stderr).not.toContain(secret)
      }
    }
  })
})

describe('an upload that goes on elsewhere', () => {
  it.each([
    { what: 'on another port', location: ({ other }: Place) => `${other.url.origin}/upload?_state=abc`, code: 3 },
    { what: 'with a password', location: ({ registry }: Place) => `http://u:p@${registry.host}/upload`, code: 5 },
  ])('$what gets no credentials', async ({ location, code }) => {
    await using place = await openPlace({ what: '' })
    const headers = { location: location(place) }
    const match = { route: 'upload', method: 'POST' } as const
    place.registry.faults.add({ match, action: { kind: 'respond', status: 202, headers } })
    const argv = ['copy', '--dest-creds', `me:${PASSWORD}`, from, `docker://${place.registry.host}/app:1`]
    const finished = await runCommand(argv)
    expect(finished.exitCode, finished.stderr).toBe(code)
    expect(givenAway(place)).toStrictEqual([])
    expect(finished.stderr).not.toContain('_state')
    expectNothingSaid(finished)
  })
})

it('a next page of tags elsewhere is not asked for', async () => {
  await using place = await openPlace({ what: '' })
  const { registry, other } = place
  await runCommand(['copy', '-q', '--dest-creds', `me:${PASSWORD}`, from, `docker://${registry.host}/app:1`])
  const action = { kind: 'linkTo', url: `${other.url.origin}/v2/app/tags/list` } as const
  registry.faults.add({ match: { route: 'tags' }, action })
  const finished = await runCommand(['list-tags', '--creds', `me:${PASSWORD}`, `docker://${registry.host}/app`])
  expect(finished.exitCode).toBe(5)
  expect(finished.failure).toMatch(/which is not followed/)
  expect(other.requests).toStrictEqual([])
})

it.each([
  'http://127.0.0.1:OTHER/layer',
  'http://u:p@127.0.0.1:OTHER/layer',
  'file:///etc/passwd',
  'unix:///var/run/docker.sock',
  'http://169.254.169.254/latest/meta-data/',
])('a layer that is elsewhere, at %s, is left there', async (url) => {
  await using place = await openPlace({ what: '' })
  const { registry, other } = place
  const name = `docker://${registry.host}/app:1`
  await runCommand(['copy', '-q', '--dest-creds', `me:${PASSWORD}`, from, name])
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
  registry.faults.add({ match: { route: 'manifest' }, action: { kind: 'respond', status: 200, headers, body } })
  const layout = fresh('layout')
  const finished = await runCommand(['copy', ...CREDENTIALS, name, `oci:${layout}:here`])
  expect(finished.exitCode, finished.stderr).toBe(0)
  expect(other.requests).toStrictEqual([])
  expect([...(await namesIn(layout)).keys()]).toStrictEqual(['here'])
})
