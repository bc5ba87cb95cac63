import { expect, test } from 'vitest'
import { measure, readTimes } from '../src/measure.ts'

const node = process.execPath

/** Until it has had 100 ms of a processor, with 80 MB in memory. */
const BUSY = `
const block = Buffer.alloc(80e6, 1)
const used = () => { const { user, system } = process.cpuUsage(); return user + system }
const from = performance.now()
while (used() < 100_000 || performance.now() - from < 100);
`

test.skipIf(process.platform !== 'linux')(
  'sees the time, the processor and the memory that a command takes',
  async () => {
    const { exitCode, wallS, cpuS, peakBytes } = await measure([node, '-e', BUSY])
    expect(exitCode).toBe(0)
    expect(wallS).toBeGreaterThanOrEqual(0.1)
    expect(cpuS).toBeGreaterThanOrEqual(0.098) // Two figures that are cut to milliseconds.
    expect(peakBytes).toBeGreaterThan(80e6)
  },
)

test('tells the exit code and the end of what was said; stdout only if it is to be kept', async () => {
  const argv = [node, '-e', "console.log('out'); console.error('x y'); process.exit(7)"]
  expect(await measure(argv)).toMatchObject({ exitCode: 7, stderr: 'x y', stdout: '' })
  expect(await measure(argv, { stdout: 'kept' })).toMatchObject({ exitCode: 7, stderr: 'x y', stdout: 'out' })
})

test('the command has the environment that it is given, and no more', async () => {
  const argv = [node, '-p', 'Object.keys(process.env).filter((name) => !/^(PWD|SHLVL|_)$/.test(name)).join()']
  const { stdout } = await measure(argv, { env: { ONLY: 'this' }, stdout: 'kept' })
  expect(stdout).toBe('ONLY')
})

test.skipIf(process.platform === 'win32')('ends the command when it is told to', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const running = measure([node, '-e', 'setInterval(() => {}, 1000)'], { signal: controller.signal })
  setImmediate(() => controller.abort(reason))
  await expect(running).rejects.toBe(reason)
})

test.each([
  { of: 'a clock of microseconds', clock: ['1700000000.100000', '1700000001.350007'], wallS: 1.250007 },
  { of: 'a clock that writes a comma', clock: ['1700000000,900000', '1700000001,000000'], wallS: 0.1 },
  { of: 'no clock', clock: ['', ''], wallS: 1.25 },
])('wall time of $of', ({ clock, wallS }) => {
  const lines = new Map([
    ['time', ['1.250', '0.800', '0.125']],
    ['clock', clock],
  ])
  expect(readTimes(lines)).toEqual({ wallS, cpuS: 0.925 })
})
