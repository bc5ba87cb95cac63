import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Stage, stageOn } from '../src/stage.ts'
import { runTour } from '../src/tour.ts'

const crossdock = [process.execPath, join(import.meta.dirname, 'children/crossdock-from-source.ts')]

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'crossdock-tour-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

function plainStage(): Stage & { text(): string } {
  let text = ''
  const stage = stageOn((more) => (text += more), { terminal: false, paint: (_, plain) => plain })
  return { ...stage, text: () => text }
}

test('every claim of the tour holds with a smaller image', { timeout: 60_000 }, async () => {
  const [stage, folder] = [plainStage(), await temporaryFolder()]
  const rows = await runTour({
    stage,
    command: crossdock,
    folder,
    // Large enough for uploads in chunks.
    scale: 0.45,
    slowS: 1.5,
    signal: new AbortController().signal,
  })
  expect(stage.claims.filter(({ holds }) => !holds)).toEqual([])
  expect(stage.claims.length).toBe(17)
  expect(stage.text()).toContain('   $ crossdock copy --all oci:image:latest docker://127.0.0.1:')
  const moved = new Map(rows.map(({ step, bytes }) => [step, bytes]))
  const whole = moved.get('registry → folder') ?? 0
  expect(whole).toBeGreaterThan(10_000_000)
  expect(moved.get('another repository')).toBeLessThan(20_000)
  expect(moved.get('download, resumed')).toBeLessThan(0.7 * whole)
  expect(moved.get('upload, resumed')).toBeLessThan(0.9 * whole)
})

test('a command that does nothing lets claims fail', async () => {
  const [stage, folder] = [plainStage(), await temporaryFolder()]
  const tour = runTour({
    stage,
    command: [process.execPath, '-e', 'process.exit(1)', '--'],
    folder,
    scale: 0.001,
    signal: new AbortController().signal,
  })
  // Without a folder that was pulled there is nothing to hash.
  await expect(tour).rejects.toThrow('ENOENT')
  expect(stage.claims.map(({ holds }) => holds)).toEqual([true, false, false])
})

test('an interruption ends the tour with its reason', async () => {
  const [stage, folder] = [plainStage(), await temporaryFolder()]
  const controller = new AbortController()
  const reason = new Error('enough')
  const hang = [process.execPath, '-e', 'setInterval(() => {}, 1000)', '--']
  const tour = runTour({ stage, command: hang, folder, scale: 0.001, signal: controller.signal })
  const started = new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (!stage.text().includes('$ crossdock')) return
      clearInterval(timer)
      resolve()
    }, 5)
  })
  await started
  controller.abort(reason)
  await expect(tour).rejects.toBe(reason)
  expect(await readdir(folder)).toContain('image')
})
