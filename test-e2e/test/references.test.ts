import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePipe } from '../src/damage.ts'
import { DOCKER_MANIFEST, draftImage, NAME, serveDraft, writeDraft } from '../src/draft-image.ts'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { problemsOf } from '../src/refusal.ts'
import type { FinishedProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

const HEX = 'a'.repeat(64)
const KNOWN =
  '(known: aci, appc, dir, docker, docker-archive, docker-daemon, http, https, oci, oci-archive, store, tarball)'
const GRAMMAR = 'a repository is components of a-z and 0-9'
const DIGEST_RULE = 'what follows "@" must be a digest, sha256: with 64 or sha512: with 128 lower-case hexadecimal'
const PLACE_RULE = 'what follows ":@" is the image\'s place in index.json, a whole number from 0'

interface Row {
  readonly name: string
  readonly says: string
}

function rows(says: string, names: readonly string[]): readonly Row[] {
  return names.map((name) => ({ name, says }))
}

const REFUSED: readonly Row[] = [
  ...rows('has no transport: write TRANSPORT:REFERENCE', ['', 'docker', 'oci', 'alpine', '.', 'DOCKER']),
  { name: 'docker:', says: '"docker:" does not begin with "docker://"' },
  { name: 'docker://', says: '"docker://" names no repository' },
  { name: 'docker:busybox', says: '"docker:busybox" does not begin with "docker://"' },
  { name: 'oci:', says: '"oci:" names no image layout: the path of the folder is missing' },
  ...rows('the path of the folder is missing', ['oci::', 'oci::name']),
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty', 'nosuch', 'DOCKER', 'Oci', ' docker', ' oci'].map(
    (transport) => ({ name: `${transport}://x`, says: `unknown transport "${transport}"` }),
  ),
  ...rows(KNOWN, ['containers-storage:x', 'nosuch:x', 'ftp://x/y', 'file:///etc/passwd']),
  { name: 'dir:', says: '"dir:" names no' },
  { name: 'oci-archive:', says: '"oci-archive:" names no' },
  { name: 'docker-archive:', says: '"docker-archive:" names no' },
  { name: 'tarball:', says: '"tarball:" names no' },
  { name: 'aci:', says: '"aci:" names no' },
  { name: 'docker-daemon:x', says: 'the tag is missing; write x:latest' },
  { name: `docker-archive:x.tar:a@sha256:${HEX}`, says: 'digest' },
  ...rows(GRAMMAR, ['docker:///x', 'docker://h:1/a b', 'docker://h:1/-x/y', 'docker://h:1/../x', 'docker://h:1/a//b']),
  ...rows(GRAMMAR, [
    'docker://h:1/a/./b',
    'docker://h:1/x%2fy',
    'docker://h:1/x?y=z',
    'docker://h:1/x#y',
    'docker://.',
  ]),
  ...rows(GRAMMAR, ['docker://h:1/x\ny', 'docker://h:1/x\u001B[31m', 'docker:// x', 'docker://x ', 'docker://h:1/х']),
  { name: 'docker://h:1/UPPER', says: 'the repository must be lower case' },
  ...rows('the port must be 1 to 65535', ['docker://h.io:-1/x', 'docker://h.io:99999/x', 'docker://h.io:0/x']),
  ...rows('the port must be 1 to 65535', ['docker://h.io:/x', 'docker://h.io:1e3/x', 'docker://h.io:0x50/x']),
  ...rows('a tag takes 1 to 128', [
    'docker://h:1/x:',
    `docker://h:1/x:${'a'.repeat(129)}`,
    'docker://x:-t',
    'docker://x:.t',
  ]),
  ...rows(DIGEST_RULE, ['docker://x@', 'docker://x@sha256:abcd', `docker://x@sha256:${HEX.toUpperCase()}`]),
  ...rows(DIGEST_RULE, [
    `docker://x@md5:${'a'.repeat(32)}`,
    `docker://x@${HEX}`,
    `docker://x@sha256:${HEX}@sha256:${HEX}`,
  ]),
  ...rows(DIGEST_RULE, [`docker://x@__proto__:${HEX}`, `docker://x@sha512:${HEX}`, `docker://x@sha256:../../${HEX}`]),
  { name: `docker://h:1/${'a'.repeat(300)}`, says: "the repository's full name is longer than 255 characters" },
  ...rows('is not a host name', [
    'docker://а.example.com/x',
    'docker://exаmple.com/x',
    'docker://a..b/x',
    'docker://-a.b/x',
  ]),
  { name: 'docker://[::1]:5000/x', says: 'IPv6 addresses are not accepted' },
  ...rows('this is an image ID or a digest', [`docker://${HEX}`, `docker://sha256:${HEX}`]),
  ...rows(PLACE_RULE, [
    'oci:x:@-1',
    'oci:x:@99999999999999999999',
    'oci:x:@',
    'oci:x:@5abc',
    'oci:x:@0x0',
    'oci:x:@00',
  ]),
  ...rows('a name is letters and digits', [
    'oci:x:a b',
    'oci:x:\n',
    'oci:x:y:',
    'oci:x::y',
    'oci:x:\u009B31m',
    'oci:x:-y',
  ]),
  ...rows('a digest is sha256: with 64 or sha512: with 128', ['oci:x@sha256:abcd', `oci:x@md5:${'a'.repeat(32)}`]),
  { name: 'oci:x\0y', says: 'a path cannot hold a NUL character' },
]

describe('a name that is none', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let run: RunCommand
  let good: string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    run = await createInProcess(fresh('home'))
    good = await writeDraft(fresh('good'), { image: draftImage() })
  })
  afterAll(() => stack.disposeAsync())

  /** Other programs may hold up a call, but not every one. */
  const timed = async (
    argv: readonly string[],
  ): Promise<{ readonly finished: FinishedProcess; readonly quickestMs: number }> => {
    const times: number[] = []
    const call = async (): Promise<FinishedProcess> => {
      const started = performance.now()
      const finished = await run(argv)
      times.push(performance.now() - started)
      return finished
    }
    await call()
    await call()
    return { finished: await call(), quickestMs: Math.min(...times) }
  }

  it.each(REFUSED.map((row) => ({ ...row, shown: JSON.stringify(row.name).slice(0, 80) })))(
    '$shown is refused before anything is looked at',
    async ({ name, says }) => {
      const destination = fresh('layout')
      const flag = ['-q', '--src-tls-verify=false']
      for (const argv of [
        ['inspect', name],
        ['copy', ...flag, name, `oci:${destination}:x`],
        ['copy', ...flag, good, name],
        ['list-tags', name],
      ]) {
        expect(problemsOf(await run(argv), { exitCode: 64, says })).toStrictEqual([])
      }
      expect(existsSync(destination)).toBe(false)
    },
  )

  const SECRET = 'correct-horse'
  it.each([
    `docker://me:${SECRET}@h.io/x`,
    `docker://me:${SECRET}@h.io/x:t@sha256:${HEX}`,
    `docker://${SECRET}@h.io/x`,
    `docker://me:${SECRET}%40h.io/x`,
    `docker://me:${SECRET}@`,
    `docker://me:corr@${SECRET}@h.io/x`,
    `docker:me:${SECRET}@h.io/x`,
    `me:${SECRET}@h.io/x`,
    `https://me:${SECRET}@h.io/x`,
    `containers-storage:me:${SECRET}@h.io/x`,
    `docker://me:${SECRET}@${'a'.repeat(100_000)}`,
    `docker://${'a'.repeat(100_000)}:${SECRET}@h.io/x`,
  ])('%s is refused without its secret', async (name) => {
    for (const argv of [
      ['inspect', name],
      ['copy', name, `oci:${fresh('layout')}:x`],
      ['copy', good, name],
    ]) {
      expect(problemsOf(await run(argv), { exitCode: 64, says: 'crossdock: ', hides: SECRET })).toStrictEqual([])
    }
  })

  it.each(['a/', 'a-', '-', '__', 'a.', '@', ':', 'a@', '%40'])(
    '100 kB of %s are refused at once, and not repeated',
    async (part) => {
      const long = part.repeat(100_000 / part.length)
      for (const name of [`docker://${long}`, `oci:${long}`, `x${long}`, `nosuch:${long}`, `docker://x:${long}`]) {
        const { finished, quickestMs } = await timed(['inspect', name])
        expect(quickestMs).toBeLessThan(200)
        expect(problemsOf(finished, { exitCode: 64, says: 'is longer than 4096 characters' })).toStrictEqual([])
        expect(finished.stderr.length).toBeLessThan(400)
      }
    },
  )

  it.each(['a/', 'a-', '__', 'a.', 'a@', 'a:', 'A'])('as much of %s as is looked at is quick, too', async (part) => {
    const long = part.repeat(4000 / part.length)
    for (const name of [
      `docker://${long}`,
      `docker://h.io/${long}`,
      `docker://x:${long}`,
      `oci:x:${long}`,
      `oci:x@${long}`,
    ]) {
      const started = performance.now()
      const finished = await run(['list-tags', name])
      expect(performance.now() - started).toBeLessThan(1000)
      expect(finished.exitCode).not.toBe(0)
      expect(finished.stderr.length).toBeLessThan(700)
    }
  })
})

describe('a name of something else', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let run: RunCommand
  let good: string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    run = await createInProcess(fresh('home'))
    good = await writeDraft(fresh('good'), { image: draftImage() })
    good = good.slice(0, -`:${NAME}`.length)
  })
  afterAll(() => stack.disposeAsync())

  it.each([
    { what: 'an absent folder', path: async () => fresh('absent'), exitCode: 2, says: 'there is no folder' },
    { what: 'a file', path: file, exitCode: 5, says: 'is no folder' },
    { what: 'a path below a file', path: async () => join(await file(), 'x'), exitCode: 5, says: 'is no folder' },
    { what: 'a folder of other things', path: folder, exitCode: 5, says: 'has no "oci-layout" file' },
    { what: 'a device', path: async () => '/dev/null', exitCode: 5, says: 'is no folder' },
    { what: 'an endless device', path: async () => '/dev/zero', exitCode: 5, says: 'is no folder' },
    { what: 'a pipe', path: pipe, exitCode: 5, says: 'is no folder' },
  ])('$what is refused at once, by path', async ({ path, exitCode, says }) => {
    const place = await path()
    for (const argv of [
      ['inspect', `oci:${place}:x`],
      ['inspect', '--raw', `oci:${place}`],
      ['list-tags', `oci:${place}`],
      ['copy', '-q', `oci:${place}:x`, `oci:${fresh('layout')}:x`],
    ]) {
      const finished = await run(argv)
      expect(problemsOf(finished, { exitCode, says })).toStrictEqual([])
      expect(finished.stderr).toContain(`"${place}"`)
    }
  })

  it.each([
    { name: 'nosuch', says: `lists no image named "nosuch"; it lists: "${NAME}"` },
    { name: '@1', says: 'has no @1; the places are @0 to @0' },
    { name: '@999999999', says: 'has no @999999999' },
  ])('$name in a layout is not found, and the message lists what is', async ({ name, says }) => {
    expect(problemsOf(await run(['inspect', `${good}:${name}`]), { exitCode: 2, says })).toStrictEqual([])
  })

  async function file(): Promise<string> {
    const path = fresh('file')
    await writeFile(path, 'text')
    return path
  }

  async function folder(): Promise<string> {
    const path = fresh('folder')
    await mkdir(path)
    await writeFile(join(path, 'notes.txt'), 'mine')
    return path
  }

  async function pipe(): Promise<string> {
    const path = fresh('pipe')
    await makePipe(path)
    return path
  }
})

describe('a name with a tag and a digest', () => {
  it('is read by the digest alone; the tag is never asked for', async () => {
    await using temporary = await temporaryFolder()
    await using server = await startRegistry()
    const run = await createInProcess(temporary.fresh('home'))
    const image = draftImage()
    const draft = { image, top: image.manifest({ mediaType: DOCKER_MANIFEST }), mediaType: DOCKER_MANIFEST }
    serveDraft(server, 'team/app', draft)
    const { digest } = image.keep(draft.top, DOCKER_MANIFEST)
    const layout = temporary.fresh('layout')
    const name = `docker://${server.host}/team/app:absent@${digest}`
    const { exitCode } = await run(['copy', '-q', '--src-tls-verify=false', name, `oci:${layout}:x`])
    expect(exitCode).toBe(0)
    expect(await readdir(join(layout, 'blobs/sha256'))).toContain(digest.slice('sha256:'.length))
    expect(server.requests.filter(({ path }) => path.includes('/absent'))).toStrictEqual([])
  })
})
