import { mkdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { createLink } from '../src/links.ts'
import { runRounds, type Series, turns } from '../src/rounds.ts'
import type { Scenario } from '../src/scenarios.ts'
import type { Site } from '../src/site.ts'
import type { Tool } from '../src/tools.ts'
import { sharedImage } from './random-image.ts'

const image = sharedImage([1])

test('each round begins with another tool, and every other one goes backwards', () => {
  const orders = turns(['a', 'b', 'c'], 4).map((order) => order.map((turn) => `${turn.tool}${turn.round}`).join(' '))
  expect(orders).toEqual(['a0 b0 c0', 'a1 c1 b1', 'c2 a2 b2', 'c3 b3 a3'])
})

/** A tool that runs a script of Node.js. */
function tool(name: string, script: string | undefined): Tool {
  return { name, version: '1', command: () => (script === undefined ? undefined : [process.execPath, '-e', script]) }
}

/** A site where nothing is; a run at it counts as three requests. */
function site(name: string, log: string[]): Site {
  let requests = 0
  const host = { name: '127.0.0.1:1', address: { port: 1, tls: false }, [Symbol.asyncDispose]: async () => {} }
  return {
    link: createLink(),
    source: host,
    freshRegistry: async () => host,
    freshFolder: () => '/nowhere',
    prepared: (_, prepare) => prepare(),
    traffic: () => {
      log.push(name)
      requests += 3
      return { requests, sent: 0, received: 0, blobs: 0 }
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

interface Told {
  readonly series: readonly Series[]
  /** Tools in the order of their runs, and what was cleared up. */
  readonly log: readonly string[]
}

async function run(tools: readonly Tool[], runs: number): Promise<Told> {
  const log: string[] = []
  const scenario: Scenario = {
    title: 'say hello',
    images: 'all',
    remote: false,
    attempt: async (context) => {
      log.push(context.tool)
      return {
        operation: { kind: 'version' },
        outcome: { kind: 'output', words: ['hello'] },
        [Symbol.asyncDispose]: async () => void log.push(`${context.tool} cleared`),
      }
    },
  }
  const sites = { timed: site('timed', []), counted: site('counted', []) }
  const signal = new AbortController().signal
  const series = await runRounds({ scenario, image: image(), tools, runs, ...sites, env: process.env, signal })
  return { series, log }
}

test('every tool runs once in each round, once before them and once to be counted; each is cleared up after', async () => {
  const { series, log } = await run([tool('a', 'console.log("hello")'), tool('b', 'console.log("hello")')], 2)
  expect(log.filter((line) => !line.includes('cleared'))).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'])
  expect(log.filter((line) => line.includes('cleared'))).toHaveLength(8)
  expect(series.map(({ measurements }) => measurements.length)).toEqual([2, 2])
  expect(series.map(({ traffic }) => traffic?.requests)).toEqual([3, 3])
  expect(series.map(({ problem }) => problem)).toEqual([undefined, undefined])
})

test('who does nothing, cannot or fails has a reason instead of figures, and does not stop the others', async () => {
  const { series, log } = await run(
    [
      tool('idle', '0'),
      tool('none', undefined),
      tool('broken', 'console.error("first\\nlast line"); process.exit(3)'),
      tool('fine', 'console.log("hello")'),
    ],
    1,
  )
  expect(series.map(({ tool: name, problem }) => `${name}: ${problem}`)).toEqual([
    'idle: it ended well, but it does not print hello',
    'none: has no such operation',
    'broken: failed with exit code 3: last line',
    'fine: undefined',
  ])
  expect(series.map(({ measurements }) => measurements.length)).toEqual([0, 0, 0, 1])
  expect(log.filter((line) => line === 'broken')).toHaveLength(1)
})

test('a failure in a later round takes the figures of the earlier ones with it', async () => {
  const folder = `${image().folder}/marks`
  await mkdir(folder)
  const script = `const fs = require('node:fs'); console.log('hello')
    const runs = fs.readdirSync('${folder}').length; fs.writeFileSync('${folder}/' + runs, ''); process.exitCode = runs === 2 ? 1 : 0`
  const { series } = await run([tool('moody', script)], 3)
  expect(series[0]).toMatchObject({ measurements: [], problem: 'failed with exit code 1: ' })
})
