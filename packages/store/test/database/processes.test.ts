import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHILDREN_RUN, runChild, startChild } from '../../../blob-files/test/children/run-child.ts'
import { openDatabase } from '../../src/database/open-database.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const WRITER = new URL('../children/write-pairs.ts', import.meta.url)

async function namesIn(file: string): Promise<ReadonlySet<unknown>> {
  await using database = await openDatabase({ file })
  expect(await database.problems()).toEqual([])
  return new Set(await database.read((sql) => sql.all('SELECT name FROM image').map(({ name }) => name)))
}

describe.runIf(CHILDREN_RUN)('a database and several processes', () => {
  it('has all that four of them wrote at once', async () => {
    const file = join(await temporaryFolder(), 'crossdock.db')
    await Promise.all(['a', 'b', 'c', 'd'].map(async (name) => await runChild(WRITER, [file, name, '0', '30'])))
    expect((await namesIn(file)).size).toBe(4 * 30 * 2)
  })

  it('has all that was reported, and nothing by half, when writers are killed', async () => {
    const file = join(await temporaryFolder(), 'crossdock.db')
    const survivor = runChild(WRITER, [file, 'survivor', '0', '60'])
    for (let kill = 0; kill < 5; kill += 1) {
      const child = startChild(WRITER, [file, `killed-${kill}`, '0', '100000'])
      let lines = 0
      child.process.stdout?.on('data', (text: string) => {
        lines += text.split('\n').length - 1
        if (lines > kill * 3) child.process.kill('SIGKILL')
      })
      const { signal, output } = await child.ended
      expect(signal).toBe('SIGKILL')
      const names = await namesIn(file)
      for (const round of output.split('\n').filter((line) => line !== ''))
        expect(names, `round ${round} of ${kill}`).toContain(`killed-${kill}-${round}-right`)
    }
    await survivor
    const names = await namesIn(file)
    for (const name of names)
      expect(names).toContain(String(name).replace(/(?:left|right)$/, (half) => (half === 'left' ? 'right' : 'left')))
    expect([...names].filter((name) => String(name).startsWith('survivor'))).toHaveLength(120)
  })
})
