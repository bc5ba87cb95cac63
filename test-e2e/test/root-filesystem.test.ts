import { spawnSync } from 'node:child_process'
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { buildImages } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { blobFile, draftImage, LAYER, writeDraft } from '../src/draft-image.ts'
import { bytesBelow } from '../src/files-below.ts'
import { findProgram } from '../src/find-program.ts'
import { hasControls, problemsOf } from '../src/refusal.ts'
import { runProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { arePeersRequired, withPeers } from '../src/with-peers.ts'

const tar = gnuTar()

describe('the root filesystem of an image', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let server: RegistryServer

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    server = stack.use(await startRegistry())
  })
  afterAll(() => stack.disposeAsync())

  /** An image of layers that are tars. */
  async function imageOf(layers: readonly Uint8Array[]): Promise<string> {
    const image = draftImage()
    const kept = layers.map((layer) => image.keep(layer, LAYER))
    return await writeDraft(fresh('image'), { image, top: image.manifest({ layers: kept }) })
  }

  async function printed(...argv: readonly string[]): Promise<Buffer> {
    const { stdout, stderr } = await crossdock.done(argv)
    expect(stderr).toBe('')
    return stdout
  }

  async function intoRegistry(from: string, name: string): Promise<string> {
    const to = `docker://${server.host}/${name}`
    await crossdock.done(['copy', '-q', from, to])
    return to
  }

  /** The exported tar and the list are what GNU tar makes of the layers. */
  async function expectSameFiles(name: string, layers: readonly string[]): Promise<void> {
    const model = await factsBelow(await modelOf(layers, fresh('model')))
    const exported = await printed('export', name)
    const names = runTar(['-tf', '-', '--quoting-style=literal'], exported).toString().trimEnd().split('\n')
    const members = names.map((member) => member.replace(/\/$/, '')).filter((member) => member !== '.')
    expect(members.toSorted()).toStrictEqual([...model.keys()].toSorted())
    const place = fresh('exported')
    await mkdir(place)
    runTar(['-xpf', '-', '-C', place], exported)
    expect(await factsBelow(place)).toStrictEqual(model)
    const listed = JSON.parse((await printed('ls', '-R', '--json', name)).toString()) as { path: string }[]
    expect(listed.map(({ path }) => path.slice(1)).toSorted()).toStrictEqual([...model.keys()].toSorted())
    const file = fresh('file')
    await printed('export', name, '--output', file)
    expect((await readFile(file)).equals(exported)).toBe(true)
  }

  describe.skipIf(tar === undefined && !arePeersRequired())('agrees with GNU tar', () => {
    it('about an image out of files of this machine', async () => {
      const [image] = await buildImages({ folder: fresh('images'), shapes: ['multi'], scale: 0.01 })
      const from = `oci:${image?.folder}:latest`
      const summaries = JSON.parse((await printed('layers', '--json', from)).toString()) as {
        readonly digest: string
        readonly added: number
      }[]
      const layers = summaries.map(({ digest }) => blobFile(image?.folder ?? '', digest))
      expect(layers).toHaveLength(4)
      await expectSameFiles(from, layers)
      await expectSameFiles(await intoRegistry(from, 'multi:1'), layers)
    })

    it('about layers that remove, replace and link', async () => {
      const layers = await stackedLayers(fresh)
      const from = await imageOf(await Promise.all(layers.map((layer) => readFile(layer))))
      await expectSameFiles(from, layers)
      await expectSameFiles(await intoRegistry(from, 'stacked:1'), layers)
      const summaries = JSON.parse((await printed('layers', '--json', from)).toString()) as object[]
      expect(summaries).toMatchObject([{ removed: 0 }, { removed: 3 }, { removed: 0, changed: 1 }])
    })

    it('about the content of a file, whichever way leads there', async () => {
      const layers = await stackedLayers(fresh)
      const name = await intoRegistry(await imageOf(await Promise.all(layers.map((layer) => readFile(layer)))), 'cat:1')
      const model = await modelOf(layers, fresh('model'))
      for (const path of ['a/one', 'e', 'b/new', 'c/inside', 'hard/x', 'hard/y']) {
        expect((await printed('cat', name, path)).equals(await readFile(join(model, path)))).toBe(true)
      }
      expect((await printed('cat', name, '/links/../links/up')).equals(await readFile(join(model, 'a/one')))).toBe(true)
      expect(
        problemsOf(await crossdock.run(['cat', name, 'a/two']), { exitCode: 2, says: 'has no "two"' }),
      ).toStrictEqual([])
    })

    it('about what differs', async () => {
      const layers = await stackedLayers(fresh)
      const bytes = await Promise.all(layers.map((layer) => readFile(layer)))
      const [before, after] = [await imageOf(bytes.slice(0, 1)), await imageOf(bytes)]
      expect((await printed('diff', after, after)).toString()).toBe('')
      expect((await printed('diff', after, await intoRegistry(after, 'diff:1'))).toString()).toBe('')
      const found = JSON.parse((await printed('diff', '--json', before, after)).toString()) as {
        readonly path: string
        readonly kind: string
      }[]
      const lower = await factsBelow(await modelOf(layers.slice(0, 1), fresh('model')))
      const all = await factsBelow(await modelOf(layers, fresh('model')))
      expect(found.map(({ path, kind }) => `${kind} ${path.slice(1)}`).toSorted()).toStrictEqual(changes(lower, all))
    })
  })

  describe('of a hostile image', () => {
    it.each([
      { what: 'a path that leads out', members: [{ name: '../../outside' }], says: 'has a ".."' },
      { what: 'a path that leads out in its middle', members: [{ name: 'a/../../outside' }], says: 'has a ".."' },
      { what: 'a whiteout of the root', members: [{ name: '.wh..' }], says: 'is a whiteout that names nothing' },
      {
        what: 'a whiteout of what is above',
        members: [{ name: 'a/.wh...' }],
        says: 'is a whiteout that names nothing',
      },
      {
        what: 'a hard link that leads out',
        members: [{ name: 'a', flag: '1', linkName: '../../../etc/passwd' }],
        says: 'has a ".."',
      },
      {
        what: 'a file below its own link',
        members: [
          { name: 'a', flag: '2', linkName: '/tmp' },
          { name: 'a/outside', flag: '0' },
        ],
        says: 'which is no folder',
      },
    ])('$what is refused', async ({ members, says }) => {
      const from = await imageOf([rawTar([{ name: 'harmless' }, ...members])])
      for (const argv of commandsOn(from)) {
        const finished = await crossdock.run(argv)
        expect(problemsOf(finished, { exitCode: 5, says })).toStrictEqual([])
      }
      const place = fresh('place')
      await mkdir(place)
      expect((await crossdock.run(['export', from, '-o', join(place, 'a.tar')])).exitCode).toBe(5)
      expect(await readdir(place)).toStrictEqual([])
    })

    it('links that lead out lead to nothing', async () => {
      const outside = fresh('outside')
      await writeFile(outside, 'what others may not read')
      const from = await imageOf([
        rawTar([
          { name: 'absolute', flag: '2', linkName: outside },
          { name: 'relative', flag: '2', linkName: `${'../'.repeat(30)}${outside.slice(1)}` },
          { name: 'folder', flag: '2', linkName: dirname(outside) },
        ]),
        rawTar([{ name: 'folder/planted' }]),
      ])
      for (const path of ['absolute', 'relative', `folder/../../..${outside}`]) {
        const expected = { exitCode: 2, says: 'the image has no', hides: 'what others may not read' }
        expect(problemsOf(await crossdock.run(['cat', from, path]), expected)).toStrictEqual([])
      }
      expect((await printed('ls', '-R', from)).toString()).toBe('/absolute\n/folder\n/folder/planted\n/relative\n')
      await printed('export', from)
      expect(await readdir(dirname(outside))).not.toContain('planted')
    })

    it('devices and odd names are shown, and do nothing', async () => {
      const from = await imageOf([
        rawTar([
          { name: 'disk', flag: '4', major: 8, minor: 1 },
          { name: 'pipe', flag: '6' },
          { name: 'a\u001B[31m\u0007\nb' },
        ]),
      ])
      const { stdout } = await crossdock.done(['ls', '-l', from])
      expect(hasControls(stdout.toString())).toBe(false)
      expect(stdout.toString()).toMatch(/^b.* {2}8,1 .* {2}disk$/m)
      expect(stdout.toString()).toContain(String.raw`a\u{1b}[31m\u{7}\u{a}b`)
      for (const path of ['disk', 'pipe']) {
        expect(
          problemsOf(await crossdock.run(['cat', from, path]), { exitCode: 1, says: 'has no content' }),
        ).toStrictEqual([])
      }
      expect((await printed('export', from)).byteLength).toBeGreaterThan(0)
    })

    it('a layer that is no tar, and one that is not what its name says', async () => {
      const image = draftImage()
      const noTar = await writeDraft(fresh('image'), { image })
      const folder = fresh('image')
      const damaged = await writeDraft(folder, { image })
      await writeFile(blobFile(folder, image.layers[0].digest), Buffer.alloc(image.layers[0].size))
      for (const [name, says] of [
        [noTar, 'tar'],
        [damaged, image.layers[0].digest],
      ] as const) {
        for (const argv of commandsOn(name)) {
          expect(problemsOf(await crossdock.run(argv), { exitCode: 5, says })).toStrictEqual([])
        }
      }
    })
  })

  it('Ctrl-C ends an export, and nothing is left of it', async () => {
    const from = await imageOf([rawTar([{ name: 'a', content: Buffer.alloc(2_000_000, 'a') }])])
    const name = await intoRegistry(from, 'stopped:1')
    server.faults.add({
      match: { method: 'GET', route: 'blob', repository: 'stopped', nth: 2 },
      action: { kind: 'hang', afterBytes: 1_500_000 },
    })
    const place = fresh('place')
    await mkdir(place)
    await using running = crossdock.start(['export', name, '-o', join(place, 'a.tar')])
    await vi.waitFor(async () => expect(await bytesBelow(place)).toBeGreaterThan(0), 20_000)
    const { exitCode, stderr } = await running.kill('SIGINT')
    expect(stderr).toBe('crossdock: stopped by SIGINT\n')
    expect(exitCode).toBe(130)
    expect(await readdir(place)).toStrictEqual([])
  })

  describe('into a pipe', () => {
    withPeers(['bash'], ({ bash }) => {
      it('that nobody reads any more ends an export without a word', async () => {
        const from = await imageOf([rawTar([{ name: 'a', content: Buffer.alloc(3_000_000, 'a') }])])
        const line = `'${[...crossdock.argv, 'export', from].join("' '")}' | head -c 10 >/dev/null; echo \${PIPESTATUS[0]}`
        const { stdout, stderr } = await runProcess([bash, '-c', line], { env: crossdock.env })
        expect({ stdout: stdout.toString(), stderr }).toStrictEqual({ stdout: '141\n', stderr: '' })
      })
    })
  })
})

/** The path of a tar that is GNU's. */
function gnuTar(): string | undefined {
  const path = findProgram('tar')
  if (path === undefined) return undefined
  return spawnSync(path, ['--version']).stdout.toString().includes('GNU tar') ? path : undefined
}

function runTar(args: readonly string[], input?: Buffer): Buffer {
  const { status, stdout, stderr } = spawnSync(tar ?? 'tar', args, { input, maxBuffer: 2 ** 30 })
  if (status !== 0) throw new Error(`tar ${args.join(' ')} ended with ${status}:\n${stderr.toString()}`)
  return stdout
}

/** What layers make, laid out by GNU tar; whiteouts, which it does not know, before each layer. */
async function modelOf(layers: readonly string[], model: string): Promise<string> {
  await mkdir(model)
  for (const layer of layers) {
    for (const name of runTar(['-tf', layer, '--quoting-style=literal']).toString().split('\n')) {
      const [, folder = '', mark = ''] = /^(?:\.\/)?(.*\/)?\.wh\.([^/]+)$/.exec(name) ?? []
      if (mark === '.wh..opq') {
        for (const child of await readdir(join(model, folder))) {
          await rm(join(model, folder, child), { recursive: true })
        }
      } else if (mark !== '') await rm(join(model, folder, mark), { recursive: true })
    }
    runTar(['-xpf', layer, '-C', model, '--exclude=.wh.*'])
  }
  return model
}

/** Every command that reads one image. */
function commandsOn(from: string): readonly (readonly string[])[] {
  return [
    ['export', from],
    ['ls', '-R', from],
    ['cat', from, 'a'],
    ['layers', from],
  ]
}

interface Facts {
  readonly mode: number
  readonly mtime: number
  readonly content: string
}

/** What is in a folder, by path. Times of links and of folders are left out: laying out changes them. */
async function factsBelow(folder: string): Promise<ReadonlyMap<string, Facts>> {
  const facts = new Map<string, Facts>()
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    const { mode, mtimeMs, nlink } = await lstat(path)
    const content = entry.isSymbolicLink()
      ? await readlink(path)
      : entry.isFile()
        ? `${nlink} ${(await readFile(path)).toString('latin1')}`
        : ''
    const mtime = entry.isFile() ? Math.floor(mtimeMs / 1000) : 0
    facts.set(path.slice(folder.length + 1), { mode, mtime, content })
  }
  return facts
}

/** How one folder differs from another, but for times: `added PATH` and so on. */
function changes(before: ReadonlyMap<string, Facts>, after: ReadonlyMap<string, Facts>): readonly string[] {
  const textOf = ({ mode, content }: Facts): string => `${mode} ${content}`
  const removed = [...before.keys()].filter((path) => !after.has(path)).map((path) => `removed ${path}`)
  const others = [...after].flatMap(([path, facts]) => {
    const earlier = before.get(path)
    if (earlier === undefined) return [`added ${path}`]
    return textOf(earlier) === textOf(facts) ? [] : [`changed ${path}`]
  })
  return [...removed, ...others].toSorted()
}

/** Three layers that GNU tar packed. */
async function stackedLayers(fresh: (name: string) => string): Promise<readonly string[]> {
  const long = `${'long-folder-name/'.repeat(12)}file`
  const lowest = await staged(fresh('layer'), {
    'a/one': 'first',
    'a/two': 'second',
    'b/deep/file': 'deep',
    'c/below': 'c',
    'd/file': 'd',
    e: 'e',
    'ünï/ço dé': 'text',
    [long]: 'long',
    'hard/x': 'both',
  })
  await link(join(lowest, 'hard/x'), join(lowest, 'hard/y'))
  await mkdir(join(lowest, 'links'))
  await symlink('../a/one', join(lowest, 'links/up'))
  await symlink('/a/one', join(lowest, 'links/root'))
  await symlink('nowhere', join(lowest, 'links/dangling'))
  await chmod(join(lowest, 'a/one'), 0o4711)
  const middle = await staged(fresh('layer'), {
    'a/one': 'replaced',
    'a/.wh.two': '',
    'b/.wh..wh..opq': '',
    'b/new': 'new',
    '.wh.e': '',
    'c/inside': 'c is kept, with more in it',
  })
  const top = await staged(fresh('layer'), { e: 'again', 'd/more': 'more' })
  await chmod(join(top, 'd'), 0o700)
  return [lowest, middle, top].map((folder) => {
    runTar(['-cf', `${folder}.tar`, '-C', folder, '--sort=name', '.'])
    return `${folder}.tar`
  })
}

async function staged(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
    await utimes(join(folder, path), 1_600_000_000, 1_600_000_000)
  }
  return folder
}

interface RawMember {
  readonly name: string
  readonly flag?: string
  readonly linkName?: string
  readonly major?: number
  readonly minor?: number
  readonly content?: Uint8Array
}

/** A tar that nothing checked (POSIX.1-1988, "ustar Interchange Format"). */
function rawTar(members: readonly RawMember[]): Buffer {
  const parts = members.flatMap(({ name, flag = '0', linkName = '', major = 0, minor = 0, content = Buffer.of() }) => {
    const header = Buffer.alloc(512)
    header.write(name)
    header.write('0000644\u00000000000\u00000000000\0', 100)
    header.write(`${octal(content.byteLength, 11)}\u000000000000000\0`, 124)
    header.write(' '.repeat(8), 148)
    header.write(flag + linkName, 156)
    header.write('ustar\u000000', 257)
    header.write(`${octal(major, 7)}\0${octal(minor, 7)}\0`, 329)
    header.write(
      `${octal(
        header.reduce((sum, byte) => sum + byte, 0),
        6,
      )}\0 `,
      148,
    )
    return [header, content, Buffer.alloc(-content.byteLength & 511)]
  })
  return Buffer.concat([...parts, Buffer.alloc(1024)])
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}
