import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RawMembers, writeRawLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callMain } from './call-main.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crossdock-hostile-'))
})
afterAll(() => rm(root, { recursive: true }))

async function image(members: RawMembers): Promise<string> {
  const folder = await mkdtemp(join(root, 'layout-'))
  await writeRawLayout(folder, members)
  return `oci:${folder}:x`
}

test('the largest size is kept as it is', async () => {
  const layerSize = '9007199254740991'
  const from = await image({ layerSize })
  const { stdout } = await callMain(['inspect', '--format', '{{range .LayersData}}{{.Size}}{{end}}', from])
  expect(stdout).toBe('9007199254740991\n')
  expect((await callMain(['inspect', '--raw', from])).stdout).toContain(`"size":${layerSize}}`)
  // And not believed: what counts are the bytes, and no room is made for what is only said.
  expect((await callMain(['copy', from, `oci:${root}/to:x`])).exitCode).toBe(5)
})

test.each([
  '9007199254740992',
  '9007199254740993',
  '9223372036854775807',
  '9.007199254740991e15',
  '1e400',
  '-1',
  '1.5',
  '"5"',
  'null',
  '[5]',
])('a size of %s is refused', async (layerSize) => {
  const from = await image({ layerSize })
  for (const argv of [
    ['inspect', from],
    ['copy', from, `oci:${root}/to:x`],
  ]) {
    const { exitCode, stderr, stdout } = await callMain(argv)
    expect(stderr).toMatch(/layers\[0\]\.size/)
    expect(stderr).toContain(from) // where
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' })
  }
})

test.each(['json', 'table', '{{.Author}} {{json .Labels}}'])(
  'what a terminal would obey is shown, and not obeyed, as %s',
  async (format) => {
    const hostile = String.raw`a\u001b[31mb\u009bc\u202ed\u0007`
    const from = await image({ config: `"author":"${hostile}","config":{"Labels":{"${hostile}":"${hostile}"}}` })
    const { stdout } = await callMain(['inspect', '--format', format, from])
    // eslint-disable-next-line no-control-regex -- that is what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/)
    expect(stdout).toContain('31mb')
  },
)
