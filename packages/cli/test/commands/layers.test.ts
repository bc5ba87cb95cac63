import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callMain } from '../call-main.ts'
import { file, folder, writeImage } from '../root-filesystem/write-image.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crossdock-layers-'))
})
afterAll(() => rm(root, { recursive: true }))

test('says what each adds, changes, removes and wastes, and its command', async () => {
  const history = [
    { created_by: 'COPY . .' },
    { created_by: 'ENV A=b', empty_layer: true },
    { created_by: 'RUN \u001B[31mrm etc/gone' },
  ]
  const from = await writeImage(
    root,
    [
      [folder('etc'), file('etc/one', 'first'), file('etc/gone', 'gone!!')],
      [file('etc/.wh.gone'), file('etc/one', 'second'), file('etc/two', '2')],
    ],
    { history },
  )
  const { stdout } = await callMain(['layers', '--json', from])
  expect(JSON.parse(stdout)).toEqual([
    {
      layer: 0,
      digest: expect.stringMatching(/^sha256:/),
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      size: expect.any(Number),
      unpackedSize: 3 * 512 + 2 * 512 + 1024,
      createdBy: 'COPY . .',
      added: 3,
      changed: 0,
      removed: 0,
      contentSize: 11,
      wastedSize: 11,
    },
    expect.objectContaining({
      layer: 1,
      createdBy: 'RUN \u001B[31mrm etc/gone',
      added: 1,
      changed: 1,
      removed: 1,
      contentSize: 7,
      wastedSize: 0,
    }),
  ])
  const table = (await callMain(['layers', from])).stdout.split('\n')
  expect(table[0]).toMatch(/^layer +digest +packed +unpacked +added +changed +removed +content +wasted +command$/)
  expect(table[1]).toMatch(/^0 +sha256:[0-9a-f]{12} +\d+ B +3\.6 kB +3 +0 +0 +11 B +11 B +COPY \. \.$/)
  expect(table[2]).toMatch(/ {2}RUN \\u\{1b\}\[31mrm etc\/gone$/)
})

test('a layer that the history does not tell of has no command', async () => {
  const from = await writeImage(root, [[file('a')], [file('b')]], { history: [{ created_by: 'COPY . .' }] })
  const summaries = JSON.parse((await callMain(['layers', '--json', from])).stdout) as Record<string, unknown>[]
  expect(summaries.map(({ createdBy }) => createdBy)).toEqual(['COPY . .', undefined])
})
