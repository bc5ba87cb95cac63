import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type FaultRule, type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { draftImage, INDEX, MANIFEST, writeDraft } from '../src/draft-image.ts'
import { filesBelow } from '../src/files-below.ts'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { problemsOf } from '../src/refusal.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

const image = draftImage()
const { digest } = image.keep(image.manifest(), MANIFEST)
const [layer] = image.layers
const ANSI = '\u001B[31mred\u0007\r\nfake\u009B31m\u202E'

interface Row {
  readonly what: string
  readonly fault: FaultRule
  readonly says: string | RegExp
  /** What is read. Default: the tag. */
  readonly reference?: string
  readonly exitCode?: number
}

const ROWS: readonly Row[] = [
  {
    what: 'calls a manifest an index',
    fault: { match: { route: 'manifest' }, action: { kind: 'amend', headers: { 'content-type': INDEX } } },
    says: /the document says ".*manifest\.v1\+json", but it was given as ".*index\.v1\+json"/,
  },
  {
    what: 'announces another digest than its bytes have, which it does not have either',
    fault: {
      match: { route: 'manifest', tag: 't' },
      action: {
        kind: 'respond',
        status: 200,
        headers: { 'content-type': MANIFEST, 'docker-content-digest': digest },
        body: '{}',
      },
    },
    says: new RegExp(`announces ${digest} but its bytes are sha256:[0-9a-f]{64}`),
  },
  {
    what: 'changes a byte of a manifest that is asked for by digest',
    reference: `@${digest}`,
    fault: { match: { route: 'manifest' }, action: { kind: 'corrupt', atByte: 3 } },
    says: new RegExp(`${digest}.*are sha256:[0-9a-f]{64}`),
  },
  {
    what: 'answers with another manifest than is asked for by digest',
    reference: `@${digest}`,
    fault: {
      match: { route: 'manifest' },
      action: { kind: 'respond', status: 200, headers: { 'content-type': MANIFEST }, body: '{}' },
    },
    says: new RegExp(`${digest}.*are sha256:[0-9a-f]{64}`),
  },
  {
    what: 'changes a byte of a layer',
    fault: { match: { digest: layer.digest }, action: { kind: 'corrupt', atByte: 1000 } },
    says: new RegExp(`${layer.digest.slice(0, 19)}.*sha256:`),
  },
  {
    what: 'sends a layer that never ends',
    fault: { match: { digest: layer.digest }, action: { kind: 'endless' } },
    says: layer.digest.slice(0, 19),
  },
  {
    what: 'refuses with control characters in its words',
    fault: {
      match: { route: 'manifest' },
      action: {
        kind: 'respond',
        status: 403,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ errors: [{ code: ANSI, message: ANSI, detail: ANSI }] }),
      },
    },
    says: String.raw`\u{1b}[31mred`,
    exitCode: 3,
  },
  {
    what: 'refuses with control characters in a page',
    fault: {
      match: { route: 'manifest' },
      action: {
        kind: 'respond',
        status: 404,
        headers: { 'content-type': 'text/plain' },
        body: `${ANSI}${'x'.repeat(100_000)}`,
      },
    },
    says: 'not found',
    exitCode: 2,
  },
]

describe('what a registry answers is refused if it', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let run: RunCommand
  let server: RegistryServer

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    run = await createInProcess(fresh('home'))
    server = stack.use(await startRegistry())
    const from = await writeDraft(fresh('from'), { image })
    const to = `docker://${server.host}/app:t`
    const { exitCode, stderr } = await run(['copy', '-q', '--dest-tls-verify=false', from, to])
    if (exitCode !== 0) throw new Error(stderr)
  })
  afterAll(() => stack.disposeAsync())

  it.each(ROWS)('$what', async ({ fault, says, reference = ':t', exitCode = 5 }) => {
    server.faults.clear()
    server.faults.add(fault)
    const to = fresh('to')
    const argv = ['copy', '-q', '--src-tls-verify=false', `docker://${server.host}/app${reference}`, `oci:${to}:x`]
    const finished = await run(argv)
    expect(problemsOf(finished, { exitCode, says })).toStrictEqual([])
    expect(finished.stderr).toContain(`${server.host}/app`)
    expect(existsSync(join(to, 'index.json'))).toBe(false)
    const names = (await filesBelow(join(to, 'blobs'))).map((path) => path.split('/').at(-1))
    expect(names).not.toContain(fault.match?.digest?.slice('sha256:'.length) ?? digest.slice('sha256:'.length))
  })
})
