import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createStage } from './stage.ts'
import { runTour } from './tour.ts'

const command = [process.execPath, resolve(import.meta.dirname, '../../../packages/cli/bin/crossdock.js')]
const controller = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort(name))

const stage = createStage(process.stdout)
const folder = await mkdtemp(join(await realpath(tmpdir()), 'crossdock-demo-'))
const started = performance.now()
try {
  await runTour({ stage, command, folder, signal: controller.signal })
  const failed = stage.claims.filter(({ holds }) => !holds)
  const seconds = Math.round((performance.now() - started) / 1000)
  stage.line('')
  stage.line(
    `${stage.claims.length - failed.length} of ${stage.claims.length} claims held, in ${seconds} s. Nothing is left running or lying about.`,
  )
  if (failed.length > 0) process.exitCode = 1
} catch (error) {
  if (controller.signal.aborted) process.exitCode = 130
  else {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}
