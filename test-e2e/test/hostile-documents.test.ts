import { readFile, writeFile } from 'node:fs/promises'
import { startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { writeRawLayout } from '@crossdock/test-images'

/** Runs before the command, in its process: whoever changes what all objects have in common fails, and is found out. */
const FROZEN = `
const shared = [Object.prototype, Array.prototype, String.prototype, Function.prototype, Map.prototype, Promise.prototype]
const seen = () => JSON.stringify(shared.map((prototype) => Reflect.ownKeys(prototype).map(String)))
const before = seen()
Object.freeze(Object.prototype)
process.on('exit', () => { if (seen() !== before || ({}).polluted !== undefined) process.exitCode = 99 })
`

/** Members that are nothing but names to JSON, and more than that to JavaScript. */
const STRANGE = [
  '"__proto__":{"polluted":1}',
  '"constructor":{"prototype":{"polluted":1}}',
  '"prototype":{"polluted":1}',
  '"toString":"x"',
  '"hasOwnProperty":1',
  '"valueOf":null',
].join(',')
const STRANGE_TEXTS = '"__proto__":"polluted","constructor":"polluted","toString":"x","hasOwnProperty":"1"'

describe('documents made to do harm', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let frozen: string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    frozen = `${fresh('frozen')}.cjs`
    await writeFile(frozen, FROZEN)
  })
  afterAll(() => stack.disposeAsync())

  it('change nothing that all objects have in common, and travel on', async () => {
    const env = { NODE_OPTIONS: `--require=${frozen}` }
    const folder = fresh('layout')
    await writeRawLayout(folder, {
      manifest: `${STRANGE},"annotations":{${STRANGE_TEXTS}}`,
      layer: `${STRANGE},"annotations":{${STRANGE_TEXTS}}`,
      config: `${STRANGE},"config":{"Labels":{${STRANGE_TEXTS}},${STRANGE}}`,
      name: STRANGE_TEXTS,
    })
    const from = `oci:${folder}:x`
    await using server = await startRegistry()
    for (const args of [
      ['inspect', '--format', '{{.__proto__}}{{.Labels.constructor}}{{json .Annotations}}', from],
      ['inspect', '--format', 'table', from],
      ['copy', '--all', from, `docker://${server.host}/a:x`],
      ['copy', `docker://${server.host}/a:x`, `oci:${fresh('back')}:x`],
    ]) {
      const { exitCode, stderr } = await crossdock.run(args, { env })
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
    }
    const raw = await crossdock.done(['inspect', '--raw', `docker://${server.host}/a:x`])
    expect(raw.stdout).toEqual((await crossdock.done(['inspect', '--raw', from])).stdout)
  })

  it.each([
    [200, 0],
    [404, 2],
    [500, 6],
  ])('of a registry are read like any other, with status %d', async (status, exitCode) => {
    const env = { NODE_OPTIONS: `--require=${frozen}` }
    const body = `{"tags":["__proto__","constructor"],"errors":[{"code":"__proto__",${STRANGE}},{${STRANGE}}],${STRANGE}}`
    const action = { kind: 'respond', status, body } as const
    await using server = await startRegistry({ faults: [{ match: { route: 'tags' }, action }] })
    const ended = await crossdock.run(['list-tags', '--retry-times=0', `docker://${server.host}/a`], { env })
    expect(ended).toMatchObject({ exitCode })
  })

  it('a list of tags without end takes no memory without end', async () => {
    await using server = await startRegistry({
      faults: [{ match: { route: 'tags' }, action: { kind: 'endless', status: 200 } }],
    })
    const file = fresh('memory')
    const probe = `${fresh('probe')}.cjs`
    await writeFile(
      probe,
      `process.on('exit', () => require('node:fs').writeFileSync(process.env.MEMORY, String(process.resourceUsage().maxRSS)))`,
    )
    const env = { NODE_OPTIONS: `--require=${probe}`, MEMORY: file }
    const { exitCode, stderr } = await crossdock.run(['list-tags', `docker://${server.host}/a`], { env })
    expect(stderr).toContain('[LIMIT_EXCEEDED]')
    expect(exitCode).toBe(1)
    expect(Number(await readFile(file, 'utf8')) / 1024).toBeLessThan(300) // megabytes
  })
})
