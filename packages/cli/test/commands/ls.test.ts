import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callMain } from '../call-main.ts'
import { file, sampleImage, symlink, writeImage } from '../root-filesystem/write-image.ts'

let root: string
let image: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crossdock-ls-'))
  image = await sampleImage(root)
})
afterAll(() => rm(root, { recursive: true }))

const done = { exitCode: 0, stderr: '' }

test('lists a folder, or a file', async () => {
  expect(await callMain(['ls', image])).toEqual({ ...done, stdout: 'dev\netc\nhard\nlink\nout\n' })
  expect(await callMain(['ls', image, '/etc/'])).toEqual({ ...done, stdout: 'old\none\n' })
  expect(await callMain(['ls', image, 'link'])).toEqual({ ...done, stdout: 'one\n' })
})

test('lists everything below a folder by its path', async () => {
  const { stdout } = await callMain(['ls', '-R', image])
  expect(stdout).toBe('/dev\n/dev/null\n/etc\n/etc/old\n/etc/one\n/hard\n/link\n/out\n')
  expect((await callMain(['ls', '-R', image, 'etc'])).stdout).toBe('/etc/old\n/etc/one\n')
})

test('shows mode, owner, size, time, layer and where links lead', async () => {
  const { stdout } = await callMain(['ls', '-lR', image])
  expect(stdout.split('\n')).toEqual([
    'drwxr-xr-x  0:0  0    1970-01-01T00:00:00Z  0  /dev',
    'crw-r--r--  0:0  1,3  1970-01-01T00:00:00Z  0  /dev/null',
    'drwxr-xr-x  0:0  0    1970-01-01T00:00:00Z  0  /etc',
    '-rw-r--r--  0:0  3    1970-01-01T00:00:00Z  0  /etc/old',
    '-rw-r--r--  0:0  6    1970-01-01T00:00:01Z  1  /etc/one',
    '-rw-r--r--  0:0  3    1970-01-01T00:00:00Z  1  /hard',
    'lrwxrwxrwx  0:0  0    1970-01-01T00:00:00Z  0  /link -> etc/one',
    'lrwxrwxrwx  0:0  0    1970-01-01T00:00:00Z  0  /out -> ../../../../../../etc/hostname',
    '',
  ])
})

test.each([
  [0o4755, '-rwsr-xr-x'],
  [0o4644, '-rwSr--r--'],
  [0o2755, '-rwxr-sr-x'],
  [0o1777, '-rwxrwxrwt'],
  [0o1666, '-rw-rw-rwT'],
  [0, '----------'],
])('shows the mode %o as %s', async (mode, text) => {
  const from = await writeImage(root, [[file('a', '', { mode })]])
  expect((await callMain(['ls', '-l', from])).stdout).toContain(`${text}  `)
})

test('a time that no calendar has is a number', async () => {
  const from = await writeImage(root, [[file('a', '', { mtime: 9e14 })]])
  expect((await callMain(['ls', '-l', from])).stdout).toContain('  900000000000000  ')
})

test('prints JSON with every fact', async () => {
  const { stdout } = await callMain(['ls', '--json', '-R', image])
  const files = JSON.parse(stdout) as Record<string, unknown>[]
  const { digest } = JSON.parse((await callMain(['layers', '--json', image])).stdout)[1]
  expect(files.find(({ path }) => path === '/etc/one')).toEqual({
    path: '/etc/one',
    type: 'file',
    mode: '0644',
    uid: 0,
    gid: 0,
    size: 6,
    mtime: 1.5,
    layer: 1,
    layerDigest: digest,
  })
  expect(files.find(({ path }) => path === '/dev/null')).toMatchObject({
    type: 'character-device',
    device: { major: 1, minor: 3 },
  })
  expect(files.find(({ path }) => path === '/link')).toMatchObject({ type: 'symlink', target: 'etc/one' })
})

test('an image without files has none', async () => {
  const from = await writeImage(root, [])
  expect(await callMain(['ls', from])).toEqual({ ...done, stdout: '' })
  expect(await callMain(['ls', '--json', from])).toEqual({ ...done, stdout: '[]\n' })
})

test('nothing in a name reaches the terminal that it would obey; JSON has it as it is', async () => {
  const name = 'a\u001B[31m\nb\u202Ec\td'
  const from = await writeImage(root, [[file(name), symlink('link', name)]])
  for (const flags of [[], ['-l'], ['-R'], ['-lR']]) {
    const { stdout } = await callMain(['ls', ...flags, from])
    // eslint-disable-next-line no-control-regex -- that is what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/)
    expect(stdout).toContain(String.raw`a\u{1b}[31m\u{a}b\u{202e}c\u{9}d`)
  }
  const { stdout } = await callMain(['ls', '--json', from])
  expect(stdout).not.toContain('\u001B')
  expect(stdout).not.toContain('\u202E')
  expect(JSON.parse(stdout)).toMatchObject([{ path: `/${name}` }, { target: name }])
})
