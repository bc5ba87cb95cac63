import { chmod, mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { namesIn } from '../src/layout-content.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const PASSWORD = 'correct-horse-battery'
const WRONG = 'wrong-horse-battery'

describe('the exit code tells', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let image: WrittenImage
  let from: string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    image = await writeLayout(fresh('image'), { layers: [50_000, 20_000], content: 'random' })
    from = `oci:${image.folder}:latest`
  })
  afterAll(() => stack.disposeAsync())

  it.each([
    { what: 'no command', argv: [] },
    { what: 'an unknown command', argv: ['coppy'] },
    { what: 'an unknown flag', argv: ['copy', '--frobnicate', 'oci:a', 'oci:b'] },
    { what: 'one name too few', argv: ['copy', 'oci:a'] },
    { what: 'one name too many', argv: ['copy', 'oci:a', 'oci:b', 'oci:c'] },
    { what: 'a name without a transport', argv: ['copy', 'alpine', 'oci:b'] },
    { what: 'an unknown transport', argv: ['inspect', 'ocii:x'] },
    { what: 'a broken reference', argv: ['inspect', 'docker://UPPER/case'] },
    { what: 'a flag of the object that all objects have', argv: ['copy', '--__proto__.x=1', 'oci:a', 'oci:b'] },
    { what: 'a number that is none', argv: ['copy', '--retry-times', 'many', 'oci:a', 'oci:b'] },
    { what: 'a duration that is none', argv: ['--command-timeout', 'soon', 'version'] },
    { what: 'a platform that is none', argv: ['copy', '--platform', '///', 'oci:a', 'oci:b'] },
    { what: 'a choice that is none', argv: ['copy', '--progress', 'loud', 'oci:a', 'oci:b'] },
    {
      what: 'flags that contradict each other',
      argv: ['copy', '--all', '--platform', 'linux/amd64', 'oci:a', 'oci:b'],
    },
    { what: 'a broken template', argv: ['inspect', '--format', '{{range .Layers}}', 'FROM'] },
  ])('64: $what', async ({ argv }) => {
    const { exitCode, stdout, stderr } = await crossdock.run(argv.map((word) => (word === 'FROM' ? from : word)))
    expect(stderr).not.toMatch(/\n\s+at /)
    expect({ exitCode, stdout: stdout.toString() }).toStrictEqual({ exitCode: 64, stdout: '' })
    expect(stderr).not.toBe('')
  })

  describe('2', () => {
    it('an image that a folder lacks', async () => {
      const { exitCode, stderr } = await crossdock.run(['inspect', `oci:${image.folder}:absent`])
      expect(stderr).toContain('absent')
      expect(exitCode).toBe(2)
    })

    it('a folder that is not there', async () => {
      const { exitCode, stderr } = await crossdock.run([
        'copy',
        `oci:${fresh('nothing')}:x`,
        `oci:${fresh('layout')}:y`,
      ])
      expect(stderr).toContain('source')
      expect(exitCode).toBe(2)
    })

    it('a tag and a repository that a registry lacks', async () => {
      await using server = await startRegistry()
      await crossdock.done(['copy', '-q', from, `docker://${server.host}/app:1`])
      for (const name of ['app:2', 'other:1']) {
        const { exitCode, stderr } = await crossdock.run(['digest', `docker://${server.host}/${name}`])
        expect(stderr).toContain(name)
        expect(exitCode).toBe(2)
      }
    })

    it('a platform that an index lacks', async () => {
      await using server = await startRegistry()
      await crossdock.done(['copy', '-q', from, `docker://${server.host}/app:1`])
      const index = 'application/vnd.oci.image.index.v1+json'
      const manifests = [
        {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: image.digest,
          size: (await readFile(join(image.folder, 'blobs', ...image.digest.split(':')))).byteLength,
          platform: { os: 'linux', architecture: 'amd64' },
        },
      ]
      const body = JSON.stringify({ schemaVersion: 2, mediaType: index, manifests })
      const headers = { 'content-type': index }
      await fetch(`${server.url.href}v2/app/manifests/all`, { method: 'PUT', headers, body })
      const name = `docker://${server.host}/app:all`
      const { exitCode, stderr } = await crossdock.run([
        'copy',
        '--platform',
        'linux/s390x',
        name,
        `oci:${fresh('x')}:1`,
      ])
      expect(stderr).toMatch(/linux\/s390x[^]*linux\/amd64/)
      expect(exitCode).toBe(2)
    })
  })

  describe.each(['basic', 'token'] as const)('3, %s authentication', (kind) => {
    it.each([
      { what: 'wrong credentials', flags: credentials(WRONG) },
      { what: 'no credentials', flags: [] },
    ])('$what: says how to give them and shows none', async ({ flags }) => {
      await using server = await startRegistry({ auth: { kind, users: { me: PASSWORD } } })
      const argv = ['copy', '--debug', ...flags, from, `docker://${server.host}/app:1`]
      const { exitCode, stderr, stdout } = await crossdock.run(argv)
      expect(stderr).toContain('--dest-creds USER:PASSWORD')
      expect(stderr + stdout.toString()).not.toContain(WRONG)
      expect(stderr).not.toContain(Buffer.from(`me:${WRONG}`).toString('base64'))
      expect(exitCode).toBe(3)
    })

    it('right credentials that may not write', async () => {
      const access = [{ repository: '*', actions: ['pull'] as const }]
      await using server = await startRegistry({ auth: { kind, users: { me: { password: PASSWORD, access } } } })
      const argv = ['copy', ...credentials(PASSWORD), from, `docker://${server.host}/app:1`]
      const { exitCode, stderr } = await crossdock.run(argv)
      expect(stderr).not.toContain(PASSWORD)
      expect(exitCode).toBe(3)
    })

    it('right credentials pass', async () => {
      await using server = await startRegistry({ auth: { kind, users: { me: PASSWORD } } })
      await crossdock.done(['copy', ...credentials(PASSWORD), from, `docker://${server.host}/app:1`])
      const flags = ['--username', 'me', '--password', PASSWORD]
      const { stdout } = await crossdock.done(['digest', ...flags, `docker://${server.host}/app:1`])
      expect(stdout.toString()).toBe(`${image.digest}\n`)
    })
  })

  describe('5', () => {
    it('a blob of a folder that is not what its name says; nothing is written', async () => {
      const damaged = await writeLayout(fresh('damaged'), { layers: [50_000], content: 'random' })
      const path = join(damaged.folder, 'blobs', ...(damaged.layers[0] ?? '').split(':'))
      await writeFile(path, Buffer.alloc(50_000))
      const layout = fresh('layout')
      const { exitCode, stderr } = await crossdock.run(['copy', `oci:${damaged.folder}:latest`, `oci:${layout}:x`])
      expect(stderr).toContain(damaged.layers[0])
      expect(exitCode).toBe(5)
      expect([...(await namesIn(layout).catch(() => new Map()))]).toStrictEqual([])
    })

    it('a blob of a folder that is too short', async () => {
      const damaged = await writeLayout(fresh('short'), { layers: [50_000], content: 'random' })
      await truncate(join(damaged.folder, 'blobs', ...(damaged.layers[0] ?? '').split(':')), 49_999)
      const { exitCode } = await crossdock.run(['copy', `oci:${damaged.folder}:latest`, `oci:${fresh('layout')}:x`])
      expect(exitCode).toBe(5)
    })

    it('a registry that sends another byte', async () => {
      await using server = await startRegistry()
      await crossdock.done(['copy', '-q', from, `docker://${server.host}/app:1`])
      server.faults.add({
        match: { route: 'blob', digest: image.layers[0] },
        action: { kind: 'corrupt', atByte: 4000 },
      })
      const layout = fresh('layout')
      const argv = ['copy', '--retry-times', '0', `docker://${server.host}/app:1`, `oci:${layout}:x`]
      const { exitCode, stderr } = await crossdock.run(argv)
      expect(stderr).toContain(image.layers[0])
      expect(exitCode).toBe(5)
      expect([...(await namesIn(layout).catch(() => new Map()))]).toStrictEqual([])
    })

    it('a registry that answers with a page for people', async () => {
      await using server = await startRegistry({ faults: [{ match: { route: 'manifest' }, action: { kind: 'html' } }] })
      const { exitCode } = await crossdock.run(['inspect', `docker://${server.host}/app:1`])
      expect(exitCode).toBe(5)
    })
  })

  describe('6', () => {
    it('nobody listens', async () => {
      const host = await closedPort()
      const { exitCode, stderr } = await crossdock.run(['inspect', `docker://${host}/app:1`])
      expect(stderr).toContain(host)
      expect(exitCode).toBe(6)
    })

    it('--command-timeout is over', async () => {
      await using server = await startRegistry({ faults: [{ action: { kind: 'hang' } }] })
      const argv = ['--command-timeout', '200ms', 'inspect', `docker://${server.host}/app:1`]
      const { exitCode, stderr } = await crossdock.run(argv)
      expect(stderr).toContain('0.2 s')
      expect(exitCode).toBe(6)
    })

    it('a registry that fails for longer than was to be tried', async () => {
      await using server = await startRegistry()
      const name = `docker://${server.host}/app:1`
      await crossdock.done(['copy', '-q', from, name])
      const [digest = ''] = image.layers
      const match = { route: 'blob', digest, method: 'GET' } as const
      const repair = server.faults.add({ match, action: { kind: 'respond', status: 503 } })
      const before = server.requests.length
      const patient = ['copy', '--retry-times', '1', name, `oci:${fresh('layout')}:x`]
      const { exitCode, stderr } = await crossdock.run(patient.with(2, '0'))
      expect(exitCode).toBe(6)
      expect(stderr).not.toMatch(/attempt . of [12]\b/)
      const requests = server.requests.slice(before).filter(({ path }) => path.endsWith(digest)).length
      repair()
      server.faults.add({ match: { ...match, times: requests }, action: { kind: 'respond', status: 503 } })
      expect((await crossdock.done(patient)).stderr).toMatch(/attempt 2 of 2/)
    })
  })

  describe('7', () => {
    it('1 instead for a file where a folder should be; the file stays', async () => {
      const file = fresh('file')
      await writeFile(file, 'mine')
      const { exitCode, stderr } = await crossdock.run(['copy', from, `oci:${file}:x`])
      expect(stderr).toContain(file)
      expect(exitCode).toBe(1)
      expect(await readFile(file, 'utf8')).toBe('mine')
    })

    it.skipIf(process.getuid?.() === 0)('a folder that may not be written (root may write everywhere)', async () => {
      const folder = fresh('locked')
      await mkdir(folder)
      await chmod(folder, 0o500)
      const { exitCode, stderr } = await crossdock.run(['copy', from, `oci:${folder}:x`])
      expect(stderr).toContain(folder)
      expect(exitCode).toBe(7)
    })

    it('a digest file that cannot be written', async () => {
      const argv = ['copy', '--digestfile', join(fresh('nowhere'), 'digest'), from, `oci:${fresh('layout')}:x`]
      expect((await crossdock.run(argv)).exitCode).toBe(7)
    })
  })
})

function credentials(password: string): readonly string[] {
  return ['--dest-creds', `me:${password}`]
}

/** An address where nobody listens: somebody did a moment ago. */
async function closedPort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return `127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`
}
