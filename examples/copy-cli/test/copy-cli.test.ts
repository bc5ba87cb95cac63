import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { ociDirTransport } from '@crossdock/transport-oci-dir'
import { testIndex, writeImage } from '@crossdock/transport-testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../src/copy-cli.ts'

const index = testIndex()
let folder = ''
let registry: Awaited<ReturnType<typeof startRegistry>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'copy-cli-'))
  registry = await startRegistry()
  await writeImage(ociDirTransport().parseReference(`${folder}/from:app`), index)
})

afterAll(async () => {
  await registry.close()
  await rm(folder, { recursive: true })
})

async function call(...argv: string[]) {
  let [out, notes] = ['', '']
  const code = await run(argv, { out: (text) => (out += text), note: (text) => (notes += text) })
  return { code, out, notes }
}

test('it copies a folder to a registry and back, and says what it did', async () => {
  const name = `docker://${registry.host}/app:1`
  const pushed = await call('--all', '--insecure', `oci:${folder}/from:app`, name)
  expect(pushed).toMatchObject({ code: 0, out: `${index.root.digest}\n` })
  expect(pushed.notes).toMatch(/^moving {2}sha256:[0-9a-f]{12} from byte 0$/m)
  expect(pushed.notes).toMatch(/^4 moved \(\d+ bytes\), 0 reused, 0 mounted$/m)

  expect(await call('--all', '--insecure', name, `oci:${folder}/to:app`)).toMatchObject({ code: 0 })
  const written = JSON.parse(await readFile(join(folder, 'to', 'index.json'), 'utf8')) as {
    manifests: { digest: string }[]
  }
  expect(written.manifests.map(({ digest }) => digest)).toEqual([index.root.digest])

  expect((await call('--all', '--insecure', name, `oci:${folder}/to:app`)).notes).toContain('nothing to do')
})

test('it tells failures from misuse', async () => {
  expect(await call('--insecure', `docker://${registry.host}/none:1`, `oci:${folder}/none`)).toMatchObject({
    code: 1,
    notes: expect.stringMatching(/^NOT_FOUND: /),
  })
  for (const argv of [[], ['one'], ['a', 'b', 'c'], ['--unknown', 'a', 'b']]) {
    expect(await call(...argv)).toMatchObject({ code: 64, notes: expect.stringMatching(/^Usage: copy-cli/) })
  }
})

test('an abort ends it and says how to go on', async () => {
  let notes = ''
  const output = { out: () => undefined, note: (text: string) => (notes += text) }
  const code = await run(
    [`oci:${folder}/from:app`, `oci:${folder}/never`],
    output,
    AbortSignal.abort(new Error('stop')),
  )
  expect(code).toBe(1)
  expect(notes).toMatch(/the same command goes on where this one stopped/)
})
