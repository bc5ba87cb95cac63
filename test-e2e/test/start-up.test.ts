import { spawnSync } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { filesBelow } from '../src/files-below.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

/** Runs before the command, in its process, and writes down at its end what of Node.js was loaded. */
const PROBE = `
const { writeFileSync } = require('node:fs')
process.on('exit', () => writeFileSync(process.env.LOADED, process.moduleLoadList.join('\\n')))
`
const RUNS = 5

describe('the start of the command', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let image: WrittenImage
  let probe: string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    image = await writeLayout(fresh('image'), { layers: [1000], content: 'random' })
    probe = `${fresh('probe')}.cjs`
    await writeFile(probe, PROBE)
  })
  afterAll(() => stack.disposeAsync())

  /** The public modules of Node.js that a call loads. */
  async function loadedBy(args: readonly string[]): Promise<readonly string[]> {
    const file = fresh('loaded')
    await crossdock.done(args, { env: { NODE_OPTIONS: `--require=${probe}`, LOADED: file } })
    const names = (await readFile(file, 'utf8')).split('\n').map((name) => name.replace(/^NativeModule /, ''))
    expect(names).toContain('fs')
    return LARGE.filter((name) => names.includes(name))
  }
  const LARGE = ['child_process', 'crypto', 'fs/promises', 'http', 'https', 'tls', 'worker_threads', 'zlib']

  it('loads nothing large for the version and for help', async () => {
    expect(await loadedBy(['--version'])).toEqual([])
    expect(await loadedBy(['--help'])).toEqual([])
    expect(await loadedBy(['copy', '--help'])).toEqual([])
    expect(await loadedBy(['store', '--help'])).toEqual([])
    expect(await loadedBy(['store', 'pull', '--help'])).toEqual([])
  })

  it('loads for a folder what files need, and neither TLS nor compression nor, for its names, hashing', async () => {
    expect(await loadedBy(['list-tags', `oci:${image.folder}`])).toEqual(['fs/promises'])
    expect(await loadedBy(['inspect', `oci:${image.folder}:latest`])).toEqual(['crypto', 'fs/promises'])
    expect(await loadedBy(['copy', `oci:${image.folder}:latest`, `oci:${fresh('to')}:x`])).toEqual([
      'crypto',
      'fs/promises',
    ])
  })

  it("loads for a registry no HTTP client but the project's own", async () => {
    await using server = await startRegistry()
    await crossdock.done(['copy', `oci:${image.folder}:latest`, `docker://${server.host}/a:1`])
    const loaded = await loadedBy(['list-tags', `docker://${server.host}/a`])
    for (const name of ['http', 'https', 'zlib', 'child_process', 'worker_threads']) expect(loaded).not.toContain(name)
  })

  it('keeps compiled code in the cache folder of the person alone, and needs none', async () => {
    const cache = fresh('cache')
    const env = { NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: cache }
    await crossdock.done(['--help'], { env })
    expect(await readdir(crossdock.temporary)).toEqual([])
    expect((await filesBelow(join(cache, 'crossdock/code'))).length).toBeGreaterThan(0)
    for (const home of [{}, { HOME: '/proc/nowhere' }, { HOME: '' }, { XDG_CACHE_HOME: crossdock.argv[1] }]) {
      const place = { NODE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: undefined, HOME: undefined, ...home }
      const { exitCode, stderr } = await crossdock.run(['version'], { env: place })
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    }
    expect(await readdir(crossdock.temporary)).toEqual([])
  })

  it('takes less than twice as long as an empty Node.js, for the version and for help', () => {
    const [bare, version, help] = quickest([
      ['-e', '0'],
      [...crossdock.argv.slice(1), '--version'],
      [...crossdock.argv.slice(1), '--help'],
    ])
    expect((version ?? Infinity) / (bare ?? 0)).toBeLessThan(1.5)
    expect((help ?? Infinity) / (bare ?? 0)).toBeLessThan(2)
  })

  /** Milliseconds of the quickest of some runs of each, which other work on the machine disturbs least. */
  function quickest(lines: readonly (readonly string[])[]): readonly number[] {
    const best = lines.map(() => Infinity)
    for (let run = 0; run < RUNS; run += 1) {
      for (const [at, line] of lines.entries()) {
        const started = performance.now()
        expect(spawnSync(process.execPath, line, { env: crossdock.env }).status).toBe(0)
        best[at] = Math.min(best[at] ?? Infinity, performance.now() - started)
      }
    }
    return best
  }
})
