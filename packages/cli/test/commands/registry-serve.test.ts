import { once } from 'node:events'
import { createServer } from 'node:net'
import { Writable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { main } from '../../src/main.ts'

test('an address that is taken is said so, with what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  const said: string[] = []
  const stream = new Writable({
    write: (chunk, _, done) => {
      said.push(String(chunk))
      done()
    },
  }) as NodeJS.WriteStream // the command only writes to it
  const exitCode = await main(['registry', 'serve', '--port', port], { stdout: stream, stderr: stream, env: {} })
  expect(said.join('')).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}\\. Choose another --port .*\\[CONFLICT\\]\n$`))
  expect(exitCode).toBe(1)
})
