import { expect, test } from 'vitest'
import { measure } from '../src/measure.ts'

const node = process.execPath

test.skipIf(process.platform !== 'linux')(
  'sees the time, the processor and the memory that a command takes',
  async () => {
    const busy =
      'const end = performance.now() + 150; const b = Buffer.alloc(80e6, 1); while (performance.now() < end);'
    const { exitCode, wallS, cpuS, peakBytes } = await measure([node, '-e', busy])
    expect(exitCode).toBe(0)
    expect(wallS).toBeGreaterThanOrEqual(0.15)
    expect(cpuS).toBeGreaterThanOrEqual(0.1)
    expect(peakBytes).toBeGreaterThan(80e6)
  },
)

test('tells the exit code and the end of what was said', async () => {
  const { exitCode, stderr } = await measure([node, '-e', "console.log('out'); console.error('x y'); process.exit(7)"])
  expect(exitCode).toBe(7)
  expect(stderr).toBe('x y')
})

test.skipIf(process.platform === 'win32')('ends the command when it is told to', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const running = measure([node, '-e', 'setInterval(() => {}, 1000)'], { signal: controller.signal })
  setImmediate(() => controller.abort(reason))
  await expect(running).rejects.toBe(reason)
})
