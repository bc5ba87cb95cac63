import { chmod, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { filesBelow, stateBelow } from '../src/files-below.ts'
import { findProgram } from '../src/find-program.ts'
import { type HoldingProxy, startHoldingProxy } from '../src/holding-proxy.ts'
import { namesIn } from '../src/layout-content.ts'
import { smallDisk } from '../src/small-disk.ts'
import { settled } from '../src/settled.ts'
import { runProcess, type RunningProcess, startProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const POSIX = process.platform !== 'win32'
const LAYER_BYTES = 500_000
/** Permission bits of a file that only its owner reads and writes. */
const PRIVATE = 0o600

describe('a copy to a folder', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let server: RegistryServer
  let proxy: HoldingProxy
  let small: WrittenImage
  let large: WrittenImage

  beforeAll(async () => {
    const folder = stack.use(await temporaryFolder())
    ;({ fresh } = folder)
    await chmod(folder.path, 0o755) // another user is to get in
    crossdock = await createCrossdock(fresh('home'))
    server = stack.use(await startRegistry())
    proxy = stack.use(await startHoldingProxy(server.host))
    small = await writeLayout(fresh('small'), { layers: [20_000], content: 'random' })
    large = await writeLayout(fresh('large'), { layers: Array<number>(12).fill(LAYER_BYTES), content: 'random' })
    await crossdock.done(['copy', '-q', `oci:${large.folder}:latest`, `docker://${server.host}/large:1`])
  })
  afterAll(() => stack.disposeAsync())

  /** Starts a copy through a program, such as a shell that sets limits, and stops the bytes in its middle. */
  const startHeld = async (
    layout: string,
    wrapper: readonly string[],
    flags: readonly string[] = [],
  ): Promise<RunningProcess> => {
    const held = proxy.holdAfter('toClient', 3_000_000)
    const argv = ['copy', '-q', ...flags, `docker://${proxy.host}/large:1`, `oci:${layout}:held`]
    const copying = startProcess([...wrapper, ...crossdock.argv, ...argv], { env: crossdock.env })
    onTestFinished(() => copying[Symbol.asyncDispose]())
    await Promise.race([held, copying.finished.then(({ stderr }) => expect.fail(`ended too early: ${stderr}`))])
    await vi.waitFor(async () => expect(await passingFiles(layout)).not.toStrictEqual([]), 5000)
    return copying
  }

  describe('on a disk that is full', () => {
    it.for(['a folder', 'a registry'])(
      'from %s says so, keeps the old image and leaves no rubbish that fills it',
      async (kind, { skip }) => {
        const disk = await smallDisk(fresh('disk'))
        if (disk === undefined) {
          skip('a small file system can only be mounted as root on Linux')
          return
        }
        onTestFinished(() => disk[Symbol.asyncDispose]())
        const layout = join(disk.path, 'layout')
        await crossdock.done(['copy', '-q', `oci:${small.folder}:latest`, `oci:${layout}:old`])
        const from = kind === 'a folder' ? `oci:${large.folder}:latest` : `docker://${server.host}/large:1`
        const { exitCode, stderr } = await crossdock.run(['copy', '-q', from, `oci:${layout}:new`])
        expect(stderr).toMatch(/^crossdock: destination: [^\n]*the disk is full[^\n]*make room[^\n]*\n$/)
        expect(exitCode).toBe(7)
        expect(await namesIn(layout)).toStrictEqual(new Map([['old', small.digest]]))
        expect(await verifyLayout(layout)).toMatchObject({ problems: [] })
        expect(await passingFiles(layout)).toStrictEqual([])

        await disk.resize(20)
        await crossdock.done(['copy', '-q', from, `oci:${layout}:new`])
        expect(await verifyLayout(layout)).toMatchObject({ problems: [], unreached: [] })
      },
    )
  })

  describe.runIf(POSIX)('within limits of the shell', () => {
    it('names the limit that a file would exceed, and leaves nothing of it', async () => {
      const layout = fresh('layout')
      const { folder } = await writeLayout(fresh('image'), { layers: [3_000_000], content: 'random' })
      const argv = [...crossdock.argv, 'copy', '-q', `oci:${folder}:latest`, `oci:${layout}:x`]
      const limited = ['sh', '-c', 'ulimit -f 1000; exec "$@"', 'sh', ...argv]
      const { exitCode, stderr } = await runProcess(limited, { env: crossdock.env })
      expect(stderr).toMatch(/^crossdock: destination: [^\n]*EFBIG[^\n]*ulimit -f[^\n]*\n$/)
      expect(exitCode).toBe(7)
      expect(await passingFiles(layout)).toStrictEqual([])
    })

    it('shows nobody what is not finished, whatever the umask', async () => {
      const layout = fresh('layout')
      await using copying = await startHeld(layout, ['sh', '-c', 'umask 000; exec "$@"', 'sh'])
      // Whole and verified ones have gone to their names then.
      await settled(() => stateBelow(layout))
      const partial = await filesBelow(join(layout, '.crossdock/partial'))
      const found = await Promise.all(partial.map((path) => stat(path).catch(() => undefined)))
      const unfinished = found.filter((file) => file !== undefined && file.size < LAYER_BYTES)
      expect(unfinished.length).toBeGreaterThan(0)
      expect(new Set(unfinished.map((file) => (file?.mode ?? 0) & 0o777))).toStrictEqual(new Set([PRIVATE]))
      proxy.reset()
      await copying.kill('SIGTERM')
    })
  })

  it.runIf(POSIX).each([
    { signal: 'SIGINT', exitCode: 130 },
    { signal: 'SIGTERM', exitCode: 143 },
  ] as const)(
    'that $signal ends without --resume leaves nothing that is not finished',
    async ({ signal, exitCode }) => {
      const layout = fresh('layout')
      await using copying = await startHeld(layout, [], ['--no-resume'])
      const began = performance.now()
      expect(await copying.kill(signal)).toMatchObject({
        exitCode,
        stderr: expect.stringContaining(`stopped by ${signal}`),
      })
      expect(performance.now() - began).toBeLessThan(3000)
      expect(await passingFiles(layout)).toStrictEqual([])
    },
  )

  describe('that another user writes to as well', () => {
    const setpriv = findProgram('setpriv')
    const asNobody = [setpriv ?? '', '--reuid=65534', '--regid=65534', '--clear-groups']

    it.for([
      { living: 'root', first: [], second: asNobody },
      { living: 'nobody', first: asNobody, second: [] },
    ])('leaves alone what $living has in work', async ({ first, second }, { skip }) => {
      skip(setpriv === undefined || process.getuid?.() !== 0, 'needs setpriv, and root to become somebody else')
      const layout = fresh('layout')
      await mkdir(layout, { mode: 0o777 })
      await chmod(layout, 0o777)
      await using copying = await startHeld(layout, shared(first))
      // The same image, so that there is something to take over.
      const argv = [...crossdock.argv, 'copy', '-q', `oci:${large.folder}:latest`, `oci:${layout}:second`]
      const { exitCode, stderr } = await runProcess([...shared(second), ...argv], { env: crossdock.env })
      expect({ exitCode, stderr }).toStrictEqual({ exitCode: 0, stderr: '' })
      expect(await passingFiles(layout)).not.toStrictEqual([])

      proxy.reset()
      expect(await copying.finished).toMatchObject({ exitCode: 0 })
      expect(await namesIn(layout)).toStrictEqual(
        new Map([
          ['second', large.digest],
          ['held', large.digest],
        ]),
      )
      expect(await verifyLayout(layout)).toMatchObject({ problems: [], unreached: [] })
    })
  })
})

/** Files of ours besides those that stay. */
async function passingFiles(layout: string): Promise<readonly string[]> {
  const names = (await filesBelow(join(layout, '.crossdock'))).map((path) => path.slice(layout.length + 1))
  return names.filter((name) => !/^\.crossdock\/(?:stamps|lock\.\d+)$/.test(name)).toSorted()
}

/** The beginning of a command line for somebody whose files everybody may write to. */
function shared(user: readonly string[]): readonly string[] {
  return ['sh', '-c', 'umask 000; exec "$@"', 'sh', ...user]
}
