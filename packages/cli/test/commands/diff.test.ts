import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { callMain } from '../call-main.ts'
import { file, folder, symlink, writeImage } from '../root-filesystem/write-image.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crossdock-diff-'))
})
afterAll(() => rm(root, { recursive: true }))

const done = { exitCode: 0, stderr: '' }

const base = [folder('etc'), file('etc/one', 'first'), file('etc/two', '2'), symlink('link', 'etc/one')]

async function pair(): Promise<readonly [string, string]> {
  return [
    await writeImage(root, [base, [file('same', 's'), file('only', 'o')]]),
    await writeImage(root, [
      base,
      [
        file('etc/one', 'FIRST'),
        file('etc/two', '2', { mode: 0o600, uid: 7, mtime: 5 }),
        symlink('link', 'etc/two'),
        file('same', 's', { mtime: 9 }),
        file('new\u001B', 'n'),
        folder('only'),
      ],
    ]),
  ]
}

test('names what was added, removed and changed, and in what', async () => {
  const [before, after] = await pair()
  expect(await callMain(['diff', before, after])).toEqual({
    ...done,
    stdout:
      'changed  /etc/one  (content)\n' +
      'changed  /etc/two  (mode, owner)\n' +
      'changed  /link  (link)\n' +
      'added    /new\\u{1b}\n' +
      'changed  /only  (type)\n',
  })
  expect((await callMain(['diff', after, before])).stdout).toContain('removed  /new\\u{1b}\n')
  const withTimes = await callMain(['diff', '--times', before, after])
  expect(withTimes.stdout).toContain('changed  /same  (mtime)\n')
  expect(withTimes.stdout).toContain('changed  /etc/two  (mode, owner, mtime)\n')
})

test('prints JSON with both sides', async () => {
  const [before, after] = await pair()
  const found = JSON.parse((await callMain(['diff', '--json', before, after])).stdout) as unknown[]
  expect(found).toHaveLength(5)
  expect(found[1]).toEqual({
    path: '/etc/two',
    kind: 'changed',
    fields: ['mode', 'owner'],
    before: expect.objectContaining({ mode: '0644', uid: 0, layer: 0 }),
    after: expect.objectContaining({ mode: '0600', uid: 7, layer: 1 }),
  })
  expect(found[3]).toEqual({ path: '/new\u001B', kind: 'added', after: expect.objectContaining({ size: 1 }) })
})

test('the same content in other layers is no difference', async () => {
  const one = await writeImage(root, [[file('a', '1')], [file('b', '2')]])
  const other = await writeImage(root, [[file('b', '2'), file('a', '1')]])
  expect(await callMain(['diff', one, other])).toEqual({ ...done, stdout: '' })
  expect(await callMain(['diff', '--json', one, other])).toEqual({ ...done, stdout: '[]\n' })
})

test('layers in another order are read all the same', async () => {
  const [one, two, three] = [[file('a', '1')], [file('a', '2')], [file('a', '3')]]
  const [before, after] = [await writeImage(root, [one, two, three]), await writeImage(root, [three, two, one])]
  expect((await callMain(['diff', before, after])).stdout).toBe('changed  /a  (content)\n')
})

test('a layer that both have is moved once, and none of images that are the same', async () => {
  await using server = await startRegistry()
  const [before, after] = [
    await writeImage(root, [base, [file('x', '1')], [file('late')]]),
    await writeImage(root, [base, [file('x', '2')], [file('y')], [file('late')]]),
  ]
  const names = [`docker://${server.host}/one:1`, `docker://${server.host}/other:1`]
  await callMain(['copy', '-q', before, names[0] ?? ''])
  await callMain(['copy', '-q', after, names[1] ?? ''])
  const moved = async (argv: readonly string[]): Promise<readonly string[]> => {
    const seen = server.requests.length
    expect(await callMain(argv)).toMatchObject(done)
    const blobs = server.requests.slice(seen).filter(({ path }) => path.includes('/blobs/'))
    return blobs.map(({ path }) => path.split('/').at(-1) ?? '')
  }
  const read = await moved(['diff', ...names])
  expect(new Set(read).size).toBe(read.length)
  expect(read).toHaveLength(5)
  expect(await moved(['diff', names[0] ?? '', names[0] ?? ''])).toEqual([])
})

test('works between two kinds of place', async () => {
  await using server = await startRegistry({ auth: { kind: 'basic', users: { me: 'secret' } } })
  const [before, after] = await pair()
  const name = `docker://${server.host}/app:1`
  await callMain(['copy', '-q', '--dest-creds=me:secret', after, name])
  const expected = await callMain(['diff', before, after])
  const flags = ['--username=me', '--password-stdin']
  expect(await callMain(['diff', ...flags, before, name], { stdin: 'secret\n' })).toEqual(expected)
  const back = await callMain(['diff', ...flags, name, before], { stdin: 'secret\n' })
  expect(back).toMatchObject({ exitCode: 0, stderr: '' })
})

test('credentials for one registry go to no other', async () => {
  const servers = [await startRegistry(), await startRegistry()]
  onTestFinished(async () => void (await Promise.all(servers.map((server) => server.close()))))
  const names = servers.map(({ host }) => `docker://${host}/app:1`)
  for (const flags of [['--creds=me:x'], ['--registry-token=x']]) {
    const { exitCode, stderr } = await callMain(['diff', ...flags, ...names])
    expect(stderr).toContain('credentials are for one registry')
    expect(exitCode).toBe(64)
  }
  expect((await callMain(['diff', '--no-creds', ...names])).exitCode).toBe(2)
  expect(servers.map(({ requests }) => requests.some(({ headers }) => headers.authorization !== undefined))).toEqual([
    false,
    false,
  ])
})

test('a failure says of which image it is, and ends the other', async () => {
  const [before] = await pair()
  const noTar = Buffer.alloc(512, 'no tar')
  const broken = await writeImage(root, [base, noTar])
  // The other one waits for a layer that is never read.
  const brokenFirst = await writeImage(root, [noTar, base])
  for (const names of [
    [before, broken],
    [broken, before],
    [before, brokenFirst],
    [brokenFirst, before],
  ]) {
    const { exitCode, stdout, stderr } = await callMain(['diff', ...names])
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' })
    expect(stderr).toContain(names.find((name) => name !== before))
  }
  const missing = await callMain(['diff', before, 'oci:/nowhere/at/all:x'])
  expect(missing.exitCode).toBe(2)
  expect(missing.stderr).toContain('/nowhere/at/all')
  const unknown = await callMain(['diff', before, 'oops:x'])
  expect(unknown.stderr).not.toContain(before)
  expect(unknown.exitCode).toBe(64)
})
