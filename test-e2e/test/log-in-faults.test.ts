import type { FaultAction, FaultRule, RecordedRequest } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LAYER, ONCE_MORE, respond, rule } from '../src/fault-rules.ts'
import { json, type LogInRow, logInProblems, PASSWORD, TOKEN } from '../src/log-in-place.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const stack = new AsyncDisposableStack()
let fresh: (name: string) => string
let image: WrittenImage

beforeAll(async () => {
  ;({ fresh } = stack.use(await temporaryFolder()))
  process.env['XDG_CACHE_HOME'] = fresh('cache')
  image = await writeLayout(fresh('image'), { layers: [300_000, 20_000], content: 'random' })
})
afterAll(() => stack.disposeAsync())

type Requests = readonly RecordedRequest[]

const tokensOf = (requests: Requests): Requests => requests.filter(({ route }) => route === 'token')
const tokens = (most: number) => (requests: Requests) => {
  const count = tokensOf(requests).length
  return count <= most ? [] : [`${count} tokens were asked for`]
}
/** Every token was asked for this scope and no other. */
const onlyScope = (scope: string) => (requests: Requests) =>
  tokensOf(requests)
    .flatMap(({ query }) => new URLSearchParams(query).getAll('scope'))
    .filter((asked) => asked !== scope)

/** Where it says nothing of use, it is asked on /v2/. */
const asks = (challenge: string | null): readonly FaultRule[] => [
  rule({ route: ['manifest', 'ping'] }, { kind: 'unauthorized', challenge }),
]

const LOGGING_IN: readonly LogInRow[] = [
  { what: 'Basic' },
  { what: 'Bearer', auth: 'token', asked: onlyScope('repository:app:pull') },
  {
    what: '401 always',
    faults: () => [rule({ route: 'manifest' }, respond(401, 'no'))],
    code: 3,
    says: /status 401: no/,
  },
  {
    what: '401 always, Basic',
    faults: () => asks('Basic realm="x"'),
    code: 3,
    says: /did not accept the credentials/,
    asked: (requests) => (requests.length <= 3 ? [] : [`${requests.length} requests`]),
  },
  {
    what: '401 always, Bearer',
    auth: 'token',
    faults: () => [rule({ route: 'manifest' }, { kind: 'unauthorized' })],
    code: 3,
    says: /did not accept the credentials/,
    asked: tokens(1),
  },
  {
    what: '403',
    faults: () => [rule({ route: 'blob' }, respond(403, 'not you'))],
    code: 3,
    says: /status 403: not you/,
  },
  {
    what: 'a host that took tokens and wants the password itself',
    auth: 'token',
    faults: () => [rule({ route: 'blob' }, { kind: 'unauthorized', challenge: 'Basic realm="x"' })],
    code: 3,
    says: /asked for a token before and now for the password itself, which is not sent/,
    asked: (requests) =>
      requests
        .filter(({ route, headers }) => route === 'blob' && headers.authorization?.startsWith('Basic') === true)
        .map(({ path }) => `the password for ${path}`),
  },
  {
    what: 'wider scopes',
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
    asked: onlyScope('repository:app:pull'),
  },
  {
    what: 'cookies',
    faults: () => [rule({}, { kind: 'amend', headers: { 'set-cookie': 'session=1; Path=/' } })],
    asked: (requests) => requests.flatMap(({ headers }) => headers.cookie ?? []),
  },
  {
    what: 'the credentials in an error',
    faults: () => [
      rule(
        { route: 'blob' },
        respond(400, `Authorization: ${Buffer.from(`me:${PASSWORD}`).toString('base64')} (${PASSWORD})`),
      ),
    ],
    code: 5,
    says: /status 400: Authorization: … \(…\)/,
  },
  {
    what: 'a token that is no longer taken between manifest and blobs',
    auth: 'token',
    faults: () => [rule({ route: 'blob', nth: 1 }, { kind: 'expireTokens' })],
    asked: tokens(3),
  },
  {
    what: 'a token that is no longer taken in the middle of a blob',
    auth: 'token',
    faults: () => [
      rule({ route: 'blob', digest: LAYER, nth: 1 }, { kind: 'cut', afterBytes: 100_000 }),
      rule({ route: 'blob', digest: LAYER, nth: 2 }, { kind: 'expireTokens' }),
    ],
    asked: tokens(2),
  },
]

const CHALLENGES: readonly LogInRow[] = [
  { what: 'none', faults: () => asks(null), code: 3, says: /without saying how to log in/ },
  { what: 'nobody knows', faults: () => asks('Negotiate, NTLM'), code: 3, says: /asking for negotiate, ntlm/ },
  { what: 'a quote that is not closed', faults: () => asks('Bearer realm="http://x'), code: 3, says: /cannot be read/ },
  { what: 'a backslash at the end', faults: () => asks('Bearer realm="x\\'), code: 3, says: /cannot be read/ },
  { what: '50 000 commas', faults: () => asks(','.repeat(50_000)), code: 3, says: /without saying/ },
  { what: '15 000 quotes', faults: () => asks(`Bearer ${'a="'.repeat(15_000)}`), code: 3, says: /cannot be read/ },
  {
    what: '50 000 backslashes',
    faults: () => asks(`Bearer realm="${'\\'.repeat(50_000)}`),
    code: 3,
    says: /cannot be/,
  },
  {
    what: 'Basic behind 4000 others',
    faults: () => [
      rule(
        { route: 'manifest', nth: 1 },
        { kind: 'unauthorized', challenge: `${'Foo a=b, '.repeat(4000)}Basic realm="x"` },
      ),
    ],
  },
]

const REALMS: readonly LogInRow[] = [
  {
    what: 'on another port of this machine',
    faults: ({ other }) => asks(`Bearer realm="${other.url.origin}/token"`),
    otherFaults: [rule({ route: 'token' }, json({ token: TOKEN }))],
    trusted: true,
    code: 3,
    says: /did not accept the credentials/,
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
      says: /lead to a private address/,
    },
    { what: 'where clouds have their secrets', realm: 'http://169.254.169.254/token', says: /to a link-local address/ },
  ].map(({ what, realm, says }): LogInRow => {
    return { what, faults: () => asks(`Bearer realm="${realm}",service="x"`), code: 5, says }
  }),
]

interface TokenAnswer {
  readonly what: string
  readonly action: FaultAction
  readonly code: number
  readonly says: RegExp
}

const TOKEN_ANSWERS: readonly TokenAnswer[] = [
  { what: 'without an end', action: { kind: 'endless' }, code: 1, says: /larger than the 65536 bytes/ },
  { what: 'that is a page', action: { kind: 'html' }, code: 5, says: /not JSON/ },
  { what: 'of null', action: json('null'), code: 5, says: /not a JSON object/ },
  { what: 'without a token', action: json({}), code: 5, says: /holds no token/ },
  { what: 'with null', action: json({ token: null }), code: 5, says: /holds no token/ },
  { what: 'with a number', action: json({ token: 12_345 }), code: 5, says: /not a token/ },
  { what: 'with a line end', action: json({ token: `${TOKEN}\r\nX-Injected: 1` }), code: 5, says: /not a token/ },
  { what: 'that fails', action: respond(500, 'oops'), code: 6, says: /token service 127\.0\.0\.1:\d+ .* status 500/ },
  {
    what: 'that refuses',
    action: respond(401, 'wrong'),
    code: 3,
    says: /token service 127\.0\.0\.1:\d+ .* status 401/,
  },
  { what: 'that never comes', action: { kind: 'hang' }, code: 6, says: /token: 127\.0\.0\.1:\d+: time-out/ },
  {
    what: 'that sends the password back',
    action: respond(401, `me:${PASSWORD} ${Buffer.from(`me:${PASSWORD}`).toString('base64')}`),
    code: 3,
    says: /refused: status 401: me:… …/,
  },
]

/** Expiry that says nothing of use: a token is used for a minute at least, and is not fetched for each request. */
const LIFETIMES = [
  { expires_in: -100 },
  { expires_in: 1e300 },
  { expires_in: 'soon' },
  { expires_in: null },
  { expires_in: 60, issued_at: 'yesterday' },
  { expires_in: 60, issued_at: '1999-01-01T00:00:00Z' },
]

describe('logging in', () => {
  it.concurrent.each([
    ...LOGGING_IN,
    ...CHALLENGES.map((row) => ({ ...row, what: `a challenge: ${row.what}` })),
    ...REALMS.map((row) => ({ ...row, what: `a token service ${row.what}` })),
    ...TOKEN_ANSWERS.map(({ what, action, code, says }): LogInRow => {
      const flags = ['--idle-timeout', '500ms', ...ONCE_MORE]
      return {
        what: `a token ${what}`,
        auth: 'token',
        faults: () => [rule({ route: 'token' }, action)],
        flags,
        code,
        says,
      }
    }),
  ])('$what', async (row) => {
    expect(await logInProblems(row, { image, layout: fresh('layout') })).toStrictEqual([])
  })

  it.concurrent.each(LIFETIMES)('a token with %j', async (members) => {
    const faults = (): readonly FaultRule[] => [rule({ route: 'token' }, { kind: 'members', members })]
    const row: LogInRow = { what: '', auth: 'token', faults, asked: tokens(1) }
    expect(await logInProblems(row, { image, layout: fresh('layout') })).toStrictEqual([])
  })
})
