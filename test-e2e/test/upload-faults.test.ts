import { type FaultAction, type FaultMatch, type FaultRule, startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runCommand } from '../src/command-in-process.ts'
import { commandProblems } from '../src/command-problems.ts'
import { aboutLayer, type FaultRow, IMPATIENT, ONCE_MORE, refusal, respond, rule } from '../src/fault-rules.ts'
import { verifyInRegistry } from '../src/registry-content.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const KIB = 1024

const stack = new AsyncDisposableStack()
let fresh: (name: string) => string
let image: WrittenImage

beforeAll(async () => {
  ;({ fresh } = stack.use(await temporaryFolder()))
  process.env['XDG_CACHE_HOME'] = fresh('cache')
  image = await writeLayout(fresh('image'), { layers: [600 * KIB, 20 * KIB], content: 'random' })
})
afterAll(() => stack.disposeAsync())

const puts = (action: FaultAction, match: FaultMatch = {}): FaultRule =>
  rule({ route: 'upload', method: 'PUT', ...match }, action)
const posts = (action: FaultAction, match: FaultMatch = {}): FaultRule =>
  rule({ route: 'upload', method: 'POST', ...match }, action)
const manifestPuts = (action: FaultAction, match: FaultMatch = {}): FaultRule =>
  rule({ route: 'manifest', method: 'PUT', ...match }, action)
const liar = { kind: 'amend', headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } } as const

const ROWS: readonly FaultRow[] = [
  {
    what: 'nothing wrong: all blobs are acknowledged before the manifest is sent',
    faults: [],
    asked: ({ requests }) => {
      const writes = requests.filter(({ method }) => method === 'PUT').map(({ route, status }) => `${route} ${status}`)
      const right = writes.length === 4 && writes.lastIndexOf('upload 201') === 2 && writes[3] === 'manifest 201'
      return right ? [] : writes
    },
  },
  { what: 'a reset', faults: [puts({ kind: 'reset', of: 'request', afterBytes: 1000 }, { times: 1 })] },
  { what: 'a reset before anything', faults: [puts({ kind: 'reset' }, { times: 1 })] },
  { what: '500', faults: [puts(respond(500), { times: 1 })] },
  {
    what: '500 always',
    faults: [puts(refusal(500, 'UNKNOWN'))],
    flags: ONCE_MORE,
    code: 6,
    says: /status 500: UNKNOWN/,
  },
  {
    what: '500 for every new upload',
    faults: [posts(respond(500))],
    flags: ONCE_MORE,
    code: 6,
    says: /after 2 attempts/,
  },
  { what: '413', faults: [puts(respond(413)), rule({ method: 'PATCH' }, respond(413))], code: 1, says: /status 413/ },
  {
    what: 'silence for the manifest',
    faults: [manifestPuts({ kind: 'hang' })],
    flags: IMPATIENT,
    code: 6,
    says: /time-out/,
  },
  {
    what: 'no Location',
    faults: [posts({ kind: 'amend', headers: { location: null } })],
    code: 5,
    says: /no Location/,
  },
  {
    what: 'a Location that is no URL',
    faults: [posts({ kind: 'amend', headers: { location: 'http://[::bad' } })],
    code: 5,
    says: /not a URL/,
  },
  {
    what: 'a Location that is a file',
    faults: [posts({ kind: 'amend', headers: { location: 'file:///etc/passwd' } })],
    code: 5,
    says: /only http and https/,
  },
  {
    what: 'a refused digest',
    faults: [puts(refusal(400, 'DIGEST_INVALID', 'it did not match'))],
    code: 5,
    says: /DIGEST_INVALID: it did not match/,
  },
  {
    what: 'a refused manifest, 401',
    faults: [manifestPuts(refusal(401, 'UNAUTHORIZED'))],
    code: 3,
    says: /UNAUTHORIZED/,
  },
  {
    what: 'a refused manifest, 400',
    faults: [manifestPuts(refusal(400, 'MANIFEST_INVALID', 'sorry'))],
    code: 1,
    says: /MANIFEST_INVALID: sorry/,
  },
  {
    what: 'HEAD that says of every blob that it is there',
    faults: [rule({ route: 'blob', method: 'HEAD' }, respond(200))],
  },
  { what: 'HEAD of another size', faults: [rule({ route: 'blob', method: 'HEAD' }, respond(200, 'short'))] },
  {
    what: 'digest headers that are wrong',
    faults: [puts(liar), manifestPuts(liar)],
    says: /warning: .* has that as well/,
  },
  {
    what: 'success for a blob that was not stored',
    faults: [puts(respond(201, '', liar.headers))],
    code: 5,
    says: /says that it stored sha256:000/,
  },
  {
    what: 'where an upload goes on, in an error',
    faults: [puts(refusal(403, 'DENIED', 'PUT /v2/app/blobs/uploads/1?_state=st4te-of-upload&digest=x'))],
    code: 3,
    says: /DENIED: PUT \/v2\/app\/blobs\/uploads\/1\?…/,
  },
]

it.concurrent.each(ROWS)('a registry that is written to: $what', async ({ faults, flags = [], code, says, asked }) => {
  await using server = await startRegistry({ faults: faults.map((fault) => aboutLayer(fault, image.layers[0] ?? '')) })
  const argv = ['copy', ...flags, `oci:${image.folder}:latest`, `docker://${server.host}/app:1`]
  const finished = await runCommand(argv)
  expect(commandProblems(finished, { code, says, secrets: ['st4te-of-upload'] })).toStrictEqual([])
  expect(asked?.(server) ?? []).toStrictEqual([])
  server.faults.clear()
  const problems = await verifyInRegistry(server.host, { repository: 'app', reference: '1' })
  expect(problems).toStrictEqual(code === undefined ? [] : ['1 is missing'])
})
