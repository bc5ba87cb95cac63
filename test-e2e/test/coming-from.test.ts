import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repositoryRoot } from '../src/crossdock.ts'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

const COMMAND = /^(crossdock [a-z-]+(?: [a-z]+)?)?(?:^| |$)(--[a-z-]+)?$/
/** What stands in the right-hand column and is no name. */
const WORDS = ['index', 'mediaType', 'await using', 'AsyncDisposable', 'DOCKER_HOST']

const page = readFileSync(join(repositoryRoot, 'docs/coming-from.md'), 'utf8')
const names = [...page.matchAll(/^\|[^|]+\|([^|]+)\|$/gm)]
  .flatMap(([, cell = '']) => cell.match(/`[^`]+`/g) ?? [])
  .map((code) => code.slice(1, -1))
const distinct = [...new Set(names)].filter((name) => !WORDS.includes(name))
const [commands, others] = [
  distinct.filter((name) => COMMAND.test(name)),
  distinct.filter((name) => !COMMAND.test(name)),
]

describe('what docs/coming-from.md names', () => {
  const stack = new AsyncDisposableStack()
  let run: RunCommand
  beforeAll(async () => {
    run = await createInProcess(stack.use(await temporaryFolder()).fresh('home'))
  })
  afterAll(() => stack.disposeAsync())

  it('is a lot', () => {
    expect(commands.length).toBeGreaterThan(15)
    expect(others.length).toBeGreaterThan(60)
  })

  it.each(commands)('the command has %s', async (name) => {
    const [, command = 'crossdock copy', flag = ''] = COMMAND.exec(name) ?? []
    const { stdout, exitCode } = await run([...command.split(' ').slice(1), '--help'])
    expect(exitCode).toBe(0)
    expect(stdout.toString()).toMatch(new RegExp(`^Usage: ${command}[ |]`))
    expect(stdout.toString()).toContain(flag)
  })

  it.each(others.filter((name) => name.endsWith(':')))('there is a transport %s', async (name) => {
    const { stdout } = await run(['--help'])
    expect(stdout.toString()).toMatch(new RegExp(`^ +${name}`, 'm'))
  })

  const exported = read('packages/*/src/index.ts')
  const sources = read('packages/*/src/**/*.ts')

  it.each(others.filter((name) => !name.endsWith(':')))('the library has %s', (name) => {
    const [thing = '', member = ''] = name.split('.')
    expect(exported).toMatch(new RegExp(`^export [^;]*\\b${thing}\\b[^;]*? from`, 'm'))
    const declared = sources
      .split(/^(?=export )/m)
      .filter((part) => new RegExp(`^export (async )?\\w+\\*? ${thing}\\b`).test(part))
    expect(declared.some((part) => new RegExp(`\\b${member}`).test(part))).toBe(true)
  })
})

function read(pattern: string): string {
  return globSync(pattern, { cwd: repositoryRoot })
    .map((path) => readFileSync(join(repositoryRoot, path), 'utf8'))
    .join('\n')
}
