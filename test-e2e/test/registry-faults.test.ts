import { once } from 'node:events'
import { createServer } from 'node:net'
import {
  type FaultAction,
  type FaultMatch,
  type FaultRule,
  type RegistryServer,
  startRegistry,
} from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runCommand } from '../src/command-in-process.ts'
import { commandProblems, layoutProblems } from '../src/command-problems.ts'
import { aboutLayer, type FaultRow, IMPATIENT, LAYER, ONCE_MORE, refusal, respond, rule } from '../src/fault-rules.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const KIB = 1024
const MIB = 1024 * KIB

const stack = new AsyncDisposableStack()
let fresh: (name: string) => string
let image: WrittenImage

beforeAll(async () => {
  ;({ fresh } = stack.use(await temporaryFolder()))
  process.env['XDG_CACHE_HOME'] = fresh('cache')
  image = await writeLayout(fresh('image'), { layers: [600 * KIB, 20 * KIB], content: 'random' })
})
afterAll(() => stack.disposeAsync())

const blobs = (action: FaultAction, match: FaultMatch = {}): FaultRule =>
  rule({ route: 'blob', method: 'GET', digest: LAYER, ...match }, action)
const manifests = (action: FaultAction, match: FaultMatch = {}): FaultRule =>
  rule({ route: 'manifest', method: 'GET', ...match }, action)

type Asked = Pick<RegistryServer, 'requests'>

/** The large layer is asked for so often. */
const reads =
  (expected: number) =>
  ({ requests }: Asked) => {
    const layer = image.layers[0] ?? ''
    const actual = requests.filter(({ method, path }) => method === 'GET' && path.includes(layer)).length
    return actual === expected ? [] : [`${actual} reads instead of ${expected}`]
  }

/** No more than so much of an endless body was taken, buffers on the way included. */
const atMost =
  (bytes: number) =>
  ({ requests }: Asked) => {
    const most = Math.max(...requests.map(({ bytesSent }) => bytesSent))
    return most < bytes ? [] : [`${most} bytes were taken`]
  }

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const HTML = '<!doctype html><title>Sign in</title>'
const many = Object.fromEntries(Array.from({ length: 1500 }, (_, index) => [`x-header-${index}`, 'value']))

const ROWS: readonly FaultRow[] = [
  { what: 'a cut', faults: [blobs({ kind: 'cut', afterBytes: 200_000 }, { times: 1 })], asked: reads(2) },
  { what: 'a reset', faults: [blobs({ kind: 'reset', afterBytes: 200_000 }, { times: 1 })], asked: reads(2) },
  { what: 'an early reset', faults: [blobs({ kind: 'reset', afterBytes: 10 }, { times: 1 })] },
  { what: 'a reset before the answer', faults: [blobs({ kind: 'reset' }, { times: 1 })] },
  { what: 'five resets', faults: [blobs({ kind: 'reset', afterBytes: 100_000 }, { times: 5 })], asked: reads(6) },
  {
    what: 'cuts without progress',
    faults: [blobs({ kind: 'cut', afterBytes: 10 })],
    code: 6,
    says: /after 4 attempts/,
    asked: reads(4),
  },
  {
    what: 'a cut, and ranges that are ignored',
    faults: [blobs({ kind: 'cut', afterBytes: 200_000 }, { times: 1 }), blobs({ kind: 'ignoreRange' })],
  },
  {
    what: 'a cut, and another range than was asked for',
    faults: [
      blobs({ kind: 'cut', afterBytes: 200_000 }, { times: 1 }),
      blobs({ kind: 'shiftContentRange', byBytes: 9 }),
    ],
  },
  {
    what: 'a cut, and ranges that are refused',
    faults: [blobs({ kind: 'cut', afterBytes: 200_000 }, { times: 1 }), blobs({ kind: 'refuseRange' })],
  },
  {
    what: 'a cut, and another ETag each time',
    faults: [blobs({ kind: 'cut', afterBytes: 200_000 }, { times: 1 }), blobs({ kind: 'changeEtag' })],
  },
  {
    what: 'a cut, and other content behind it',
    faults: [
      blobs({ kind: 'cut', afterBytes: 200_000 }, { times: 1 }),
      blobs({ kind: 'corrupt', atByte: 300_000 }, { nth: 2, times: 9 }),
      blobs({ kind: 'ignoreRange' }),
    ],
    code: 5,
    says: /DIGEST_MISMATCH/,
  },
  {
    what: 'another size, again and again',
    faults: [blobs(respond(200, 'short'))],
    code: 5,
    says: /it has 5 bytes .*DIGEST_MISMATCH/,
    asked: reads(2),
  },
  { what: 'another byte', faults: [blobs({ kind: 'corrupt', atByte: 300_000 })], code: 5, says: /DIGEST_MISMATCH/ },
  { what: '500', faults: [blobs(respond(500), { times: 1 })], asked: reads(2) },
  { what: 'two 502 with a page', faults: [blobs({ kind: 'html', status: 502 }, { times: 2 })], asked: reads(3) },
  {
    what: '503 with Retry-After',
    faults: [blobs(respond(503, '', { 'retry-after': '1' }), { times: 1 })],
    says: /trying again in 1\.0 s/,
    asked: reads(2),
  },
  {
    what: '500 always',
    faults: [blobs(refusal(500, 'UNKNOWN', 'the disk is on fire'))],
    flags: ONCE_MORE,
    code: 6,
    says: /status 500: UNKNOWN: the disk is on fire \(after 2 attempts\)/,
    asked: reads(2),
  },
  {
    what: '404',
    faults: [blobs(refusal(404, 'BLOB_UNKNOWN', 'blob unknown to registry'))],
    code: 2,
    says: /BLOB_UNKNOWN: blob unknown to registry/,
    asked: reads(1),
  },
  { what: '429', faults: [blobs({ kind: 'rateLimit', budget: 0, refusals: 1, retryAfter: '1' })] },
  { what: '429 for the manifest', faults: [manifests({ kind: 'rateLimit', budget: 0, refusals: 1, retryAfter: '1' })] },
  ...['1', '-5', 'soon'].map((retryAfter) => ({
    what: `429 always, with Retry-After ${retryAfter}`,
    faults: [blobs({ kind: 'rateLimit', budget: 0, retryAfter })],
    flags: ONCE_MORE,
    code: 6,
    says: /RATE_LIMITED/,
    asked: reads(2),
  })),
  {
    what: '429 that asks for three years',
    faults: [blobs({ kind: 'rateLimit', budget: 0, retryAfter: '99999999' })],
    flags: ['--retry-times', '0'],
    code: 6,
    says: /asks to wait 99999999 s/,
  },
  {
    what: 'silence in a blob',
    faults: [blobs({ kind: 'hang', afterBytes: 200_000 }, { times: 1 })],
    flags: IMPATIENT,
    says: /time-out: nothing more came for 500 ms/,
  },
  {
    what: 'silence in a blob, always',
    faults: [blobs({ kind: 'hang', afterBytes: 200_000 })],
    flags: IMPATIENT,
    code: 6,
    says: /time-out/,
    asked: reads(2),
  },
  { what: 'silence before a blob', faults: [blobs({ kind: 'hang' })], flags: IMPATIENT, code: 6, says: /time-out/ },
  {
    what: 'a drip',
    faults: [blobs({ kind: 'throttle', bytesPerSecond: 20 })],
    flags: ['--idle-timeout', '1s', ...ONCE_MORE],
    code: 6,
    says: /time-out: it sends less than 100 bytes a second/,
    asked: reads(2),
  },
  {
    what: 'a manifest without an end',
    faults: [manifests({ kind: 'endless' })],
    code: 1,
    says: /LIMIT_EXCEEDED/,
    asked: atMost(24 * MIB),
  },
  { what: 'a blob without an end', faults: [blobs({ kind: 'endless' })], code: 5, asked: atMost(24 * MIB) },
  {
    what: 'an error without an end',
    faults: [blobs({ kind: 'endless', status: 404 })],
    code: 2,
    asked: atMost(16 * MIB),
  },
  {
    what: 'a page',
    faults: [manifests({ kind: 'html' })],
    code: 5,
    says: /a web page \(status 200, text\/html, .*Sign in/,
  },
  {
    what: 'a page that is called a manifest',
    faults: [manifests(respond(200, HTML, { 'content-type': OCI_MANIFEST }))],
    code: 5,
    says: /no manifest \(status 200, application\/vnd\.oci.*Sign in/,
  },
  { what: 'nothing', faults: [manifests(respond(200))], code: 5, says: /empty \(status 200/ },
  { what: '204', faults: [manifests({ kind: 'respond', status: 204 })], code: 5, says: /status 204/ },
  {
    what: 'half a manifest',
    faults: [manifests(respond(200, '{"schemaVersion":2,"config":{"medi', { 'content-type': OCI_MANIFEST }))],
    code: 5,
    says: /cut off \(status 200, .*"\{"schemaVersion"/,
  },
  {
    what: 'a manifest that breaks off',
    faults: [manifests({ kind: 'cut', afterBytes: 20 }, { times: 1 })],
    says: /moved/,
  },
  { what: 'no manifest', faults: [manifests(refusal(404, 'MANIFEST_UNKNOWN'))], code: 2, says: /MANIFEST_UNKNOWN/ },
  { what: 'no Content-Type', faults: [manifests({ kind: 'amend', headers: { 'content-type': null } })] },
  {
    what: 'a Content-Type with parameters',
    faults: [manifests({ kind: 'amend', headers: { 'content-type': `${OCI_MANIFEST}; charset=utf-8` } })],
  },
  { what: 'a packed blob', faults: [blobs({ kind: 'gzip' })] },
  { what: 'a packed manifest', faults: [manifests({ kind: 'gzip' })] },
  { what: 'a length that is too small', faults: [blobs({ kind: 'wrongLength', byBytes: -1000 }, { times: 1 })] },
  { what: 'a length that is too large', faults: [blobs({ kind: 'wrongLength', byBytes: 1000 })] },
  { what: 'a redirect to itself', faults: [blobs({ kind: 'redirect', to: '{path}' })], code: 5, says: /in a loop/ },
  {
    what: 'redirects without an end',
    faults: [blobs({ kind: 'redirect', to: '{path}?more' })],
    code: 5,
    says: /more than 10 redirects/,
  },
  { what: 'a redirect to nowhere', faults: [blobs(respond(307))], code: 5, says: /status 307\) without saying where/ },
  {
    what: 'a redirect to what is no URL',
    faults: [blobs({ kind: 'redirect', to: 'http://[::bad' })],
    code: 5,
    says: /is not a URL/,
  },
  {
    what: 'a redirect to a file',
    faults: [blobs({ kind: 'redirect', to: 'file:///etc/passwd' })],
    code: 5,
    says: /only http and https/,
  },
  { what: 'a relative redirect', faults: [blobs({ kind: 'redirect', to: '{path}?moved' }, { times: 1 })] },
  { what: 'a registry whose /v2/ fails', faults: [rule({ route: 'ping' }, respond(500))] },
  {
    what: 'pages for everything',
    faults: [{ action: { kind: 'html' } }],
    code: 5,
    says: /is 127\.0\.0\.1:\d+ a registry/,
  },
  { what: 'a header of 60 kB', faults: [manifests({ kind: 'amend', headers: { 'x-large': 'x'.repeat(60_000) } })] },
  { what: '1500 headers', faults: [manifests({ kind: 'amend', headers: many })] },
  {
    what: 'an odd error document',
    faults: [
      manifests(respond(404, '{"errors":[{"__proto__":{"code":"X"},"code":{"toString":1},"message":["a"]},null,5]}')),
    ],
    code: 2,
    says: /NOT_FOUND/,
  },
  {
    what: 'an error with escape sequences',
    faults: [manifests(refusal(403, 'DENIED', '\u001b[31mred\u0007\r\nInjected: line'))],
    code: 3,
    says: /\\u\{1b\}\[31mred/,
  },
  {
    what: 'a digest header that is wrong',
    faults: [manifests({ kind: 'wrongDigest' })],
    says: /warning: .* announces/,
  },
]

describe('a registry that is read', () => {
  it.concurrent.each(ROWS)('$what', async ({ faults, flags = [], code, says, asked }) => {
    await using server = await startRegistry()
    const name = `docker://${server.host}/app:1`
    await runCommand(['copy', '-q', `oci:${image.folder}:latest`, name])
    const before = server.requests.length
    server.faults.add(...faults.map((fault) => aboutLayer(fault, image.layers[0] ?? '')))
    const layout = fresh('layout')
    const finished = await runCommand(['copy', ...flags, name, `oci:${layout}:here`])
    expect(commandProblems(finished, { code, says })).toStrictEqual([])
    expect(await layoutProblems(layout, code === undefined ? image.digest : undefined)).toStrictEqual([])
    expect(asked?.({ requests: server.requests.slice(before) }) ?? []).toStrictEqual([])
  })

  it('nobody there', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const address = listener.address()
    const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    listener.close()
    await once(listener, 'close')
    const finished = await runCommand(['copy', ...ONCE_MORE, `docker://${host}/app:1`, `oci:${fresh('layout')}:here`])
    expect(commandProblems(finished, { code: 6, says: /connection refused.*after 2 attempts/ })).toStrictEqual([])
    expect(finished.failure).toContain(host)
  })
})

describe('a list of tags', () => {
  it.each([
    { what: 'that leads to itself', action: { kind: 'repeatPage' }, code: 0, out: '1\n' },
    { what: 'of null', action: { kind: 'nullTags' }, code: 0, out: '' },
    { what: 'that is a page', action: { kind: 'html' }, code: 5, out: '' },
    { what: 'without an end', action: { kind: 'endless' }, code: 1, out: '' },
    { what: 'of a server that is silent', action: { kind: 'hang', afterBytes: 5 }, code: 6, out: '' },
  ] as const)('$what', async ({ action, code, out }) => {
    await using server = await startRegistry()
    const name = `docker://${server.host}/app`
    await runCommand(['copy', '-q', `oci:${image.folder}:latest`, `${name}:1`])
    server.faults.add({ match: { route: 'tags' }, action })
    const finished = await runCommand(['list-tags', '--idle-timeout', '500ms', name])
    expect(commandProblems(finished, { code })).toStrictEqual([])
    expect(finished.stdout).toBe(out)
    expect(atMost(100 * MIB)(server)).toStrictEqual([])
  })
})

it.each<FaultAction>([
  { kind: 'hang', afterBytes: 100_000 },
  { kind: 'cut', afterBytes: 10 },
  { kind: 'endless' },
  { kind: 'html', status: 404 },
  { kind: 'delay', delayMs: 1 },
])('no connection is left behind by $kind', async (action) => {
  await using server = await startRegistry()
  const name = `docker://${server.host}/app:1`
  await runCommand(['copy', '-q', `oci:${image.folder}:latest`, name])
  server.faults.add({ match: { route: 'blob', nth: 1 }, action })
  await runCommand(['copy', ...IMPATIENT, name, `oci:${fresh('layout')}:here`])
  // The other ends are in this process, too, and need a moment to hear of it.
  await vi.waitFor(() => expect(openSockets()).toStrictEqual([]))
})

function openSockets(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => /Socket|TLS/.test(kind))
}
