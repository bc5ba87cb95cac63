import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { runProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { readTrace, tracing, undurable } from '../src/traced-calls.ts'
import { withPeers } from '../src/with-peers.ts'
import { writeLayout } from '../src/write-layout.ts'

describe('what a copy has written when it ends', () => {
  withPeers(['strace'], ({ strace }) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let crossdock: Crossdock
    beforeAll(async () => {
      ;({ fresh } = stack.use(await temporaryFolder()))
      crossdock = await createCrossdock(fresh('home'))
    })
    afterAll(() => stack.disposeAsync())

    it('outlives a power cut: files are flushed before they get their names, folders after', async () => {
      const { folder } = await writeLayout(fresh('image'), { layers: [30_000, 2_000_000], content: 'random' })
      const above = fresh('above')
      const layout = join(above, 'not', 'there', 'yet')
      const trace = fresh('trace')
      const argv = [
        strace,
        ...tracing(trace),
        ...crossdock.argv,
        'copy',
        '-q',
        `oci:${folder}:latest`,
        `oci:${layout}:x`,
      ]
      expect(await runProcess(argv, { env: crossdock.env })).toMatchObject({ exitCode: 0, stderr: '' })

      const calls = await readTrace(trace)
      const index = calls.find(({ kind, path }) => kind === 'name' && path === join(layout, 'index.json'))
      const blobs = calls.filter(({ kind, path }) => kind === 'name' && path.startsWith(join(layout, 'blobs')))
      expect(blobs).toHaveLength(4)
      // Our own folder may be lost: it costs time and no content.
      const kept = calls.filter(({ kind, path }) => kind === 'flush' || !/\/\.crossdock\b/.test(path))
      expect(undurable(kept, above)).toStrictEqual([])
      const blobsFlushed = calls.filter(({ kind, path }) => kind === 'flush' && path === join(layout, 'blobs/sha256'))
      expect(blobsFlushed.some(({ at }) => at < (index?.at ?? 0))).toBe(true)
    })
  })
})
