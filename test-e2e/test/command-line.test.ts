import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { buildImages, type BuiltImage } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { namesIn, readBlob } from '../src/layout-content.ts'
import { runProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const COMMANDS = ['copy', 'plan', 'inspect', 'digest', 'list-tags', 'delete', 'registry', 'registry serve', 'version']

describe('the command', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let server: Awaited<ReturnType<typeof startRegistry>>
  let image: BuiltImage
  let from: string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    server = stack.use(await startRegistry())
    const built = await buildImages({ folder: fresh('images'), shapes: ['multiarch'], scale: 0.01 })
    image = built[0] ?? expect.fail('no image was built')
    from = `oci:${image.folder}:latest`
  })
  afterAll(() => stack.disposeAsync())

  const print = async (...argv: readonly string[]): Promise<string> =>
    (await crossdock.done(argv)).stdout.toString('utf8')

  const copiedPlatforms = async (...flags: readonly string[]): Promise<readonly string[]> => {
    const layout = fresh('layout')
    await crossdock.done(['copy', '-q', ...flags, from, `oci:${layout}:x`])
    const facts = JSON.parse(await print('inspect', '--override-arch', 'arm64', `oci:${layout}:x`)) as Facts
    return facts.Platforms ?? [facts.Platform ?? '']
  }

  describe('help and version', () => {
    it.each(['', ...COMMANDS])('%s --help prints to stdout what there is', async (command) => {
      const { stdout, stderr } = await crossdock.done([...command.split(' ').filter(Boolean), '--help'])
      expect(stdout.toString()).toContain(`Usage: crossdock ${command}`.trim())
      expect(stdout.toString()).toContain('--command-timeout')
      expect(stderr).toBe('')
    })

    it('names every command', async () => {
      const help = await print('--help')
      for (const command of COMMANDS) expect(help).toContain(`  ${command.split(' ')[0]}`)
    })

    it('version', async () => {
      const { version } = JSON.parse(await print('version', '--format', 'json')) as { version: string }
      expect(await print('--version')).toBe(`${version}\n`)
      expect(await print('version')).toContain(`crossdock ${version} on Node.js ${process.versions.node}`)
    })
  })

  describe('copy', () => {
    it('prints nothing to stdout, and to stderr what it did', async () => {
      const { stdout, stderr } = await crossdock.done(['copy', '--all', from, `oci:${fresh('layout')}:x`])
      expect(stdout.toString()).toBe('')
      expect(stderr).toContain('moved')
      expect(stderr).toContain(image.digest)
      const again = fresh('layout')
      await crossdock.done(['copy', '--all', from, `oci:${again}:x`])
      const { stderr: second } = await crossdock.done(['copy', '--all', from, `oci:${again}:x`])
      expect(second).toContain('up to date')
    })

    it('-q says nothing, and failures nevertheless', async () => {
      expect(await crossdock.done(['copy', '-q', from, `oci:${fresh('layout')}:x`])).toMatchObject({ stderr: '' })
      const { stderr, exitCode } = await crossdock.run(['copy', '-q', `${from}x`, `oci:${fresh('layout')}:x`])
      expect(exitCode).toBe(2)
      expect(stderr.trim().split('\n')).toHaveLength(1)
    })

    it('--json is one object on stdout, --digestfile the digest in a file', async () => {
      const file = fresh('digest')
      const flags = ['--all', '--json', '--digestfile', file]
      const { stdout } = await crossdock.done(['copy', ...flags, from, `oci:${fresh('layout')}:x`])
      const result = JSON.parse(stdout.toString()) as { bytes: { moved: number } }
      expect(result).toMatchObject({ digest: image.digest, sourceDigest: image.digest, upToDate: false, reused: 0 })
      expect(result.bytes.moved).toBeGreaterThan(10_000)
      expect(await readFile(file, 'utf8')).toBe(image.digest)
    })

    it('--progress json is JSON lines that add up', async () => {
      const flags = ['--all', '--progress', 'json']
      const { stderr } = await crossdock.done(['copy', ...flags, from, `oci:${fresh('layout')}:x`])
      const events = stderr
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as ProgressLine)
      const moved = events.reduce((sum, event) => sum + (event.type === 'blob:done' ? (event.moved ?? 0) : 0), 0)
      expect(events.find(({ type }) => type !== 'note')).toMatchObject({ type: 'plan' })
      expect(events.at(-1)).toMatchObject({ type: 'done', digest: image.digest, bytes: moved })
      expect(moved).toBe(events.findLast(({ type }) => type === 'plan')?.bytes)
    })

    it('--progress json ends with the error', async () => {
      const { stderr } = await crossdock.run(['copy', '--progress', 'json', `${from}x`, `oci:${fresh('layout')}:x`])
      const lines = stderr.split('\n').filter((line) => line.startsWith('{'))
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'error', code: 'NOT_FOUND', exitCode: 2 })
    })

    it('--progress lines has no control characters', async () => {
      const { stderr } = await crossdock.done(['copy', '--progress', 'lines', from, `oci:${fresh('layout')}:x`])
      // eslint-disable-next-line no-control-regex -- that is what is looked for
      expect(stderr).not.toMatch(/[\u0000-\u0009\u000B-\u001F]/)
    })

    it('chooses platforms: one, a list, what --override-arch says, all', async () => {
      expect(await copiedPlatforms('--platform', 'linux/arm64')).toStrictEqual(['linux/arm64/v8'])
      expect(await copiedPlatforms('--override-arch', 'arm64')).toStrictEqual(['linux/arm64/v8'])
      expect(await copiedPlatforms('--platform', 'linux/amd64,linux/arm64')).toStrictEqual([
        'linux/amd64',
        'linux/arm64/v8',
      ])
      expect(await copiedPlatforms('--multi-arch', 'all')).toStrictEqual(['linux/amd64', 'linux/arm64/v8'])
    })
  })

  describe('plan', () => {
    it('says what a copy would do and changes nothing; afterwards that nothing is left to do', async () => {
      const to = `docker://${server.host}/planned:1`
      const before = server.requests.length
      const plan = JSON.parse(await print('plan', '--all', '--json', from, to)) as Plan
      expect(plan).toMatchObject({ digest: image.digest, upToDate: false })
      expect(new Set(server.requests.slice(before).map(({ method }) => method))).toStrictEqual(new Set(['HEAD']))
      const layout = fresh('planned')
      await crossdock.done(['plan', '--all', from, `oci:${layout}:x`])
      await expect(namesIn(layout)).rejects.toThrow('ENOENT')

      const { stdout } = await crossdock.done(['copy', '--all', '--json', from, to])
      expect(JSON.parse(stdout.toString())).toMatchObject({ bytes: { moved: plan.bytes.move } })
      expect(await print('plan', '--all', from, to)).toContain('up to date')
    })

    it('as a table', async () => {
      const table = await print('plan', '--all', from, `oci:${fresh('planned')}:x`)
      expect(table).toContain(image.digest)
      expect(table).toMatch(/^move {2}sha256:[0-9a-f]{12} {2}/m)
      expect(table).toContain('would move')
    })

    it('with a format, says what manifests become, and of which digest', async () => {
      const argv = ['--platform', 'linux/amd64', '--format', 'v2s2', from]
      const plan = JSON.parse(await print('plan', '--json', ...argv, `dir:${fresh('planned')}`)) as Plan
      const mediaType = 'application/vnd.docker.distribution.manifest.v2+json'
      expect(plan).toMatchObject({ manifests: [{ candidates: [mediaType], becomes: { mediaType } }] })
      expect(await print('plan', ...argv, `dir:${fresh('planned')}`)).toContain(`becomes ${mediaType}\n`)
      const { stdout } = await crossdock.done(['copy', '--json', ...argv, `dir:${fresh('copied')}`])
      expect(JSON.parse(stdout.toString())).toMatchObject({ digest: plan.digest })
    })
  })

  describe('inspect', () => {
    it('--raw and --config are byte for byte', async () => {
      const raw = await crossdock.done(['inspect', '--raw', from])
      expect(raw.stdout).toStrictEqual(await readBlob(image.folder, image.digest))
      const one = await crossdock.done(['inspect', '--raw', '--platform', 'linux/arm64', from])
      const manifest = JSON.parse(one.stdout.toString()) as { config: { digest: string } }
      const config = await crossdock.done(['inspect', '--config', '--platform', 'linux/arm64', from])
      expect(config.stdout).toStrictEqual(await readBlob(image.folder, manifest.config.digest))
    })

    it('--format json, table and templates agree', async () => {
      const facts = JSON.parse(await print('inspect', '--format', 'json', '--platform', 'linux/amd64', from)) as Facts
      expect(facts).toMatchObject({ Digest: image.digest, Platforms: ['linux/amd64', 'linux/arm64/v8'] })
      const table = await print('inspect', '--format', 'table', '--platform', 'linux/amd64', from)
      expect(table).toContain(image.digest)
      for (const layer of facts.Layers) expect(table).toContain(layer)
      const template = '{{.Digest}} {{range .Layers}}{{.}}\\n{{end}}'
      const filled = await print('inspect', '--format', template, '--platform', 'linux/amd64', from)
      expect(filled).toBe(`${image.digest} ${facts.Layers.join('\n')}\n`)
    })

    it('--sizes says what layers take unpacked and what platforms share', async () => {
      const argv = ['inspect', '--sizes', '--platform', 'linux/amd64']
      const sized = JSON.parse(await print(...argv, '--format', 'json', from)) as Facts & Sizes
      const tars = sized.LayersData.map(({ UnpackedSize }) => UnpackedSize)
      expect(sized.UnpackedSize).toBe(tars.reduce((sum, bytes) => sum + bytes, 0))
      expect(sized.UnpackedSize).toBeGreaterThan(sized.Size)
      const [first, second] = sized.Instances
      expect(first?.Size).toBe(sized.Size)
      expect(first?.SharedSize).toBe(second?.SharedSize)
      expect(first?.SharedSize).toBeGreaterThan(0)
      expect(await print(...argv, '--format', 'table', from)).toMatch(/^platform +digest +size +shared$/m)
    })
  })

  it('digest, with --platform and --full-ref', async () => {
    const name = `docker://${server.host}/digests:1`
    await crossdock.done(['copy', '-q', '--all', from, name])
    expect(await print('digest', name)).toBe(`${image.digest}\n`)
    expect(await print('digest', '--full-ref', name)).toBe(`${server.host}/digests@${image.digest}\n`)
    const { Instance: instance } = JSON.parse(await print('inspect', '--platform', 'linux/arm64', name)) as Facts
    expect(await print('digest', '--platform', 'linux/arm64', name)).toBe(`${instance}\n`)
  })

  it('list-tags and delete, of a registry and of a folder', async () => {
    for (const place of [`docker://${server.host}/listed`, `oci:${fresh('listed')}`]) {
      for (const tag of ['b', 'a']) await crossdock.done(['copy', '-q', '--all', from, `${place}:${tag}`])
      expect((await print('list-tags', place)).trim().split('\n').toSorted()).toStrictEqual(['a', 'b'])
      const { Tags: tags } = JSON.parse(await print('list-tags', '--format', 'json', place)) as { Tags: string[] }
      expect(tags.toSorted()).toStrictEqual(['a', 'b'])
      const { stdout, stderr } = await crossdock.done(['delete', `${place}:a`])
      expect(stdout.toString()).toBe('')
      expect(stderr).toContain('deleted')
      expect(await print('list-tags', place)).toBe('b\n')
      expect((await crossdock.run(['digest', `${place}:a`])).exitCode).toBe(2)
    }
  })

  it("what refers to an image comes along with --referrers, by the registry's own list", async () => {
    const name = `docker://${server.host}/referred:1`
    await crossdock.done(['copy', '-q', '--all', '--referrers', from, name])
    const listed = await fetch(`${server.url.href}v2/referred/referrers/${image.digest}`)
    const { manifests } = (await listed.json()) as { manifests: readonly { digest: string; artifactType: string }[] }
    expect(manifests).toMatchObject([{ artifactType: 'application/spdx+json' }])
    const layout = fresh('referred')
    await crossdock.done(['copy', '-q', '--all', '--referrers', name, `oci:${layout}:x`])
    const digest = manifests[0]?.digest ?? ''
    expect(await readBlob(layout, digest)).toStrictEqual(await readBlob(image.folder, digest))
  })

  describe('registry serve', () => {
    it.each(['SIGINT', 'SIGTERM'] as const)(
      'prints its address, serves, ends with %s and keeps its folder',
      async (signal) => {
        const folder = fresh('registry')
        const argv = ['registry', 'serve', '--port', '0', '--dir', folder]
        await using first = crossdock.start(argv)
        const [, host = ''] = await first.untilOutput('stdout', /^http:\/\/(127\.0\.0\.1:\d+)\/\n$/)
        await crossdock.done(['copy', '-q', '--all', from, `docker://${host}/app:1`])
        expect(await first.kill(signal)).toMatchObject({ exitCode: 0 })
        await using second = crossdock.start([...argv, '--read-only'])
        const [, again = ''] = await second.untilOutput('stdout', /http:\/\/(\S+)\//)
        expect(await print('digest', `docker://${again}/app:1`)).toBe(`${image.digest}\n`)
        expect((await crossdock.run(['copy', '-q', from, `docker://${again}/app:2`])).exitCode).not.toBe(0)
        await second.kill('SIGINT')
      },
    )

    it('--user asks for credentials', async () => {
      await using registry = crossdock.start(['registry', 'serve', '--port', '0', '--user', 'me:secret'])
      const [, host = ''] = await registry.untilOutput('stdout', /http:\/\/(\S+)\//)
      expect((await crossdock.run(['copy', '-q', from, `docker://${host}/app:1`])).exitCode).toBe(3)
      await crossdock.done(['copy', '-q', '--dest-creds', 'me:secret', from, `docker://${host}/app:1`])
    })

    it('a port that is taken is a failure that says so', async () => {
      const { exitCode, stderr } = await crossdock.run(['registry', 'serve', '--port', server.url.port])
      expect(exitCode).not.toBe(0)
      expect(stderr).toContain(server.url.port)
      expect(stderr).toContain('--port')
      expect(stderr).not.toContain('internal error')
    })
  })

  describe('in a pipe', () => {
    withPeers(['bash'], ({ bash }) => {
      it('list-tags | head -1 is no failure worth a word', async () => {
        const place = fresh('many')
        await crossdock.done(['copy', '-q', from, `oci:${place}:name`])
        const index = JSON.parse(await readFile(join(place, 'index.json'), 'utf8')) as { manifests: Named[] }
        const [only] = index.manifests
        const named = Array.from({ length: 5000 }, (_, at) => ({
          ...only,
          annotations: { 'org.opencontainers.image.ref.name': `name-${at}` },
        }))
        await writeFile(join(place, 'index.json'), JSON.stringify({ ...index, manifests: named }))
        const line = `set -o pipefail; ${crossdock.argv.map((word) => `'${word}'`).join(' ')} list-tags 'oci:${place}' | head -1`
        const finished = await runProcess([bash, '-c', line], { env: crossdock.env })
        expect(finished.stderr).toBe('')
        expect(finished.stdout.toString()).toBe('name-0\n')
      })
    })
  })

  it('an error that nobody awaited is told in one line', async () => {
    const defect = `${fresh('defect')}.cjs`
    const source = String.raw`process.on('newListener', (name) => {
      if (name === 'uncaughtException') setImmediate(() => Promise.reject(new Error('a\u001b[31mb')))
    })`
    await writeFile(defect, source)
    const env = { NODE_OPTIONS: `--require=${defect}` }
    await using running = crossdock.start(['registry', 'serve', '--port', '0'], { env })
    const { exitCode, stderr } = await running.finished
    expect(stderr).toContain('crossdock: internal error: a\\u{1b}[31mb; this is a defect of crossdock [INTERNAL]\n')
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(exitCode).toBe(1)
  })

  it('leaves nothing in the folder for temporary files', async () => {
    expect(await readdir(crossdock.temporary)).toStrictEqual([])
  })
})

interface ProgressLine {
  readonly type: string
  readonly bytes?: number
  readonly moved?: number
}

interface Facts {
  readonly Digest: string
  readonly Layers: readonly string[]
  readonly Platforms?: readonly string[]
  readonly Platform?: string
  readonly Instance?: string
}

interface Sizes {
  readonly Size: number
  readonly UnpackedSize: number
  readonly LayersData: readonly { readonly UnpackedSize: number }[]
  readonly Instances: readonly { readonly Size: number; readonly SharedSize: number }[]
}

interface Plan {
  readonly digest: string
  readonly bytes: { readonly move: number }
}

interface Named {
  readonly annotations?: Readonly<Record<string, string>>
}
