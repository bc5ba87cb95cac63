import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { callMain } from '../call-main.ts'

test('an address that is taken is said so, with what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  const { exitCode, stderr } = await callMain(['registry', 'serve', '--port', port])
  expect(stderr).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}\\. Choose another --port .*\\[CONFLICT\\]\n$`))
  expect(exitCode).toBe(1)
})
