import { stripVTControlCharacters } from 'node:util'
import { startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { startProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const ESCAPE = '\u001B'
const COLUMNS = 70

describe('on a terminal', () => {
  withPeers(['script'], ({ script }) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let crossdock: Crossdock
    let image: WrittenImage

    beforeAll(async () => {
      ;({ fresh } = stack.use(await temporaryFolder()))
      crossdock = await createCrossdock(fresh('home'))
      image = await writeLayout(fresh('image'), { layers: [900_000, 800_000, 30_000], content: 'random' })
    })
    afterAll(() => stack.disposeAsync())

    /** The command behind a terminal of a known width, which has a keyboard. */
    const onTerminal = (args: readonly string[]): ReturnType<typeof startProcess> => {
      const words = [...crossdock.argv, ...args].map((word) => `'${word}'`).join(' ')
      const line = `stty cols ${COLUMNS} rows 24; exec ${words}`
      const env = { ...crossdock.env, TERM: 'xterm', FORCE_COLOR: '1' }
      return startProcess([script, '--quiet', '--return', '--command', line, '/dev/null'], { env, keyboard: true })
    }

    it('bars fit the width, are taken away at the end, and the cursor comes back', async () => {
      await using server = await startRegistry({ bytesPerSecond: 4_000_000 })
      await using running = onTerminal(['copy', `oci:${image.folder}:latest`, `docker://${server.host}/app:1`])
      const { exitCode, stdout } = await running.finished
      const drawn = stdout.toString()
      expect(exitCode).toBe(0)
      const rows = drawn.split(/\r?\n/).map((row) => stripVTControlCharacters(row))
      expect(rows.filter((row) => row.includes('━') || row.includes('─')).length).toBeGreaterThan(3)
      // The names of the images may be longer: nothing is drawn over them.
      const bars = rows.filter((row) => /[━─]/.test(row))
      expect(Math.max(...bars.map((row) => row.length))).toBeLessThan(COLUMNS)
      expectCursor(drawn)
      const end = drawn.slice(drawn.lastIndexOf(`${ESCAPE}[J`))
      expect(end).toContain(image.digest)
      expect(end).not.toMatch(/[━─]/)
    })

    it('Ctrl-C brings the cursor back, too', async () => {
      await using server = await startRegistry({ bytesPerSecond: 100_000 })
      await using running = onTerminal(['copy', `oci:${image.folder}:latest`, `docker://${server.host}/app:1`])
      await running.untilOutput('stdout', /━/)
      running.type('\u0003')
      const { exitCode, stdout } = await running.finished
      expect(exitCode).toBe(130)
      expectCursor(stdout.toString())
      expect(stdout.toString()).toContain('run the same command again')
    })

    it('what reads layers says how far it is, and takes that away before it prints', async () => {
      await using server = await startRegistry({ bytesPerSecond: 1_000_000 })
      const name = `docker://${server.host}/app:1`
      await crossdock.done(['copy', '-q', `oci:${image.folder}:latest`, name])
      const { exitCode, stdout } = await onTerminal(['inspect', '--sizes', name]).finished
      expect(exitCode).toBe(0)
      const rows = stdout.toString().split(`\r${ESCAPE}[K`)
      expect(rows.length).toBeGreaterThan(3)
      for (const row of rows.slice(1, -1)) expect(row).toMatch(/^(reading: [\d.]+ [kM]?B of 1\.7 MB, .*\/s)?$/)
      expect(rows.at(-1)).toMatch(/^name +/)
    })

    it('inspect prints a table there', async () => {
      const { stdout } = await onTerminal(['inspect', `oci:${image.folder}:latest`]).finished
      expect(stdout.toString()).toMatch(new RegExp(`^digest +${image.digest}`, 'm'))
    })
  })
})

function expectCursor(drawn: string): void {
  expect(drawn).toContain(`${ESCAPE}[?25l`)
  expect(drawn.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThan(drawn.lastIndexOf(`${ESCAPE}[?25l`))
}
