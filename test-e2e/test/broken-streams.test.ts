import { startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { namesIn } from '../src/layout-content.ts'
import { runProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

describe('streams that are closed, full or without a reader', () => {
  withPeers(['bash'], ({ bash }) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let crossdock: Crossdock
    let image: WrittenImage
    let host: string

    beforeAll(async () => {
      ;({ fresh } = stack.use(await temporaryFolder()))
      crossdock = await createCrossdock(fresh('home'))
      image = await writeLayout(fresh('image'), { layers: [5000], content: 'random' })
      ;({ host } = stack.use(await startRegistry()))
      await crossdock.done(['copy', `oci:${image.folder}:latest`, `docker://${host}/app:1`])
    })
    afterAll(() => stack.disposeAsync())

    const calls = (): readonly (readonly string[])[] => [
      ['--version'],
      ['--help'],
      ['version'],
      ['list-tags', `docker://${host}/app`],
      ['inspect', `docker://${host}/app:1`],
      ['inspect', '--raw', `oci:${image.folder}:latest`],
      ['copy', '--json', `oci:${image.folder}:latest`, `oci:${fresh('to')}:x`],
    ]

    /** What every call says on stderr, and its exit code, with these redirections of a shell. */
    async function outcomes(
      redirection: string,
      lines = calls(),
    ): Promise<readonly { exitCode: number; stderr: string }[]> {
      const command = crossdock.argv.map((word) => `'${word}'`).join(' ')
      const ended = lines.map(async (args) => {
        const line = `${command} ${args.map((word) => `'${word}'`).join(' ')} ${redirection}; exit \${PIPESTATUS[0]}`
        const { exitCode, stderr } = await runProcess([bash, '-c', line], { env: crossdock.env })
        return { exitCode, stderr }
      })
      return await Promise.all(ended)
    }

    it('stdout closed: all is well', async () => {
      for (const { exitCode, stderr } of await outcomes('>&-')) {
        expect(exitCode).toBe(0)
        expect(stderr).not.toMatch(/error|crossdock: |\n\s+at /i)
      }
    })

    it('nobody reads stdout: it ends without a word', async () => {
      // What is read only after the command has ended is written into a buffer, which is as good.
      for (const { exitCode, stderr } of await outcomes('| true')) {
        expect([0, 141]).toContain(exitCode)
        expect(stderr).not.toMatch(/error|crossdock: |\n\s+at /i)
      }
    })

    it.skipIf(process.platform !== 'linux')('stdout full: one line says so, and the exit code', async () => {
      for (const { exitCode, stderr } of await outcomes('>/dev/full')) {
        expect(stderr).toMatch(/(?:^|\n)crossdock: the output cannot be written: ENOSPC[^\n]*\[IO\]\n$/)
        expect(exitCode).toBe(7)
      }
    })

    it('stderr closed, full or without a reader changes nothing', async () => {
      for (const redirection of ['2>&-', '2> >(true)', ...(process.platform === 'linux' ? ['2>/dev/full'] : [])]) {
        const lines = calls().filter(([command]) => command === 'copy' || command === 'version')
        for (const { exitCode } of await outcomes(redirection, lines)) expect(exitCode).toBe(0)
      }
    })

    it('all three closed, a copy is done nevertheless', async () => {
      const to = fresh('closed')
      const words = [...crossdock.argv, 'copy', `oci:${image.folder}:latest`, `oci:${to}:x`]
      const line = `${words.map((word) => `'${word}'`).join(' ')} <&- >&- 2>&-`
      expect((await runProcess([bash, '-c', line], { env: crossdock.env })).exitCode).toBe(0)
      expect(await namesIn(to)).toEqual(new Map([['x', image.digest]]))
    })
  })
})
